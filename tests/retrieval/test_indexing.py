"""A library follows its folder, takes uploads, and survives what kills its writer."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.features.extract import Extractor
from leorn.features.extract_videos import name_videos
from leorn.features.store import FeatureStore
from leorn.features.store_lock import only_writer
from leorn.files import sha256
from leorn.records import VideoObjects
from leorn.retrieval import holding, indexing
from leorn.retrieval.estimate import Estimate
from leorn.retrieval.indexing import Indexed, add_video, create_library, index_objects, index_videos, remove_video
from leorn.retrieval.library import Library
from leorn.retrieval.manifest import read_manifest
from leorn.retrieval.step_table import StepTable
from leorn.retrieval.window_table import WindowTable
from leorn.retrieval.windows import cut_windows
from tests.detecting import NumberDetector, Told
from tests.libraries import FRAMES, index
from tests.videos import RATE, write_video

pytest.importorskip("av")
pytest.importorskip("lancedb")


def assert_whole(library: Path, videos: Path) -> None:
    """The manifest, the store, the table and the files tell the same."""
    manifest, store, table = read_manifest(library), FeatureStore(library / "objects"), WindowTable(library / "windows")
    there = {video: path for video, path in name_videos([videos]).items()}
    assert set(manifest.videos) == set(there) == set(store.videos)
    rows = 0
    for video, entry in manifest.videos.items():
        assert Path(entry.path) == there[video].absolute()
        assert entry.sha256 == sha256(there[video]) == store.source_sha256(video)
        assert entry.windows == len(cut_windows(entry.duration_seconds))
        rows += entry.windows
    assert len(table) == rows
    found = table.recall(np.ones(16), 10 * rows)
    assert {one.video for one in found} == set(there)


def test_a_library_follows_its_folder(folder: Path, tmp_path: Path, detectors: list[NumberDetector]) -> None:
    library = tmp_path / "library"
    assert index(folder, library) == Indexed(("a", "b", "kitchen/c"), (), (), ())
    assert_whole(library, folder)
    detectors.clear()
    assert index(folder, library) == Indexed((), (), ("a", "b", "kitchen/c"), ())
    assert not any(detector.seen for detector in detectors)

    (folder / "a.mp4").unlink()
    write_video(folder / "b.mp4", 30, first=100)
    write_video(folder / "d.mp4", 20)
    shutil.move(folder / "kitchen", folder / "room")
    done = index(folder, library)
    assert done == Indexed(("b", "d", "room/c"), ("a", "kitchen/c"), (), ())
    assert_whole(library, folder)


def test_a_video_that_fails_leaves_and_comes_back(folder: Path, tmp_path: Path) -> None:
    library, kept = tmp_path / "library", (folder / "b.mp4").read_bytes()
    index(folder, library)
    (folder / "b.mp4").write_bytes(b"no video")
    done = index(folder, library)
    assert (done.removed, [failure.video for failure in done.failures]) == (("b",), ["b"])
    assert set(read_manifest(library).videos) == {"a", "kitchen/c"}
    (folder / "b.mp4").write_bytes(kept)
    assert index(folder, library).added == ("b",)
    assert_whole(library, folder)


def test_a_library_of_another_kind_is_not_added_to(folder: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    index(folder, library)
    manifest = json.loads((library / "library.json").read_text())
    manifest["lengths_seconds"], manifest["vectors"] = [5.0], {}
    (library / "library.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"a library of another vectors and lengths_seconds; expected the same, or"):
        index(folder, library)


def test_a_second_writer_is_refused(folder: Path, tmp_path: Path) -> None:
    with only_writer(tmp_path / "library"), pytest.raises(InputError, match="another process is writing"):
        index(folder, tmp_path / "library")


KILLED = """
import os, signal, sys
from pathlib import Path
import pytest
from leorn.features.extract_videos import name_videos
from leorn.retrieval import encoders, holding, indexing, window_table
from leorn.retrieval.sentences import SentenceEncoder
from tests.detecting import detect_numbers
detect_numbers(pytest.MonkeyPatch())
encoder = SentenceEncoder(Path(sys.argv[3]))
encoders.SentenceEncoder.of_assets = lambda: encoder
place, number = sys.argv[4].rsplit(".", 1)
holding.AT_ONCE = 1
owner = {"table": window_table.WindowTable, "library": holding}[place]
name = {"table": "replace", "library": "write_manifest"}[place]
before, calls = getattr(owner, name), []
def killing(*arguments):
    calls.append(1)
    if len(calls) == int(number):
        if place == "table":
            before(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)
    return before(*arguments)
setattr(owner, name, killing)
indexing.index_videos(name_videos([sys.argv[1]]), sys.argv[2])
"""


@pytest.mark.parametrize("place", ["library.1", "table.1", "table.2", "library.3"])
def test_what_is_killed_goes_on_where_it_was(folder: Path, tmp_path: Path, sentences: Path, place: str) -> None:
    library = tmp_path / "library"
    command = [sys.executable, "-c", KILLED, str(folder), str(library), str(sentences), place]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    there = read_manifest(library).videos if (library / "library.json").exists() else {}
    table = WindowTable(library / "windows")
    for video, entry in there.items():
        assert len(table.recall(np.ones(16), 100, [video])) == entry.windows
    done = index(folder, library)
    assert done.kept == tuple(there)
    assert set(done.added) == set(FRAMES) - set(there)
    assert_whole(library, folder)


@pytest.mark.parametrize("end", ["manifest", "objects", "windows", "steps"])
def test_a_writer_that_is_stopped_while_it_drops_leaves_what_can_be_searched(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    library = tmp_path / "library"
    index(folder, library)
    reader = Library(library)
    (folder / "a.mp4").unlink()
    write_video(folder / "b.mp4", 30, first=100)

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    owner, name = {
        "manifest": (holding, "write_manifest"),
        "objects": (holding, "keep_videos"),
        "windows": (WindowTable, "keep_only"),
        "steps": (StepTable, "keep_only"),
    }[end]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, stop)
        with pytest.raises(KeyboardInterrupt):
            index(folder, library)
    for searched in (Library(library), reader):
        found = {one.video for one in searched.search("cup", top_k=100).moments}
        assert found == set(read_manifest(library).videos)
        assert {searched.explain("cup", video).query.video for video in found} == found
    assert index(folder, library).added == ("b",)
    assert_whole(library, folder)


def test_who_has_a_library_open_finds_moments_while_a_changed_video_is_put_in(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    index(folder, library)
    readers = Library(library), Library(library)
    write_video(folder / "b.mp4", 30, first=100)
    with monkeypatch.context() as patch:
        # its objects are there, its windows not yet
        patch.setattr(indexing, "hold", lambda *arguments: holding.Held((), (), (), []))
        index(folder, library)
    assert {one.video for one in readers[0].search("cup", top_k=100).moments} == set(FRAMES)
    assert readers[1].explain("cup", "b").moments


@pytest.mark.parametrize("lost", ["windows", "windows/windows.lance/_versions"])
def test_a_library_that_has_lost_its_windows_says_so_and_gets_them_again(
    folder: Path, tmp_path: Path, lost: str
) -> None:
    library = tmp_path / "library"
    index(folder, library)
    shutil.rmtree(library / lost)
    with pytest.raises(InputError, match="holds no windows of the library's 3 videos; expected those that leorn index"):
        Library(library)
    assert index(folder, library).added == tuple(FRAMES)
    assert_whole(library, folder)
    WindowTable(library / "windows").remove(["b"])
    assert index(folder, library).added == ("b",)
    assert_whole(library, folder)


def test_windows_that_are_damaged_are_a_line(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    for path in (tmp_path / "library/windows/windows.lance/data").iterdir():
        path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(InputError, match=r"library/windows: its table of windows cannot be used \([^\n]*\); expected"):
        Library(tmp_path / "library").search("cup")


def test_a_table_that_was_never_finished_is_made_anew_and_parts_of_files_go(folder: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    leftovers = library / ".library.json.x.part", library / "windows/.index.json.x.part"
    part = library / "windows/windows.lance/data/x.lance"
    part.parent.mkdir(parents=True)
    for path in (*leftovers, part):
        path.write_bytes(b"part")
    index(folder, library)
    assert_whole(library, folder)
    assert not any(path.exists() for path in leftovers)


def test_a_file_that_no_manifest_can_name_and_one_with_an_upload_s_id_stop_no_other(
    folder: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    index(folder, library)
    video = upload(library)
    before = read_manifest(library).videos[video]
    odd, same = folder / os.fsdecode(b"caf\xe9.mp4"), folder / f"{video}.mp4"
    shutil.copy(folder / "a.mp4", odd)
    shutil.copy(folder / "b.mp4", same)
    done = index(folder, library)
    assert [failure.video for failure in done.failures] == ["caf\\xe9", video]
    assert "holds bytes that are no UTF-8, which no library can name; expected another" in done.failures[0].reason
    assert done.failures[0].reason.isascii()
    assert done.failures[1].reason == f"{same}: an upload has that id; expected a file of another name"
    assert done.kept == ("a", "b", "kitchen/c", video)
    assert read_manifest(library).videos[video] == before
    assert FeatureStore(library / "objects").source_sha256(video) == before.sha256


def upload(library: Path, frames: int = 40, name: str = "my cat.mov") -> str:
    """Put a video into a library's own folder and add it; return its id."""
    (library / "uploads").mkdir(exist_ok=True)
    write_video(library / "uploads/0001.mp4", frames, first=50)
    add_video(library, "upload-0001", library / "uploads/0001.mp4", name)
    return "upload-0001"


def test_an_upload_stays_when_its_folder_is_indexed_again(
    folder: Path, tmp_path: Path, detectors: list[NumberDetector]
) -> None:
    library = tmp_path / "library"
    index(folder, library)
    video = upload(library)
    entry = read_manifest(library).videos[video]
    assert (entry.path, entry.name, entry.uploaded) == ("uploads/0001.mp4", "my cat.mov", True)
    assert entry.sha256 == sha256(library / "uploads/0001.mp4")
    assert entry.duration_seconds == pytest.approx(40 / RATE)
    detectors.clear()
    assert index(folder, library) == Indexed((), (), ("a", "b", "kitchen/c", video), ())
    assert not any(detector.seen for detector in detectors)
    # wherever the library is moved, its own files go with it
    library.rename(tmp_path / "moved")
    moved = Library(tmp_path / "moved")
    assert moved.file_of(video) == tmp_path / "moved/uploads/0001.mp4"
    for pattern in ("upload-*", "my *"):
        assert {one.name for one in moved.search("cup", videos=pattern).moments} == {"my cat.mov"}


def test_an_empty_library_takes_its_first_video(folder: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    assert create_library(library).videos == {}
    empty = Library(library)
    assert (empty.search("cup").found, empty.search("cup").moments, empty.refresh()) == (False, (), False)
    told = Told()
    added = add_video(library, "a", folder / "a.mp4", "a", told)
    assert told.counts[-1][0] == told.counts[-1][1]
    assert (added.path, added.name, added.uploaded) == (str((folder / "a.mp4").absolute()), "", False)
    assert empty.refresh()
    assert {one.video for one in empty.search("cup").moments} == {"a"}
    with pytest.raises(InputError, match="video a is there already; expected another id"):
        add_video(library, "a", folder / "b.mp4", "b")
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(InputError, match=r"text\.mp4: cannot be read as a video"):
        add_video(library, "text", tmp_path / "text.mp4", "text")
    assert set(create_library(library).videos) == {"a"} == set(FeatureStore(library / "objects").videos)


def test_a_video_that_is_removed_is_gone_everywhere_and_only_uploads_lose_their_file(
    folder: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    index(folder, library)
    video = upload(library)
    reader = Library(library)
    remove_video(library, video)
    remove_video(library, "b")
    assert not (library / "uploads/0001.mp4").exists()
    assert (folder / "b.mp4").exists()
    table, store = WindowTable(library / "windows"), FeatureStore(library / "objects")
    assert set(read_manifest(library).videos) == {"a", "kitchen/c"} == set(store.videos)
    assert {one.video for one in table.recall(np.ones(16), 100)} == {"a", "kitchen/c"}
    # who has it open takes that up by itself
    assert {one.video for one in reader.search("cup", top_k=100).moments} <= {"a", "kitchen/c"}
    assert reader.refresh() or set(reader.manifest.videos) == {"a", "kitchen/c"}
    assert {one.video for one in reader.search("cup", top_k=100).moments} == {"a", "kitchen/c"}
    with pytest.raises(InputError, match="video b is not in the library"):
        remove_video(library, "b")
    assert index(folder, library).added == ("b",)


def test_a_video_is_gone_though_its_file_cannot_be_removed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    index(folder, library)
    video = upload(library)
    before = Path.unlink

    def failing(self: Path, missing_ok: bool = False) -> None:
        if self.suffix == ".mp4":
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        before(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", failing)
    remove_video(library, video)
    assert set(read_manifest(library).videos) == set(FRAMES) == set(FeatureStore(library / "objects").videos)
    assert {one.video for one in WindowTable(library / "windows").recall(np.ones(16), 100)} == set(FRAMES)


def test_removing_loses_nothing_of_a_killed_writer(folder: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    index(folder, library)
    manifest = json.loads((library / "library.json").read_text())
    # as if killed before it was named
    del manifest["videos"]["a"]
    (library / "library.json").write_text(json.dumps(manifest))
    remove_video(library, "b")
    assert set(FeatureStore(library / "objects").videos) == {"a", "kitchen/c"}


def test_objects_that_are_there_make_a_library_without_files(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    store = FeatureStore(tmp_path / "library/objects")
    assert index_objects(store, tmp_path / "other") == Indexed(tuple(FRAMES), (), (), ())
    assert index_objects(store, tmp_path / "other") == Indexed((), (), tuple(FRAMES), ())
    one, other = Library(tmp_path / "library"), Library(tmp_path / "other")
    assert [(found.moment, found.confidence) for found in one.search("cup").moments] == [
        (found.moment, found.confidence) for found in other.search("cup").moments
    ]
    assert other.file_of("a") is None
    assert {found.path for found in other.search("cup").moments} == {""}


def test_objects_that_the_network_cannot_read_are_refused_at_once(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    store = FeatureStore(tmp_path / "library/objects")
    store.fingerprint = store.fingerprint | {"feature_size": 3}
    with pytest.raises(InputError, match="library/objects: not the features that the network was trained on: "):
        index_objects(store, tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_first_video_that_cannot_be_tried_stops_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Extractor._extract

    def failing(self: Extractor, path: Path, *arguments: Any) -> VideoObjects:  # noqa: ANN401
        if path.name == "a.mp4":
            raise RuntimeError("odd pixels")
        return before(self, path, *arguments)

    monkeypatch.setattr(Extractor, "_extract", failing)
    estimates = list[Estimate]()
    done = index_videos(name_videos([folder]), tmp_path / "library", told=estimates.append)
    assert [failure.video for failure in done.failures] == ["a"]
    assert done.added == ("b", "kitchen/c")
    assert estimates[0].seconds > 0


@pytest.mark.parametrize(("network", "step_bytes"), [("demo", 0), ("none", 2)])
def test_what_there_is_to_do_is_told_before_it_is_done(
    folder: Path, tmp_path: Path, network: str, step_bytes: int
) -> None:
    estimates: list[Estimate] = []

    def told(estimate: Estimate) -> None:
        assert not (tmp_path / "library/objects/index.json").exists()
        estimates.append(estimate)

    (folder / "text.mp4").write_text("no video")
    index_videos(name_videos([folder]), tmp_path / "library", network=network, told=told)
    assert estimates[0].videos == len(FRAMES)
    assert estimates[0].video_seconds == pytest.approx(sum(FRAMES.values()) / RATE)
    assert estimates[0].seconds > 0
    # arrays alone; what files of HDF5 say of themselves comes on top
    shapes = [FeatureStore(tmp_path / "library/objects").shape(video) for video in FRAMES]
    objects = sum(frames * (slots * (2 * width + 16 + 4 + 2) + 4) for frames, slots, width in shapes)
    windows = sum(len(cut_windows(frames / RATE)) for frames in FRAMES.values())
    # a second each, and the last may be shorter
    steps = sum(ceil(frames / RATE) for frames in FRAMES.values())
    assert estimates[0].bytes == objects + 16 * (4 * windows + step_bytes * steps)


def test_a_video_of_which_no_windows_can_be_made_stops_no_other(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "library"
    before = holding.cut_windows

    def cutting(duration_seconds: float, lengths_seconds: tuple[float, ...]) -> object:
        # as if its times were damaged
        return before(1e12 if duration_seconds == FRAMES["a"] / RATE else duration_seconds, lengths_seconds)

    monkeypatch.setattr(holding, "cut_windows", cutting)
    done = index(folder, library)
    assert done.added == ("b", "kitchen/c")
    assert [(failure.video, failure.reason) for failure in done.failures] == [
        ("a", "a video of 277,777,778 h; expected a week or less")
    ]
    with pytest.raises(InputError, match="expected a week or less"):
        add_video(library, "again", folder / "a.mp4", "again")
    assert set(read_manifest(library).videos) == {"b", "kitchen/c"}
    monkeypatch.undo()
