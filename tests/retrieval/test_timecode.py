"""Timecodes, with OpenTimelineIO's for the truth."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval.timecode import FRAME_RATES, FrameRate, read_frame_rate
from tests.retrieval.found import spans

opentime = pytest.importorskip("opentimelineio").opentime

EXPECTED = "expected 23.976, 24, 25, 29.97, 29.97ndf, 30, 48, 50, 59.94, 59.94ndf or 60"
rates = st.sampled_from(list(FRAME_RATES.values()))


@given(rate=rates, frame=st.integers(0, 24 * 3600 * 60))
def test_timecodes_are_those_of_opentimelineio(rate: FrameRate, frame: int) -> None:
    # OpenTimelineIO begins anew after a day by the clock, which ends before that of timecodes that leave none out
    frame %= min(rate.frames_of_a_day, floor((24 * 3600 - 1) * rate.frames_per_second))
    time = opentime.RationalTime(frame, float(rate.frames_per_second))
    timecode = rate.timecode(frame)
    assert timecode == opentime.to_timecode(time, float(rate.frames_per_second), rate.drop_frame)
    assert opentime.from_timecode(timecode, float(rate.frames_per_second)).value == frame


@pytest.mark.parametrize("name", FRAME_RATES)
def test_a_day_of_timecodes_has_no_twins_and_ends_before_24_hours(name: str) -> None:
    rate = FRAME_RATES[name]
    last = rate.timecode(rate.frames_of_a_day - 1)
    assert last.replace(";", ":") == f"23:59:59:{rate.counted - 1}"
    assert rate.timecode(rate.an_hour).replace(";", ":") == "01:00:00:00"
    # the first hour, in the order of time: what is left out is the first numbers of nine minutes of ten
    hour = [rate.timecode(frame) for frame in range(rate.an_hour)]
    assert hour == sorted(set(hour))
    for frame in (-1, rate.frames_of_a_day):
        with pytest.raises(InputError, match=rf"^frame {frame} at .* has no timecode; expected one before"):
            rate.timecode(frame)


def test_drop_frame_timecodes_keep_to_the_clock() -> None:
    rate = FRAME_RATES["29.97"]
    assert [rate.timecode(frame) for frame in (1799, 1800, 17981, 17982)] == [
        "00:00:59;29",
        "00:01:00;02",
        "00:09:59;29",
        "00:10:00;00",
    ]
    # published of 29.97: 107,892 frames an hour (SMPTE ST 12-1)
    assert rate.an_hour == 107_892
    assert FRAME_RATES["29.97ndf"].timecode(107_892) == "00:59:56:12"


@given(rate=rates, span=spans(80_000))
@example(FRAME_RATES["25"], (9.99, 9.995))
@example(FRAME_RATES["25"], (0.0, 1e-5))
def test_frames_are_the_nearest_to_a_moments_times(rate: FrameRate, span: tuple[float, float]) -> None:
    first, after = rate.frames_of(Moment(*span))
    assert 0 <= first < after
    frame_seconds = 1 / rate.frames_per_second
    away = [abs(first * frame_seconds - Fraction(span[0])), abs(after * frame_seconds - Fraction(span[1]))]
    if max(away) > frame_seconds / 2:
        # shorter than a frame: the one that is shown at its start
        assert span[1] - span[0] < frame_seconds
        assert after == first + 1
        assert Fraction(first) <= Fraction(span[0]) * rate.frames_per_second < after
    # and back: the timecodes say the same
    for frame in (first, after):
        seconds = opentime.from_timecode(rate.timecode(frame), float(rate.frames_per_second)).to_seconds()
        assert seconds == pytest.approx(float(frame / rate.frames_per_second), abs=1e-6)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("25", "25"),
        (25, "25"),
        (25.0, "25"),
        ("25ndf", "25"),
        ("23.98", "23.976"),
        ("24000/1001", "23.976"),
        (24000 / 1001, "23.976"),
        ("29.97", "29.97"),
        (" 29.97DF ", "29.97"),
        ("30000/1001", "29.97"),
        ("30000/1001ndf", "29.97ndf"),
        ("59.94ndf", "59.94ndf"),
        (59.94, "59.94"),
    ],
)
def test_frame_rates_are_read_as_they_are_written(written: str | float, name: str) -> None:
    assert read_frame_rate(written) is FRAME_RATES[name]


@pytest.mark.parametrize(
    "written",
    ["", "0", "-25", "25df", "23.976df", "12.5", "1000", "29.9", "25/0", "1e2", "nan", "inf", "٢٥", "25 fps", "1" * 99],
)
def test_other_frame_rates_are_refused(written: str) -> None:
    with pytest.raises(InputError) as caught:
        read_frame_rate(written)
    assert str(caught.value) == f"frame rate {written[:40]!r}; {EXPECTED}"


def test_a_missing_frame_rate_is_asked_for() -> None:
    with pytest.raises(InputError) as caught:
        read_frame_rate(None, "an EDL")
    assert str(caught.value) == (
        f"an EDL counts frames and needs a frame rate, that of the timeline to edit in; {EXPECTED}"
    )
