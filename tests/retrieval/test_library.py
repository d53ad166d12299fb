"""A library from video files to moments, with a detector that knows what is in them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from leorn.cli import main
from leorn.errors import InputError
from leorn.features.extract_videos import name_videos
from leorn.features.store import FeatureStore
from leorn.features.store_lock import only_writer
from leorn.files import sha256
from leorn.retrieval import encoders
from leorn.retrieval.indexing import Indexed, index_videos
from leorn.retrieval.library import Library
from leorn.retrieval.manifest import read_manifest
from leorn.retrieval.sentences import SentenceEncoder
from leorn.retrieval.window_table import WindowTable
from leorn.retrieval.windows import cut_windows
from tests.detecting import NumberDetector, detect_numbers
from tests.sentences import write_sentence_encoder
from tests.videos import write_video

pytest.importorskip("av")
pytest.importorskip("lancedb")

FRAMES = {"a": 60, "b": 90, "kitchen/c": 45}


@pytest.fixture
def detectors(monkeypatch: pytest.MonkeyPatch) -> list[NumberDetector]:
    return detect_numbers(monkeypatch)


@pytest.fixture(autouse=True)
def _small_sentences(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory, detectors: list[NumberDetector]
) -> None:
    del detectors
    encoder = SentenceEncoder(write_sentence_encoder(tmp_path_factory.getbasetemp() / "sentences"))
    monkeypatch.setattr(encoders.SentenceEncoder, "of_assets", lambda: encoder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    videos = tmp_path / "videos"
    (videos / "kitchen").mkdir(parents=True)
    for number, (video, frames) in enumerate(FRAMES.items()):
        write_video(videos / f"{video}.mp4", frames, first=7 * number)
    return videos


def index(folder: Path, library: Path) -> Indexed:
    return index_videos(name_videos([folder]), library)


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


def test_a_search_finds_moments_in_all_videos_best_first(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    library = Library(tmp_path / "library")
    found = library.search("a person takes the cup", top_k=6).moments
    assert len(found) == 6
    scores = [one.moment.score or 0.0 for one in found]
    assert scores == sorted(scores, reverse=True)
    # each video's moments are those of the retriever alone
    for video in FRAMES:
        store = FeatureStore(tmp_path / "library/objects")
        prepared = library._retriever.prepare(store.read(video), store.fingerprint)
        own = library._retriever.find("a person takes the cup", prepared, 6)
        here = [one.moment for one in found if one.video == video]
        for moment, alone in zip(here, own, strict=False):
            assert (*moment.span, moment.score) == pytest.approx((*alone.span, alone.score), abs=1e-5)
    assert {one.video for one in library.search("cup", videos="kitchen/*").moments} == {"kitchen/c"}
    assert len({one.video for one in library.search("cup", top_k=50, candidates=1).moments}) == 1
    nearest = library.search("cup", top_k=50, candidates=1).moments[0]
    everything = library.search("cup", top_k=50).moments
    assert nearest.similarity == max(one.similarity for one in everything)


def test_what_cannot_be_searched_for_is_said(folder: Path, tmp_path: Path) -> None:
    index(folder, tmp_path / "library")
    library = Library(tmp_path / "library")
    with pytest.raises(InputError, match="the sentence is empty"):
        library.search(" ")
    with pytest.raises(InputError, match=r"top_k is 0, candidates is 20; expected 1 or more"):
        library.search("cup", top_k=0)
    with pytest.raises(InputError, match=r"videos x\*: no video of the library has such a name"):
        library.search("cup", videos="x*")
    with pytest.raises(InputError, match=r"library.json: No such file or directory; expected a library"):
        Library(tmp_path)


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
from leorn.retrieval import encoders, indexing, window_table
from leorn.retrieval.sentences import SentenceEncoder
from tests.detecting import detect_numbers
detect_numbers(pytest.MonkeyPatch())
encoder = SentenceEncoder(Path(sys.argv[3]))
encoders.SentenceEncoder.of_assets = lambda: encoder
place, number = sys.argv[4].rsplit(".", 1)
indexing.AT_ONCE = 1
owner = {"table": window_table.WindowTable, "library": indexing}[place]
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
def test_what_is_killed_goes_on_where_it_was(
    folder: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, place: str
) -> None:
    library, sentences = tmp_path / "library", tmp_path_factory.getbasetemp() / "sentences"
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


def test_from_the_shell(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = str(tmp_path / "library")
    main(["index", str(folder), "--library", library])
    assert capsys.readouterr().out.splitlines()[-1] == f"{library}: 3 videos new or changed, 0 as before, 0 gone"
    main(["search", library, "the cup", "--json", "--top-k", "2"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["query"] == "the cup"
    assert [sorted(moment) for moment in answer["moments"]] == [
        [
            "confidence",
            "duration_seconds",
            "end_seconds",
            "name",
            "path",
            "score",
            "similarity",
            "start_seconds",
            "video",
        ]
    ] * 2
    main(["search", library, "the cup", "--videos", "kitchen/*"])
    table = capsys.readouterr().out
    assert "“the cup”" in table
    assert "kitchen/c" in table
    (folder / "b.mp4").write_bytes(b"no video")
    with pytest.raises(SystemExit) as stopped:
        main(["index", str(folder), "--library", library])
    assert stopped.value.code == 1
    assert "leorn: failed: b: " in capsys.readouterr().err
