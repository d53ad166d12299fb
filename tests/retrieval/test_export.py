"""The door to all formats: files by their suffix, texts by their name, clips of moments."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.retrieval.export import LISTS, check_format, format_of, moments_as, write_moment, write_moments
from leorn.retrieval.library import FoundMoment
from tests.retrieval.clips import assert_shown
from tests.retrieval.found import found
from tests.retrieval.test_webvtt import parse
from tests.videos import write_video

MOMENTS = (found(4, 5.5, "b", path="/v/b.mp4"), found(1, 2, "a", path="/v/a.mp4"), found(7, 8, "b", path="/v/b.mp4"))


def times(moments: tuple[FoundMoment, ...]) -> list[tuple[float, float]]:
    return [moment.moment.span for moment in moments]


def test_a_file_has_the_format_of_its_suffix(tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio")
    pytest.importorskip("otio_cmx3600_adapter")
    for kind in ("json", "csv", "edl", "otio"):
        path = tmp_path / "new" / f"moments.{kind.upper()}"
        assert write_moments(str(path), "a cup", MOMENTS, frame_rate="25") == {path: MOMENTS}
        # the csv module's line ends are kept
        assert path.read_bytes().decode() == moments_as(kind, "a cup", MOMENTS, frame_rate=25)
    (tmp_path / "new").rename(tmp_path / "done")
    done = tmp_path / "done"
    listed = json.loads((done / "moments.JSON").read_text())
    assert listed == {"query": "a cup", "moments": [moment.to_dict() for moment in MOMENTS]}
    rows = list(csv.DictReader(io.StringIO((done / "moments.CSV").read_text())))
    assert [(float(row["start_seconds"]), float(row["end_seconds"])) for row in rows] == times(MOMENTS)
    for name, adapter, options in (("EDL", "cmx_3600", {"rate": 25}), ("OTIO", "otio_json", {})):
        timeline = otio.adapters.read_from_string((done / f"moments.{name}").read_text(), adapter, **options)
        spans = [clip.source_range for clip in timeline.tracks[0]]
        seconds = [(span.start_time.to_seconds(), span.end_time_exclusive().to_seconds()) for span in spans]
        # within half a frame
        assert seconds == [pytest.approx(span, abs=0.0201) for span in times(MOMENTS)]


def test_chapters_of_several_videos_are_a_file_each(tmp_path: Path) -> None:
    path = tmp_path / "chapters.vtt"
    written = write_moments(path, "a cup", MOMENTS)
    assert written == {tmp_path / "chapters-1.vtt": MOMENTS[::2], tmp_path / "chapters-2.vtt": MOMENTS[1:2]}
    assert {file.name for file in tmp_path.iterdir()} == {"chapters-1.vtt", "chapters-2.vtt"}
    read = [[cue[1:3] for cue in parse(file.read_text())] for file in written]
    assert read == [[(4000, 5500), (7000, 8000)], [(1000, 2000)]]
    assert write_moments(path, "a cup", MOMENTS[::2]) == {path: MOMENTS[::2]}
    assert write_moments(path, "a cup", ()) == {path: ()}
    assert path.read_text() == "WEBVTT\n"
    with pytest.raises(InputError, match="moments of 2 videos"):
        moments_as("vtt", "a cup", MOMENTS)


def test_json_says_what_is_known_of_the_search() -> None:
    text = moments_as("json", "чашка", MOMENTS[:1], about={"found": False, "threshold": None})
    assert list(json.loads(text)) == ["query", "found", "threshold", "moments"]
    assert "чашка" in text


@pytest.mark.parametrize("kind", LISTS)
def test_nothing_found_is_a_file_too(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"none.{kind}"
    assert write_moments(path, "a cup", [], frame_rate="29.97") == {path: ()}
    assert path.stat().st_size > 0


@pytest.mark.parametrize("name", ["a.mp4", "a", "a.json.gz", ".vtt", "vtt"])
def test_another_suffix_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        format_of(name)
    assert str(caught.value) == (
        f"export {name}: its suffix names no known format; expected .json, .csv, .vtt, .edl or .otio"
    )


def test_what_cannot_be_exported_is_said_beforehand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^export format 'xml'; expected json, csv, vtt, edl or otio$"):
        check_format("xml")
    with pytest.raises(InputError, match=r"^an EDL counts frames and needs a frame rate"):
        check_format("edl")
    with pytest.raises(InputError, match=r"^a timeline of OTIO counts frames and needs a frame rate"):
        moments_as("otio", "a cup", MOMENTS)
    with pytest.raises(InputError, match=r"^frame rate '26'; expected 23.976, 24"):
        write_moments(tmp_path / "a.edl", "a cup", MOMENTS, frame_rate="26")
    assert not list(tmp_path.iterdir())
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    check_format("edl", "25")
    with pytest.raises(InputError, match=r"pip install leorn\[export\]$"):
        check_format("otio", "25")


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_clip_is_cut_at_the_moments_boundaries(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("av")
    video = write_video(tmp_path / "v.mp4", 40)
    clip = tmp_path / f"clip{suffix}"
    write_moment(found(1.05, 1.32, path=str(video)), clip)
    assert_shown(clip, [(0.0, 10), (0.05, 11), (0.15, 12), (0.25, 13)], 0.27)


def test_a_video_without_a_file_gives_no_clip(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        write_moment(found(1, 2), tmp_path / "clip.mp4")
    assert str(caught.value) == "video bikes: the library knows no file of it, or it is gone; expected one to cut"
