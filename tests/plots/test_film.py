from itertools import pairwise

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from leorn.plots.canvas import BAR_ROOM, BEST_COLOUR, MARGIN, QUIET, WIDTH, house_style, panel_size, stack_panels
from leorn.plots.film import draw_film, film_frames, film_height, frame_size
from leorn.records import Frame, Moment, Query, VideoObjects

ANSWERS = {"cup": "mug"}


def frame(time: float, height: int = 90, width: int = 160) -> Frame:
    return time, np.full((height, width, 3), int(time), np.uint8)


@pytest.fixture
def video(video: VideoObjects) -> VideoObjects:
    """The kitchen with boxes: a cup at the left and a person at the right."""
    video.boxes[:] = [[0.0, 0.25, 0.25, 0.75], [0.5, 0.0, 1.0, 1.0]]
    return video


@house_style()
def drawn(
    query: Query, frames: list[Frame], moments: list[Moment], weights: np.ndarray, video: VideoObjects
) -> tuple[Axes, list[Axes]]:
    """The panel, and the frames on it."""
    shown = film_frames(query, frames)
    _, [panel, _] = stack_panels(query, [film_height(shown), 0.5], side=BAR_ROOM, title_left=MARGIN)
    draw_film(panel, query, shown, moments, weights, video, ANSWERS)
    return panel, [child for child in panel.child_axes if isinstance(child, Axes)]


def key(panel: Axes) -> list[str]:
    legend = panel.get_legend()
    assert legend is not None
    return [text.get_text() for text in legend.get_texts()]


@pytest.mark.parametrize(
    ("number", "shape", "size"),
    [
        # 10.6 inches between the margins, 0.08 between two frames
        (4, (90, 160), (2.59, 2.59 * 9 / 16)),
        (5, (100, 200), (2.056, 1.028)),
        (1, (100, 200), (3.48, 1.74)),
        # as tall as a frame may be
        (4, (160, 90), (2.3 * 9 / 16, 2.3)),
        (2, (100, 100), (2.3, 2.3)),
    ],
)
def test_frames_share_the_width_and_keep_their_proportions(
    number: int, shape: tuple[int, int], size: tuple[float, float]
) -> None:
    frames = [frame(float(k), *shape) for k in range(number)]
    assert frame_size(frames) == pytest.approx(size)
    assert film_height(frames) == pytest.approx(size[1] + 0.27 + 0.45)


def test_more_frames_than_fit_are_thinned(query: Query) -> None:
    frames = [frame(float(time)) for time in reversed(range(10))]
    assert [time for time, _ in film_frames(query, frames)] == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("shape", [(90, 160), (160, 90), (1, 60), (60, 1)])
@pytest.mark.parametrize("times", [[0.0], [1.0, 2.0, 3.0, 4.0], [37.0, 38.0, 39.0, 39.5, 40.0], [5.0, 35.0]])
def test_frames_stand_in_order_apart_between_the_margins_and_above_their_times(
    query: Query, video: VideoObjects, weights: np.ndarray, times: list[float], shape: tuple[int, int]
) -> None:
    frames = [frame(time, *shape) for time in times]
    panel, shown = drawn(query, frames, [Moment(1.0, 2.5)], weights, video)
    boxes = [axes.get_window_extent() for axes in shown]
    assert len(boxes) == len(times)
    assert boxes[0].x0 / 100 >= MARGIN - 1e-6
    assert boxes[-1].x1 / 100 <= WIDTH - MARGIN + 1e-6
    assert all(right.x0 - left.x1 >= 8 - 1e-6 for left, right in pairwise(boxes))
    for axes, box, line, time in zip(shown, boxes, panel.lines, times, strict=True):
        assert panel_size(axes) == pytest.approx(frame_size(frames))
        assert np.asarray(axes.images[0].get_array()).max() == int(time)
        # from below the frame's middle to its time
        from_frame, *_, to_time = panel.transData.transform(line.get_xydata())
        assert from_frame[0] == pytest.approx((box.x0 + box.x1) / 2)
        assert from_frame[1] < box.y0
        assert to_time[0] == pytest.approx(panel.transData.transform((time, 0))[0])
        assert to_time[1] < panel.get_window_extent().y0
    assert [text.get_text() for text in panel.texts] == [f"{time:.1f} s" for time in times]


def test_frames_inside_the_best_moment_have_a_border(query: Query, video: VideoObjects, weights: np.ndarray) -> None:
    moments = [Moment(10.0, 20.0, 0.9), Moment(25.0, 40.0, 0.8)]
    frames = [frame(time) for time in (5.0, 10.0, 20.0, 30.0)]
    panel, shown = drawn(query, frames, moments, weights, video)
    bordered = [axes.spines["left"].get_visible() for axes in shown]
    assert bordered == [False, True, True, False]
    colours = [to_hex(str(text.get_color())).upper() for text in panel.texts]
    assert colours == [BEST_COLOUR if inside else QUIET for inside in bordered]
    assert key(panel)[0] == "in the best moment"


def test_each_frame_shows_the_objects_of_its_time(query: Query, video: VideoObjects, weights: np.ndarray) -> None:
    panel, shown = drawn(query, [frame(5.0), frame(15.0), frame(35.0)], [], weights, video)
    assert [[text.get_text() for text in axes.texts] for axes in shown] == [
        ["cup 0.30 → “mug”", "person 0.20"],
        ["person 0.90"],
        ["person 0.50", "unlabelled object 0.25"],
    ]
    # the widest line belongs to the most attention of all frames
    widths = [
        [patch.get_linewidth() for patch in axes.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
        for axes in shown
    ]
    assert widths[1] == pytest.approx([3.0])
    assert widths[0] == pytest.approx([0.8 + 2.2 * 0.2 / 0.9, 0.8 + 2.2 * 0.3 / 0.9])
    assert key(panel) == ["object that answers a word", "other object (the thicker, the more attention)"]


def test_the_key_names_only_what_is_there(query: Query, video: VideoObjects, weights: np.ndarray) -> None:
    panel, _ = drawn(query, [frame(15.0)], [Moment(30.0, 35.0)], weights, video)
    assert key(panel) == ["object (the thicker, the more attention)"]
    video.scores[:] = 0
    panel, _ = drawn(query, [frame(15.0)], [], weights, video)
    assert key(panel) == []


def test_the_key_and_the_times_cover_no_frame(query: Query, video: VideoObjects, weights: np.ndarray) -> None:
    panel, shown = drawn(query, [frame(5.0), frame(15.0), frame(16.0)], [Moment(10.0, 20.0)], weights, video)
    legend = panel.get_legend()
    assert legend is not None
    with house_style():
        figure = panel.get_figure(root=True)
        assert figure is not None
        figure.canvas.draw()
        above = legend.get_window_extent()
        below: list[Text] = list(panel.texts)
        tops = [text.get_window_extent().y1 for text in below]
    assert above.x0 / 100 == pytest.approx(MARGIN, abs=0.01)
    assert above.y0 > shown[0].get_window_extent().y1
    assert max(tops) < shown[0].get_window_extent().y0
