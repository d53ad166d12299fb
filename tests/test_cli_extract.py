"""`leorn extract` as a person runs it: stores, broken files, a killed process, and mistakes on the command line."""

import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.cli import main
from leorn.data.dataset import Collate
from leorn.data.word_files import load_word_vectors, save_word_vectors
from leorn.features.sources import open_frames, open_objects
from leorn.features.store import FeatureStore
from leorn.features.store_writer import GrowingStore
from leorn.records import Query
from tests.commands import LEORN, Refused, files
from tests.darknets import LABELS, write_darknet
from tests.detecting import FRAME_SIZE, description_of, detect_numbers
from tests.objects import assert_same, files_of
from tests.videos import write_video

pytest.importorskip("av")
pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def yolo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A small detector."""
    return f"opencv-yolo:{write_darknet(tmp_path_factory.mktemp('yolo'))}"


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Word vectors of the detector's labels."""
    vectors = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    save_word_vectors(tmp_path / "words.npz", ("cup", "knife", "frying", "pan", "a"), vectors)
    return tmp_path / "words.npz"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Videos in a folder and one below it."""
    (tmp_path / "videos" / "day one").mkdir(parents=True)
    write_video(tmp_path / "videos" / "kitchen.mp4", 12)
    write_video(tmp_path / "videos" / "day one" / "hall.mkv", 9)
    return tmp_path / "videos"


def run(*arguments: object) -> None:
    main(["extract", *map(str, arguments)])


def test_a_folder_becomes_a_store_of_label_features(
    folder: Path, words: Path, yolo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "store"
    run(folder, "--out", out, "--words", words, "--detector", yolo, "--frames", 6, "--slots", 4)
    captured = capsys.readouterr()
    assert captured.out == f"{out}: the objects of 2 of 2 videos\n"
    assert captured.err == ""
    store = FeatureStore(out)
    assert store.videos == ("day one/hall", "kitchen")
    assert store.label_names == LABELS
    assert store.shape("kitchen") == (6, 4, 6)
    assert store.duration_seconds("day one/hall") == pytest.approx(0.9)
    assert store.fingerprint["word_vectors"] == load_word_vectors(words).source
    objects = store.read("kitchen")
    assert (objects.scores > 0).any()
    vectors = load_word_vectors(words)
    for label, feature in zip(objects.labels.ravel(), objects.features.reshape(-1, 6), strict=True):
        expected = vectors.phrase(LABELS[label]) if label >= 0 else np.zeros(6)
        np.testing.assert_array_equal(feature, expected.astype(np.float16))


def test_features_with_a_backbone_make_the_batches_of_the_fusion_variant(
    folder: Path, words: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    detect_numbers(monkeypatch)
    out = tmp_path / "store"
    options = ["--detector", "numbers", "--words", words, "--frames", 12, "--backbone", "hf:numbers"]
    run(folder / "kitchen.mp4", "--out", out, *options)
    collate = Collate(
        open_objects(out),
        load_word_vectors(words),
        tokenizer="words",
        frames=4,
        slots=2,
        min_score=0.25,
        frame_features=open_frames(out),
    )
    batch = collate([Query("q", "kitchen", "a cup", 1.2)])
    assert batch.frames is not None
    # of 12 frames, every one sampled, three make a part
    units = [description_of(number) / np.linalg.norm(description_of(number)) for number in range(12)]
    expected = np.stack(units).reshape(4, 3, FRAME_SIZE).mean(axis=1)
    np.testing.assert_allclose(batch.frames[0].numpy(), expected, atol=2e-3)
    assert batch.objects.shape == (1, 4, 2, 6)


def break_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_sound(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))


def test_broken_files_are_told_at_the_end_and_do_not_stop_the_rest(
    folder: Path, yolo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "empty.mp4").touch()
    (folder / "text.avi").write_text("not a video")
    write_sound(folder / "sound.mov")
    break_off(write_video(folder / "broken off.mp4", 20))
    write_video(folder / "locked.mp4", 3)

    really_open = Path.open

    def open_if_allowed(path: Path, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - what Path.open takes
        if path.name == "locked.mp4":
            raise PermissionError(13, "Permission denied")
        return really_open(path, *arguments, **options)

    # root may read everything
    monkeypatch.setattr(Path, "open", open_if_allowed)
    out = tmp_path / "store"
    options = [folder, "--out", out, "--detector", yolo, "--features", "appearance", "--frames", 4]
    with pytest.raises(SystemExit) as caught:
        run(*options)
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == f"{out}: the objects of 2 of 7 videos\n"
    expected = [
        ("broken off", f"{folder / 'broken off.mp4'}: cannot be read as a video ("),
        ("empty", f"{folder / 'empty.mp4'}: the file is empty; expected a video"),
        ("locked", f"cannot read {folder / 'locked.mp4'}: Permission denied"),
        ("sound", f"{folder / 'sound.mov'}: holds no video stream; expected a video"),
        ("text", f"{folder / 'text.avi'}: cannot be read as a video ("),
    ]
    lines = captured.err.splitlines()
    assert len(lines) == len(expected)
    for line, (video, reason) in zip(lines, expected, strict=True):
        assert line.startswith(f"leorn: failed: {video}: {reason}")
    assert FeatureStore(out).videos == ("day one/hall", "kitchen")

    # what is broken is tried again, what is there is not
    monkeypatch.undo()
    with pytest.raises(SystemExit) as caught:
        run(*options)
    assert caught.value.code == 1
    captured = capsys.readouterr()
    assert captured.out == f"{out}: the objects of 3 of 7 videos\n"
    assert captured.err.count("\n") == 4
    assert FeatureStore(out).videos == ("day one/hall", "kitchen", "locked")


def test_a_file_whose_name_is_no_utf_8_is_a_video_like_others(
    folder: Path, yolo: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "kitchen.mp4").rename(folder / os.fsdecode(b"caf\xe9.mp4"))
    out = tmp_path / "store"
    run(folder, "--out", out, "--detector", yolo, "--features", "appearance", "--frames", 4, "--jobs", 2)
    assert capsys.readouterr().out == f"{out}: the objects of 2 of 2 videos\n"
    assert set(FeatureStore(out).videos) == {"caf\\xe9", "day one/hall"}


def kill_at(video: Path, there: Sequence[str], command: list[str], store: Path) -> None:
    """Kill a command that waits for a video which does not come, once those before it are in the store."""
    kept = video.rename(video.with_suffix(".kept"))
    os.mkfifo(video)
    child = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    while not ((store / "index.json").exists() and FeatureStore(store).videos == tuple(there)):
        assert child.poll() is None, child.communicate()[1]
        time.sleep(0.005)
    child.kill()
    child.communicate(timeout=30)
    assert child.returncode == -signal.SIGKILL
    video.unlink()
    kept.rename(video)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_extraction_leaves_whole_videos_and_goes_on_to_the_same_store(
    yolo: str, tmp_path: Path, jobs: int
) -> None:
    names = [f"video {number}" for number in range(5)]
    videos = [write_video(tmp_path / f"{name}.mp4", 10 + number) for number, name in enumerate(names)]
    options = [*map(str, videos), "--detector", yolo, "--features", "appearance", "--frames", "12"]
    run(*options, "--out", tmp_path / "whole")
    whole = FeatureStore(tmp_path / "whole")
    assert whole.videos == tuple(names)

    killed = tmp_path / "killed"
    command = [*LEORN, "extract", *options, "--out", str(killed), "--jobs", str(jobs)]
    # twice: the second run goes on with what the first one has left
    for number in (1, 3):
        kill_at(videos[number], names[:number], command, killed)
        store = FeatureStore(killed)
        assert store.videos == tuple(names[:number])
        for video in store.videos:
            assert_same(store.read(video), whole.read(video))
    run(*options, "--out", killed)
    assert files_of(killed) == files_of(tmp_path / "whole")


def test_a_second_process_at_one_store_is_refused(folder: Path, yolo: str, tmp_path: Path, refused: Refused) -> None:
    out = tmp_path / "store"
    with GrowingStore(out, {"extractor": "another process"}):
        line = refused("extract", folder, "--out", out, "--detector", yolo, "--features", "appearance")
    assert line == f"{out}: another process is writing to this store; expected to be the only one"


def test_a_store_that_was_made_otherwise_is_refused(folder: Path, yolo: str, tmp_path: Path, refused: Refused) -> None:
    out = tmp_path / "store"
    options = [folder, "--out", out, "--detector", yolo, "--features", "appearance"]
    run(*options, "--frames", 4)
    assert refused("extract", *options, "--frames", 5, "--min_score", 0.5) == (
        f"{out}: holds features that were made otherwise: detector.min_score 0.5 instead of 0.25, "
        "frames 5 instead of 4; expected another folder"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nowhere.mp4"], "nowhere.mp4: No such file or directory; expected a video or a folder of videos"),
        (["none"], "none: holds no video; expected files ending in ."),
        (["videos", "other/kitchen.mp4"], "videos/kitchen.mp4 and other/kitchen.mp4 would both be video kitchen"),
        (["videos"], "features 'label' need word vectors for the labels; give them with --words"),
        (["videos", "--words", "nowhere.npz"], "cannot read word vectors nowhere.npz: No such file or directory"),
        (["videos", "--detector", "yolo"], "unknown detector yolo; expected opencv-yolo"),
        (["videos", "--detector", "opencv-yolo:nowhere"], "nowhere: No such file or directory; expected a folder"),
        (["videos", "--frames", "0"], "frames is 0; expected 1 to 100000"),
        (["videos", "--frames", "few"], "--frames: expected a whole number, got few"),
        (["videos", "--jobs", "0"], "--jobs: expected a whole number above 0, got 0"),
        (["videos", "--min_score", "2"], "min_score is 2.0; expected 0 or more, and less than 1"),
        (["videos", "--features", "colour"], "--features: expected label or appearance or both, got colour"),
        (["videos", "--words", "words.npz", "--out", "words.npz"], "cannot write to words.npz: File exists"),
        ([], "the following arguments are required: VIDEO"),
    ],
)
def test_a_mistake_is_one_line_before_any_work(
    folder: Path,
    words: Path,
    yolo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
    options: list[str],
    message: str,
) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "other").mkdir()
    write_video(tmp_path / "other" / "kitchen.mp4", 3)
    monkeypatch.chdir(tmp_path)
    before = files(tmp_path)
    defaults = [] if "--detector" in options else ["--detector", yolo]
    assert refused("extract", "--out", "store", *defaults, *options).startswith(message)
    assert files(tmp_path) == before


@pytest.mark.parametrize(("module", "needed"), [("av", "PyAV"), ("cv2", "OpenCV")])
def test_a_missing_extra_is_one_line(
    folder: Path,
    yolo: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
    module: str,
    needed: str,
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    line = refused("extract", folder, "--out", tmp_path / "store", "--detector", yolo, "--features", "appearance")
    assert line.endswith(f"needs {needed}: pip install leorn[video]")
    assert not (tmp_path / "store").exists()
