"""Timelines, read by OpenTimelineIO."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.retrieval.edl import edl
from leorn.retrieval.otio_timeline import otio_timeline
from leorn.retrieval.timecode import FRAME_RATES
from tests.retrieval.found import found, spans

otio = pytest.importorskip("opentimelineio")


@pytest.mark.parametrize("name", FRAME_RATES)
@settings(max_examples=25)
@given(times=st.lists(spans(), max_size=5))
def test_a_timeline_holds_the_moments(name: str, times: list[tuple[float, float]]) -> None:
    rate = FRAME_RATES[name]
    moments = [found(*span, f"video {number}", path=f"/v/é {number}.mp4") for number, span in enumerate(times)]
    timeline = otio.adapters.read_from_string(otio_timeline("a cup", moments, rate), "otio_json")
    assert timeline.name == "a cup"
    assert timeline.metadata["leorn"] == {"query": "a cup"}
    assert timeline.global_start_time == otio.opentime.RationalTime(rate.an_hour, float(rate.frames_per_second))
    (track,) = timeline.tracks
    assert track.kind == otio.schema.TrackKind.Video
    for rank, (clip, moment) in enumerate(zip(track, moments, strict=True), start=1):
        first, after = rate.frames_of(moment.moment)
        source = clip.source_range
        assert (source.start_time.value, source.end_time_exclusive().value) == (first, after)
        assert source.start_time.rate == float(rate.frames_per_second)
        assert clip.available_range().start_time.value == 0
        assert clip.available_range().end_time_exclusive() >= source.end_time_exclusive()
        url = clip.media_reference.target_url
        assert Path(otio.url_utils.filepath_from_url(url)) == Path(moment.path)
        (marker,) = clip.markers
        assert (marker.name, marker.marked_range) == ("a cup", source)
        # its reader loses the last bit of some numbers
        expected = {"query": "a cup", "rank": rank} | moment.to_dict()
        told = dict(clip.metadata["leorn"])
        assert list(told) == sorted(expected)
        for key, value in expected.items():
            assert told[key] == (pytest.approx(value, rel=1e-15) if isinstance(value, float) else value)


@pytest.mark.parametrize("name", ["25", "29.97"])
def test_a_timeline_and_an_edl_are_the_same_cut(name: str) -> None:
    pytest.importorskip("otio_cmx3600_adapter")
    rate = FRAME_RATES[name]
    moments = [found(1, 2.5, "a"), found(61.02, 75, "b"), found(0.5, 0.51, "a")]
    mine = otio.adapters.read_from_string(otio_timeline("a cup", moments, rate), "otio_json")
    listed = otio.adapters.read_from_string(edl("a cup", moments, rate), "cmx_3600", rate=float(rate.frames_per_second))
    cuts = [[(clip.name, clip.source_range) for clip in timeline.tracks[0]] for timeline in (mine, listed)]
    assert cuts[0] == cuts[1]


def test_a_video_whose_file_is_not_known_is_missing_media() -> None:
    text = otio_timeline("a cup", [found(1, 2, duration=10)], FRAME_RATES["25"])
    (clip,) = otio.adapters.read_from_string(text, "otio_json").tracks[0]
    assert isinstance(clip.media_reference, otio.schema.MissingReference)
    assert clip.media_reference.name == "bikes"
    assert clip.available_range().duration.value == 250


def test_without_opentimelineio_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    with pytest.raises(InputError, match=r"^a timeline of OTIO needs OpenTimelineIO: pip install leorn\[export\]$"):
        otio_timeline("a cup", [], FRAME_RATES["25"])
