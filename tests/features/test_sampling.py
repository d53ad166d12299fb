"""How many frames of a video are looked at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.features.sampling import frame_count


@pytest.mark.parametrize(
    ("duration_seconds", "frames", "rate", "expected"),
    [
        (10.0, 64, None, 64),
        (10.0, 64, 4.0, 40),
        (10.1, 64, 4.0, 41),
        (16.0, 64, 4.0, 64),
        (300.0, 64, 4.0, 64),
        (0.01, 64, 4.0, 1),
        # 0.7 s at 10 a second: 7.000000000000001 by rounding
        (0.7, 64, 10.0, 7),
    ],
)
def test_frames_of_a_video(duration_seconds: float, frames: int, rate: float | None, expected: int) -> None:
    assert frame_count(duration_seconds, frames, rate) == expected


@given(st.floats(0.01, 1e4), st.integers(1, 3000), st.floats(0.1, 60))
def test_parts_are_no_longer_than_the_rate_says_unless_there_are_too_many(
    duration_seconds: float, frames: int, rate: float
) -> None:
    count = frame_count(duration_seconds, frames, rate)
    assert 1 <= count <= frames
    assert count == frames or duration_seconds / count <= 1 / rate + 1e-5
    assert count == 1 or (count - 1) / duration_seconds < rate
