"""Edit decision lists, read by OpenTimelineIO's adapter."""

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval.edl import edl
from leorn.retrieval.library import FoundMoment
from leorn.retrieval.timecode import FRAME_RATES, FrameRate
from tests.retrieval.found import found, spans

otio = pytest.importorskip("opentimelineio")
pytest.importorskip("otio_cmx3600_adapter")

LINE = re.compile(r"(\d{3})  ([A-Z0-9]{1,8}) +V     C        " + r" ".join([r"(\d\d:\d\d:\d\d[:;]\d\d)"] * 4))
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def read(text: str, rate: FrameRate) -> "otio.schema.Timeline":
    return otio.adapters.read_from_string(text, "cmx_3600", rate=float(rate.frames_per_second))


def test_a_list_is_written_as_editors_know_it() -> None:
    moments = [
        found(4.08, 5.73, path="/videos/bikes.mp4"),
        found(0.0, 2.0, "kitchen/a long name.mp4", path="/videos/kitchen/a long name.mp4"),
        found(61.0, 62.5, path="/videos/bikes.mp4"),
    ]
    text = edl("a person riding\na bicycle", moments, FRAME_RATES["25"])
    assert text.count("\r\n") == text.count("\n")
    assert text.splitlines() == [
        "TITLE: a person riding a bicycle",
        "FCM: NON-DROP FRAME",
        "",
        "001  BIKES    V     C        00:00:04:02 00:00:05:18 01:00:00:00 01:00:01:16",
        "* FROM CLIP NAME: bikes",
        "* FROM FILE: /videos/bikes.mp4",
        "* COMMENT: a person riding a bicycle",
        "* COMMENT: CONFIDENCE 0.62",
        "002  ALONGNAM V     C        00:00:00:00 00:00:02:00 01:00:01:16 01:00:03:16",
        "* FROM CLIP NAME: kitchen/a long name.mp4",
        "* FROM FILE: /videos/kitchen/a long name.mp4",
        "* COMMENT: a person riding a bicycle",
        "* COMMENT: CONFIDENCE 0.62",
        "003  BIKES    V     C        00:01:01:00 00:01:02:13 01:00:03:16 01:00:05:04",
        "* FROM CLIP NAME: bikes",
        "* FROM FILE: /videos/bikes.mp4",
        "* COMMENT: a person riding a bicycle",
        "* COMMENT: CONFIDENCE 0.62",
    ]


@pytest.mark.parametrize("name", FRAME_RATES)
@settings(max_examples=40)
@given(times=st.lists(spans(), min_size=1, max_size=6))
def test_opentimelineio_reads_the_same_frames_and_names(name: str, times: list[tuple[float, float]]) -> None:
    rate = FRAME_RATES[name]
    moments = [found(*span, f"video {number}", path=f"/v/{number}.mp4") for number, span in enumerate(times)]
    text = edl("a cup", moments, rate)
    assert text.splitlines()[1] == ("FCM: DROP FRAME" if name in ("29.97", "59.94") else "FCM: NON-DROP FRAME")
    timeline = read(text, rate)
    (track,) = timeline.tracks
    assert timeline.name == "a cup"
    clips = list(track)
    assert [clip.name for clip in clips] == [moment.name for moment in moments]
    assert [clip.media_reference.target_url for clip in clips] == [moment.path for moment in moments]
    at = 0
    for clip, (start, end) in zip(clips, times, strict=True):
        first, frames = clip.source_range.start_time.value, clip.source_range.duration.value
        assert (first, first + frames) == rate.frames_of(Moment(start, end))
        # within half a frame, or the whole frame of a moment that is shorter
        exact = [Fraction(time) * rate.frames_per_second for time in (start, end)]
        tolerance = Fraction(1, 2) if exact[1] - exact[0] >= 1 else 1
        assert abs(first - exact[0]) <= tolerance
        assert abs(first + frames - exact[1]) <= tolerance
        # one after another
        placed = clip.range_in_parent()
        assert (placed.start_time.value, placed.duration.value) == (at, frames)
        at += frames
        assert list(clip.metadata["cmx_3600"]["comments"]) == ["COMMENT: a cup", "COMMENT: CONFIDENCE 0.62"]
    first_record = LINE.fullmatch(text.splitlines()[3])
    assert first_record is not None
    assert first_record[5].replace(";", ":") == "01:00:00:00"


@given(query=words, names=st.lists(words, min_size=1, max_size=5))
def test_no_text_breaks_a_list(query: str, names: list[str]) -> None:
    moments = [found(1, 2, f"{number}", name=name) for number, name in enumerate(names)]
    text = edl(query, moments, FRAME_RATES["24"])
    lines = text.split("\r\n")
    assert all(len(line.splitlines()) <= 1 for line in lines)
    events = [match for line in lines if (match := LINE.fullmatch(line))]
    assert [int(event[1]) for event in events] == list(range(1, len(names) + 1))
    assert len({event[2] for event in events}) == len(names)
    assert not {event[2] for event in events} & {"AX", "BL", "BLACK", "BARS"}
    assert sum(map(len, read(text, FRAME_RATES["24"]).tracks)) == len(names)


def test_each_video_has_a_reel_of_its_own() -> None:
    names = ["black", "Fête.mp4", "видео", "clip-2024-a", "clip-2024-b", "fete", "black", "AX", "…"]
    moments = [found(1, 2, f"{number}", name=name) for number, name in enumerate(names)]
    lines = edl("cup", [*moments, moments[3]], FRAME_RATES["24"]).splitlines()
    reels = [line.split()[1] for line in lines if line[:3].isdigit()]
    assert reels == ["BLACK2", "FETE", "REEL", "CLIP2024", "CLIP2022", "FETE2", "BLACK3", "AX2", "REEL2", "CLIP2024"]


def test_what_is_not_known_is_left_out() -> None:
    moment = FoundMoment("a", "a", "", 9.0, Moment(1, 2), 0.5, 0.5)
    assert [line for line in edl("cup", [moment], FRAME_RATES["24"]).splitlines() if line.startswith("*")] == [
        "* FROM CLIP NAME: a",
        "* COMMENT: cup",
    ]
    assert edl("cup", [], FRAME_RATES["29.97"]) == "TITLE: cup\r\nFCM: DROP FRAME\r\n\r\n"


def test_timecodes_beyond_24_hours_are_refused() -> None:
    rate = FRAME_RATES["25"]
    day = 24 * 3600.0
    assert "23:59:58:00 23:59:59:24" in edl("cup", [found(day - 2, day - 1 / 25)], rate)
    with pytest.raises(InputError) as caught:
        edl("cup", [found(1, 2), found(day - 2, day)], rate)
    assert str(caught.value) == (
        "moment 2, (86398.0, 86400.0) of bikes: ends beyond 24 hours of its video; an EDL's timecodes end there"
    )
    with pytest.raises(InputError, match=r"moment 2, .* beyond 24 hours of the list; an EDL's timecodes end there"):
        edl("cup", [found(0, day / 2), found(0, day / 2)], rate)


def test_more_events_than_numbers_are_refused() -> None:
    assert edl("cup", [found(1, 2)] * 999, FRAME_RATES["25"]).splitlines()[-4].startswith("999  BIKES")
    with pytest.raises(InputError, match=r"^1000 moments; expected at most 999, for an EDL numbers its events so far$"):
        edl("cup", [found(1, 2)] * 1000, FRAME_RATES["25"])
