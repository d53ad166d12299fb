import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.retrieval.windows import LENGTHS_SECONDS, Window, cut_windows, frames_inside

DURATIONS = st.floats(0.1, 500)


@given(DURATIONS, st.data())
def test_what_takes_half_a_window_or_less_lies_whole_in_one(duration_seconds: float, data: st.DataObject) -> None:
    windows = cut_windows(duration_seconds)
    length = data.draw(st.sampled_from(LENGTHS_SECONDS))
    took = data.draw(st.floats(0, min(length / 2, duration_seconds)))
    start = data.draw(st.floats(0, duration_seconds - took))
    of_length = [window for window in windows if window.end_seconds - window.start_seconds <= length + 1e-6]
    assert any(one.start_seconds <= start + 1e-6 and start + took <= one.end_seconds + 1e-6 for one in of_length)


@given(DURATIONS)
def test_windows_lie_in_the_video_once_each(duration_seconds: float) -> None:
    windows = cut_windows(duration_seconds)
    assert len(set(windows)) == len(windows)
    for window in windows:
        assert 0 <= window.start_seconds < window.end_seconds <= duration_seconds
        assert any(window.end_seconds - window.start_seconds <= length + 1e-6 for length in LENGTHS_SECONDS)


@pytest.mark.parametrize(
    ("duration_seconds", "starts"),
    # of 9 seconds 5 are left, in steps of 2 at most: three steps
    [(3.0, [0.0]), (4.0, [0.0]), (5.0, [0.0, 1.0]), (9.0, [0.0, 5 / 3, 10 / 3, 5.0])],
)
def test_windows_by_hand(duration_seconds: float, starts: list[float]) -> None:
    windows = cut_windows(duration_seconds, [4.0])
    assert [window.start_seconds for window in windows] == pytest.approx(starts)
    assert [window.end_seconds for window in windows] == pytest.approx([min(s + 4, duration_seconds) for s in starts])


@pytest.mark.parametrize(
    ("window", "frames"),
    [
        (Window(0, 10), [0, 1, 2, 3]),
        # its start belongs to a window, its end to the next
        (Window(1.5, 2.5), [1]),
        (Window(2.5, 9), [2, 3]),
        # no frame inside: the nearest to the middle
        (Window(1.6, 2.4), [1]),
        (Window(1.7, 2.5), [2]),
        (Window(8, 9), [3]),
    ],
)
def test_the_frames_that_tell_of_a_window(window: Window, frames: list[int]) -> None:
    assert frames_inside(np.array([0.5, 1.5, 2.5, 3.5], np.float32), window).tolist() == frames
