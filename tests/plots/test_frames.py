import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.plots.canvas import add_panel, new_figure
from leorn.plots.frames import choose_frames, draw_frames, place_frames
from leorn.records import Frame, Query


def frame(time: float, height: int = 9, width: int = 16, value: int = 0) -> Frame:
    return time, np.full((height, width, 3), value, np.uint8)


def test_frames_apart_stand_centred_on_their_times() -> None:
    lefts = place_frames(np.array([10.0, 20.0, 30.0]), width=4.0, space=1.0, length=40.0)
    assert lefts.tolist() == [8.0, 18.0, 28.0]


def test_frames_at_the_edges_and_close_together_move_just_enough() -> None:
    lefts = place_frames(np.array([0.0, 1.0, 39.0, 40.0]), width=4.0, space=1.0, length=40.0)
    assert lefts.tolist() == [0.0, 5.0, 31.0, 36.0]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8), st.floats(0.5, 11), st.floats(0, 1))
def test_placed_frames_never_overlap_nor_leave_the_axis(times: list[float], width: float, space: float) -> None:
    lefts = place_frames(np.array(sorted(times)), width, space, length=100.0)
    assert lefts[0] >= -1e-9
    assert lefts[-1] + width <= 100 + 1e-9
    assert (np.diff(lefts) >= width + space - 1e-9).all()


@pytest.mark.parametrize(
    ("number", "count", "chosen"),
    [(3, 5, [0, 1, 2]), (6, 3, [0, 2, 4]), (10, 3, [0, 4, 8]), (64, 5, [5, 18, 31, 44, 57])],
)
def test_too_many_frames_are_thinned_evenly(number: int, count: int, chosen: list[int]) -> None:
    frames = [frame(float(time)) for time in reversed(range(number))]
    assert [time for time, _ in choose_frames(frames, count)] == chosen


@given(st.integers(1, 200), st.integers(1, 12))
def test_thinned_frames_are_never_more_than_fit_and_never_none(number: int, count: int) -> None:
    chosen = choose_frames([frame(float(time)) for time in range(number)], count)
    assert 1 <= len(chosen) <= count
    assert len(set(np.diff([time for time, _ in chosen]))) <= 1


def test_a_frame_is_drawn_over_its_time_in_its_own_proportions(query: Query) -> None:
    axes = add_panel(new_figure(10, 3), 1, 1, 8, 1)
    draw_frames(axes, query, [frame(30.0, value=200), frame(12.0, value=100)])
    first, second = axes.images
    assert np.asarray(first.get_array()).max() == 100
    assert np.asarray(second.get_array()).max() == 200
    left, right, bottom, top = first.get_extent()
    assert (left + right) / 2 == pytest.approx(12.0)
    inches_wide, inches_high = (right - left) / 40 * 8, (top - bottom) * 1
    assert inches_wide / inches_high == pytest.approx(16 / 9)
    # the line below leads to the very time
    assert [np.asarray(line.get_xdata())[-1] for line in axes.lines] == [12.0, 30.0]


def test_only_as_many_frames_are_drawn_as_fit(query: Query) -> None:
    axes = add_panel(new_figure(10, 3), 1, 1, 8, 1)
    draw_frames(axes, query, [frame(time) for time in np.linspace(0, 40, 100)])
    extents = np.array([image.get_extent() for image in axes.images])
    # a frame is 0.88 × 16 / 9 = 1.564 inches wide: five with four spaces between them need 8.01 of 8 inches
    assert len(extents) == 4
    assert (extents[1:, 0] > extents[:-1, 1]).all()


def test_a_frame_wider_than_the_panel_fills_it(query: Query) -> None:
    axes = add_panel(new_figure(10, 3), 1, 1, 8, 1)
    draw_frames(axes, query, [frame(3.0, height=2, width=100)])
    assert axes.images[0].get_extent()[:2] == [0.0, 40.0]


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        ([], "q1: no frame to draw"),
        ([frame(1.0), frame(40.5)], "q1: frame 1 at 40.5 s; expected 0 to 40.0 s, the length of video kitchen"),
        ([frame(float("nan"))], "q1: frame 0 at nan s"),
        ([frame(1.0), frame(2.0, width=15)], r"q1: frame 1 is uint8 of shape \(9, 15, 3\).*the same for every frame"),
        ([(1.0, np.zeros((9, 16), np.uint8))], r"q1: frame 0 is uint8 of shape \(9, 16\)"),
        ([frame(1.0, height=0)], r"q1: frame 0 is uint8 of shape \(0, 16, 3\)"),
        ([(1.0, np.zeros((9, 16, 3)))], "q1: frame 0 is float64 of shape.*expected uint8"),
    ],
)
def test_frames_that_cannot_be_drawn_are_named(query: Query, frames: list[Frame], message: str) -> None:
    axes = add_panel(new_figure(10, 3), 1, 1, 8, 1)
    with pytest.raises(InputError, match=message):
        draw_frames(axes, query, frames)
