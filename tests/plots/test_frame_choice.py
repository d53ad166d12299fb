import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.plots import frames_worth_showing
from leorn.records import Moment, VideoObjects


def video_of(frames: int, slots: int = 2) -> VideoObjects:
    """A frame a second, at 0.5 s, 1.5 s, …"""
    scores = np.ones((frames, slots))
    return VideoObjects(
        "v",
        float(frames),
        np.arange(frames) + 0.5,
        np.zeros((frames, slots, 1)),
        np.zeros((frames, slots, 4)),
        scores,
        np.zeros(scores.shape, int),
        ("cup",),
    )


def even(frames: int, slots: int = 2) -> np.ndarray:
    return np.full((frames, slots + 1), 1 / (slots + 1))


def test_one_frame_is_the_one_where_an_object_got_most_attention_inside_the_best_moment() -> None:
    weights = even(20)
    weights[2] = [0.0, 1.0, 0.0]  # outside
    weights[12] = [0.1, 0.2, 0.7]
    weights[13] = [0.1, 0.45, 0.45]  # more in all, but on no single object
    moments = [Moment(10.0, 16.0, 0.9), Moment(0.0, 5.0, 0.8)]
    assert frames_worth_showing(weights, video_of(20), moments, 1) == [12.5]


def test_of_equally_attended_frames_the_one_nearest_the_middle_is_shown() -> None:
    assert frames_worth_showing(even(20), video_of(20), [Moment(10.0, 15.0)], 1) == [12.5]


@pytest.mark.parametrize(
    ("count", "times"),
    [
        # 14.5 s is 4 s from the most attended frame and 3.5 s from the moment's end
        (2, [10.5, 14.5]),
        # half of the moment's 9 s before and after it
        (3, [4.5, 10.5, 22.5]),
        (4, [4.5, 10.5, 14.5, 22.5]),
        (5, [4.5, 10.5, 12.5, 14.5, 22.5]),
    ],
)
def test_more_frames_are_context_and_then_others_spread_inside(count: int, times: list[float]) -> None:
    weights = even(30)
    weights[10] = [0.0, 1.0, 0.0]
    assert frames_worth_showing(weights, video_of(30), [Moment(9.0, 18.0)], count) == times


def test_a_moment_at_an_end_of_the_video_has_context_on_one_side() -> None:
    assert frames_worth_showing(even(10), video_of(10), [Moment(7.0, 10.0)], 3) == [5.5, 7.5, 8.5]
    assert frames_worth_showing(even(10), video_of(10), [Moment(0.0, 3.0)], 3) == [0.5, 1.5, 4.5]


def test_a_moment_between_two_sampled_frames_shows_the_nearest() -> None:
    assert frames_worth_showing(even(10), video_of(10), [Moment(9.8, 10.0)], 1) == [9.5]
    assert frames_worth_showing(even(10), video_of(10), [Moment(2.6, 2.8)], 3) == [1.5, 2.5, 3.5]


def test_without_a_moment_the_frames_spread_over_the_video() -> None:
    assert frames_worth_showing(even(11), video_of(11), [], 3) == [2.5, 5.5, 8.5]


def test_a_video_without_object_slots_is_shown_too() -> None:
    assert frames_worth_showing(np.ones((4, 1)), video_of(4, slots=0), [Moment(0.0, 4.0)], 1) == [1.5]


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans())
def test_there_are_as_many_frames_as_asked_for_each_once_and_sampled(
    frames: int, count: int, seed: int, found: bool
) -> None:
    rng = np.random.default_rng(seed)
    start, end = np.sort(rng.random(2)) * frames
    moments = [Moment(float(start), float(end) + 0.01)] if found else []
    weights = rng.random((frames, 3))
    times = frames_worth_showing(weights, video_of(frames), moments, count)
    assert len(times) == min(count, frames)
    assert (np.diff(times) > 0).all()
    assert set(times) <= set((np.arange(frames) + 0.5).tolist())


def test_fewer_than_one_frame_and_weights_that_do_not_fit_are_errors() -> None:
    with pytest.raises(InputError, match="video v: 0 frames to show; expected at least 1"):
        frames_worth_showing(even(4), video_of(4), [], 0)
    with pytest.raises(InputError, match=r"video v: attention of shape \(5, 3\); expected \(4, 3\)"):
        frames_worth_showing(even(5), video_of(4), [], 2)
