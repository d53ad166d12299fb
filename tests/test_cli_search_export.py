"""`leorn search --export` and `--clips`, on a small library of real videos."""

import csv
import json
from pathlib import Path

import pytest

from leorn.cli import main
from leorn.features.video import probe
from tests.commands import Refused
from tests.libraries import index, make_small, write_videos

pytest.importorskip("av")
pytest.importorskip("lancedb")

QUERY = "../a person --> takes"


@pytest.fixture
def library(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    make_small(monkeypatch, tmp_path_factory.getbasetemp() / "sentences")
    index(write_videos(tmp_path / "videos"), tmp_path / "library")
    return str(tmp_path / "library")


def test_the_file_says_what_search_says(library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "new" / "moments.json"
    main(["search", library, QUERY, "--top-k", "4", "--json", "--export", str(path)])
    printed = capsys.readouterr()
    assert json.loads(path.read_text()) == json.loads(printed.out)
    assert printed.err == f"{path}: 4 moments\n"
    main(["search", library, QUERY, "--top-k", "4", "--export", str(path.with_suffix(".csv"))])
    with path.with_suffix(".csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    moments = json.loads(printed.out)["moments"]
    assert [float(row["end_seconds"]) for row in rows] == [moment["end_seconds"] for moment in moments]
    assert capsys.readouterr().out.splitlines()[-1] == f"{path.with_suffix('.csv')}: 4 moments"


def test_chapters_are_said_with_their_video(library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.vtt"
    main(["search", library, QUERY, "--top-k", "3", "--videos", "kitchen/*", "--export", str(path)])
    assert capsys.readouterr().out.splitlines()[-1] == f"{path}: 3 moments of kitchen/c"
    main(["search", library, QUERY, "--top-k", "50", "--export", str(path)])
    lines = capsys.readouterr().out.splitlines()[-3:]
    assert {line.split(" of ")[1] for line in lines} == {"a", "b", "kitchen/c"}
    assert [Path(line.split(": ")[0]).name for line in lines] == ["a-1.vtt", "a-2.vtt", "a-3.vtt"]
    for line in lines:
        file, video = line.split(": ")[0], line.split(" of ")[1]
        assert Path(file).read_text().startswith(f"WEBVTT\n\nNOTE {video}\n")


def test_clips_are_numbered_and_those_of_an_earlier_answer_go(
    library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = tmp_path / "clips"
    main(["search", library, QUERY, "--top-k", "3", "--json", "--clips", str(clips)])
    printed = capsys.readouterr()
    moments = json.loads(printed.out)["moments"]
    for rank, (moment, line) in enumerate(zip(moments, printed.err.splitlines(), strict=True), start=1):
        start, end = moment["start_seconds"], moment["end_seconds"]
        assert line == f"{clips / f'moment-{rank}.mp4'}: {start:.2f}–{end:.2f} s of {moment['name']}"
        assert probe(clips / f"moment-{rank}.mp4").duration_seconds == pytest.approx(end - start, abs=0.001)
    (clips / "moment-a.mp4").touch()
    main(["search", library, QUERY, "--top-k", "1", "--clips", str(clips)])
    assert {path.name for path in clips.iterdir()} == {"moment-1.mp4", "moment-a.mp4"}


@pytest.mark.parametrize("name", ["moment-1", "moment-9"])
def test_clips_take_no_video_s_place(
    library: str, tmp_path: Path, refused: Refused, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    videos = tmp_path / "videos"
    (videos / "a.mp4").rename(videos / f"{name}.mp4")
    before = (videos / f"{name}.mp4").read_bytes()
    index(videos, Path(library))
    # moments of another video
    search = "search", library, QUERY, "--videos", "kitchen/*", "--top-k", "2", "--clips"
    assert refused(*search, videos) == (
        f"clips {videos}: {name}.mp4 there is a video of the library; expected another folder"
    )
    assert (videos / f"{name}.mp4").read_bytes() == before
    assert {path.name for path in videos.iterdir()} == {f"{name}.mp4", "b.mp4", "kitchen"}


def test_a_video_that_is_gone_does_not_stop_the_other_clips(
    library: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "videos" / "a.mp4").unlink()
    clips = tmp_path / "clips"
    with pytest.raises(SystemExit) as stopped:
        main(["search", library, QUERY, "--top-k", "50", "--json", "--clips", str(clips)])
    assert stopped.value.code == 1
    printed = capsys.readouterr()
    names = [moment["name"] for moment in json.loads(printed.out)["moments"]]
    there = {f"moment-{rank}.mp4" for rank, name in enumerate(names, start=1) if name != "a"}
    assert {path.name for path in clips.iterdir()} == there
    failed = [line for line in printed.err.splitlines() if line.startswith("leorn: failed: ")]
    assert len(failed) == names.count("a") > 0
    assert "video a: the library knows no file of it, or it is gone" in failed[0]


def test_what_cannot_be_written_is_refused_before_anything_is_opened(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.csv").mkdir()
    inside = tmp_path / "file" / "inside"
    search = "search", "no library", "a cup"
    assert refused(*search, "--export", "a.doc") == (
        "export a.doc: its suffix names no known format; expected .json, .csv, .vtt, .edl or .otio"
    )
    assert refused(*search, "--export", "a.edl").startswith("an EDL counts frames and needs a frame rate")
    assert refused(*search, "--export", "a.edl", "--frame-rate", "7").startswith("frame rate '7'; expected 23.976")
    assert refused(*search, "--export", inside / "a.csv") == f"cannot write to {inside}: Not a directory"
    assert refused(*search, "--clips", inside) == f"cannot write to {inside}: Not a directory"
    folder = tmp_path / "folder.csv"
    assert refused(*search, "--export", folder) == f"export {folder}: a folder; expected the name of a file"
