"""Work on a real Ray of this machine: the same answers as without it, whoever dies."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from leorn.config import ExtractionConfig
from leorn.errors import InputError
from leorn.features import extract_videos as extract_videos_module
from leorn.features.cluster import on_ray
from leorn.features.cluster_worker import ATTEMPTS
from leorn.features.extract import LabelVectors
from leorn.features.extract_videos import Failure, extract_videos, name_videos
from leorn.features.store import FeatureStore
from tests.commands import LEORN, heed_interrupts
from tests.darknets import write_darknet
from tests.detecting import Told
from tests.objects import files_of
from tests.ray_workers import give_lost, make_dead, make_dying, make_interrupted_attempt, make_recorder
from tests.videos import write_video
from tests.workers import make_counter, make_nothing

pytest.importorskip("ray.data")
pytest.importorskip("av")
pytest.importorskip("cv2")

ROOT = Path(__file__).parents[2]
STORE_BYTES = 80_000_000
"""What Ray has for results that wait: the least that it takes is a little less."""


@pytest.fixture(scope="module")
def ray() -> Iterator[None]:
    """Start a Ray of two processes, which all tests share."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray

    environment = {"env_vars": {"PYTHONPATH": str(ROOT)}}
    ray.init(
        "local",
        num_cpus=2,
        object_store_memory=STORE_BYTES,
        include_dashboard=False,
        log_to_driver=False,
        runtime_env=environment,
    )
    yield
    ray.shutdown()


@pytest.fixture
def videos(tmp_path: Path) -> dict[str, Path]:
    """Five files, one of which is no video."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for number, name in enumerate(("first", "poison", "third", "unlucky")):
        write_video(folder / f"{name}.mp4", 20 - 4 * number)
    (folder / "text.mp4").write_text("not a video")
    return name_videos([folder])


@pytest.fixture
def config(tmp_path: Path) -> ExtractionConfig:
    """A small detector that every process can open."""
    yolo = write_darknet(tmp_path / "yolo")
    return ExtractionConfig(f"opencv-yolo:{yolo}", frames=6, slots=3, features="both")


def labels(names: Sequence[str]) -> LabelVectors:
    return LabelVectors(np.eye(len(names), dtype=np.float32), "made up")


def test_results_come_in_the_order_of_the_items_from_workers_that_are_made_once(ray: None) -> None:
    items = [5, 3, 8, 1, 7, 2]
    with on_ray(partial(make_counter, 100), items, give_lost, 2, None) as results:
        found = list(results)
    assert [value for *_, value in found] == [100 + item for item in items]
    workers = {process for process, *_ in found}
    assert 1 <= len(workers) <= 2
    assert os.getpid() not in workers
    for worker in workers:
        asked = [count for process, count, _ in found if process == worker]
        assert asked == list(range(1, len(asked) + 1))


def test_a_killed_worker_s_item_is_worked_on_again_and_given_up_where_it_always_kills(
    ray: None, tmp_path: Path
) -> None:
    with on_ray(partial(make_dying, tmp_path), range(7), give_lost, 2, None) as results:
        assert list(results) == [0, 10, -2, 30, 40, 50, 60]
    begun = {item: (tmp_path / str(item)).read_text().count("begun") for item in range(7)}
    assert begun == {0: 1, 1: 1, 2: ATTEMPTS, 3: 1, 4: 2, 5: 1, 6: 1}


def test_a_worker_that_cannot_be_made_says_why(ray: None) -> None:
    with pytest.raises(InputError) as caught, on_ray(make_nothing, range(4), give_lost, 2, None) as results:
        list(results)
    assert str(caught.value) == "a worker of Ray could not do its work (MemoryError: no room for a detector)"


def test_a_process_that_dies_while_it_makes_a_worker_is_not_started_for_ever(ray: None) -> None:
    with on_ray(make_dead, [3], give_lost, 1, None) as results:
        assert list(results) == [-3]


def test_items_are_not_begun_where_results_wait_to_be_taken(ray: None, tmp_path: Path) -> None:
    count = 30
    with on_ray(partial(make_recorder, tmp_path, STORE_BYTES // 10), range(count), give_lost, 2, None) as results:
        item, content = next(results)
        assert (item, len(content)) == (0, STORE_BYTES // 10)
        begun = settled(tmp_path)
        # what waits fits the memory that Ray has
        assert begun <= 11
        assert [item for item, _ in results] == list(range(1, count))


def settled(folder: Path) -> int:
    """Count the files of a folder, when a while has brought no more of them."""
    before = -1
    while before != (now := len(list(folder.iterdir()))):
        before = now
        time.sleep(1.5)
    return now


def test_ray_makes_the_same_store(ray: None, videos: dict[str, Path], config: ExtractionConfig, tmp_path: Path) -> None:
    told = Told()
    one = extract_videos(videos, tmp_path / "one", config, labels)
    two = extract_videos(videos, tmp_path / "two", config, labels, jobs=2, engine="ray", progress=told)
    assert one == two
    assert [failure.video for failure in two] == ["text"]
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert (FeatureStore(tmp_path / "two").read("first").scores > 0).any()
    assert told.counts == [(6 * number, 30) for number in range(1, 6)]
    # nothing is left to do
    assert extract_videos({"first": videos["first"]}, tmp_path / "two", config, labels, engine="ray") == []


def test_a_video_that_kills_is_a_failure_and_loses_nobody_else_s_results(
    ray: None, videos: dict[str, Path], config: ExtractionConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {video: path for video, path in videos.items() if video != "poison"}
    others = extract_videos(kept, tmp_path / "one", config, labels)
    begun = tmp_path / "begun"
    begun.mkdir()
    monkeypatch.setattr(extract_videos_module, "_make_attempt", partial(make_interrupted_attempt, begun))
    failures = extract_videos(videos, tmp_path / "two", config, labels, jobs=2, engine="ray")
    reason = f"{videos['poison']}: cannot be extracted (its process died 3 times, perhaps of lack of memory)"
    assert failures == [Failure("poison", reason), *others]
    assert [failure.video for failure in others] == ["text"]
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    processes = {path.name: path.read_text().split() for path in begun.iterdir()}
    assert {name: len(of) for name, of in processes.items()} == {
        "first": 1, "poison": 3, "text": 1, "third": 1, "unlucky": 2,
    }  # fmt: skip
    assert len(set(processes["poison"])) == 3


def test_without_ray_a_line_says_what_to_install(
    videos: dict[str, Path], config: ExtractionConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray.data", None)
    with pytest.raises(InputError, match=r"^work on Ray needs Ray: pip install leorn\[cluster\]$"):
        extract_videos(videos, tmp_path / "store", config, labels, engine="ray")


def test_a_cluster_that_does_not_answer_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with (
            pytest.raises(InputError, match=rf"^{address}: no Ray answers there \(.*expected host:port of its head$"),
            on_ray(make_dead, [1], give_lost, 1, address),
        ):
            pytest.fail("there is no cluster")


@pytest.mark.parametrize("address", ["127.0.0.1:99999", "127.0.0.1:²", "head", f"{'a' * 70}:1"])
def test_an_address_that_cannot_be_is_a_line(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    import ray

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(InputError, match=address), on_ray(make_dead, [1], give_lost, 1, address):
        pytest.fail("there is no cluster")


def test_an_address_is_for_ray(videos: dict[str, Path], config: ExtractionConfig, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="address a:1 of a Ray cluster, and engine local; expected engine ray"):
        extract_videos(videos, tmp_path / "store", config, labels, ray_address="a:1")


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_what_a_command_started_of_ray_ends_with_it(
    videos: dict[str, Path], config: ExtractionConfig, tmp_path: Path, end: signal.Signals
) -> None:
    # nobody writes into it: whoever reads it waits
    os.mkfifo(tmp_path / "videos" / "waits.mp4")
    command = [*LEORN, "extract", str(tmp_path / "videos"), "--out", str(tmp_path / "store"), "--engine", "ray"]
    command += ["--detector", config.detector, "--features", "appearance", "--frames", "6"]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=heed_interrupts
    )
    while not (tmp_path / "store" / "index.json").exists() or len(FeatureStore(tmp_path / "store").videos) < 4:
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.05)
    started = descendants(child.pid)
    # Ray's own two, and a worker
    assert len(started) >= 3
    if end == signal.SIGINT:
        os.killpg(child.pid, end)
    else:
        child.kill()
    _, said = child.communicate(timeout=60)
    deadline = time.monotonic() + 60
    if end == signal.SIGINT:
        assert child.returncode == 130
        assert said.decode().endswith("leorn: stopped\n")
    # of a Ray that was killed, two that only watch and tell look once a minute whether it is still there
    watching = set() if end == signal.SIGINT else {process for process in started if "Agent" in name_of(process)}
    while running := (started - watching) & {process for process, (_, state) in processes().items() if state != "Z"}:
        assert time.monotonic() < deadline, running
        time.sleep(0.05)
    assert FeatureStore(tmp_path / "store").videos == ("first", "poison", "third", "unlucky")


def processes() -> dict[int, tuple[int, str]]:
    """Return each process's parent and state."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = path.read_text().rpartition(")")[2].split()[:2]
            found[int(path.parent.name)] = int(parent), state
    return found


def name_of(process: int) -> str:
    """Return what a process is called, nothing where it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def descendants(process: int) -> set[int]:
    """Return the processes that a process has started, and those that these have."""
    there, found = processes(), {process}
    while more := {child for child, (parent, _) in there.items() if parent in found} - found:
        found |= more
    return found - {process}
