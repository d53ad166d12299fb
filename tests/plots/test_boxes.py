from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from leorn.plots.boxes import FrameObject, draw_objects, frame_objects, tag_size
from leorn.plots.canvas import ANSWER_COLOUR, add_panel, house_style, new_figure
from leorn.records import VideoObjects


def frame_axes(width: float = 3.0, height: float = 2.0) -> Axes:
    axes = add_panel(new_figure(5, 5), 1, 1, width, height)
    axes.set(xlim=(0, 1), ylim=(1, 0))
    return axes


@house_style()
def drawn(objects: Sequence[FrameObject], most: float = 1.0, axes: Axes | None = None) -> Axes:
    axes = axes or frame_axes()
    draw_objects(axes, objects, most)
    return axes


def split(axes: Axes) -> tuple[list[Rectangle], list[Rectangle]]:
    """The boxes, then the tags, of a frame."""
    rectangles = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    boxes = [patch for patch in rectangles if not patch.get_fill()]
    return boxes, [patch for patch in rectangles if patch.get_fill()]


def place(patch: Rectangle) -> tuple[float, float, float, float]:
    return patch.get_x(), patch.get_y(), patch.get_x() + patch.get_width(), patch.get_y() + patch.get_height()


@pytest.fixture
def seen() -> VideoObjects:
    """Frames at 1, 2 and 4 s: a bicycle, a person and a thing without a label; an empty slot; a box of no width."""
    boxes = np.zeros((3, 3, 4))
    boxes[0] = [[0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 1, 1], [0, 0, 0.5, 0.5]]
    boxes[1, 1] = boxes[1, 0] = [0, 0, 1, 1]
    boxes[2, 0] = [0.5, 0, 0.5, 1]
    return VideoObjects(
        "v",
        5.0,
        np.array([1.0, 2.0, 4.0]),
        np.zeros((3, 3, 1)),
        boxes,
        np.array([[0.9, 0.8, 0.7], [0.0, 0.5, 0.0], [0.9, 0.0, 0.0]]),
        np.array([[1, 0, -1], [-1, 0, -1], [0, -1, -1]]),
        ("person", "bicycle"),
    )


WEIGHTS = np.array([[0.25, 0.125, 0.5, 0.125], [0.5, 0.25, 0.25, 0.0], [0.0, 1.0, 0.0, 0.0]])


def test_the_objects_of_a_frame_come_by_their_attention_with_the_word_they_answer(seen: VideoObjects) -> None:
    assert frame_objects(0.2, WEIGHTS, seen, {"bicycle": "bike"}) == [
        FrameObject("person", (0.5, 0.5, 1.0, 1.0), 0.5),
        FrameObject("bicycle", (0.1, 0.2, 0.3, 0.4), 0.125, "bike"),
        FrameObject("unlabelled object", (0.0, 0.0, 0.5, 0.5), 0.125),
    ]


def test_a_time_has_the_objects_of_the_nearest_sampled_frame(seen: VideoObjects) -> None:
    assert [item.weight for item in frame_objects(1.4, WEIGHTS, seen, {})] == [0.5, 0.125, 0.125]
    assert frame_objects(1.6, WEIGHTS, seen, {}) == [FrameObject("person", (0, 0, 1, 1), 0.25)]


def test_slots_without_an_object_and_boxes_without_an_area_are_left_out(seen: VideoObjects) -> None:
    assert frame_objects(5.0, WEIGHTS, seen, {}) == []


def test_boxes_lie_where_they_were_seen_the_more_attention_the_thicker_and_clearer() -> None:
    objects = [
        FrameObject("bicycle", (0.1, 0.2, 0.3, 0.4), 0.5, "bike"),
        FrameObject("person", (0.5, 0.5, 1.0, 1.0), 0.25),
        FrameObject("car", (0.0, 0.5, 0.5, 1.0), 0.0),
    ]
    boxes, _ = split(drawn(objects, most=0.5))
    # the most attended one last, on top
    assert [place(box) for box in boxes] == [
        pytest.approx(box) for box in ((0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1), (0.1, 0.2, 0.3, 0.4))
    ]
    assert [box.get_linewidth() for box in boxes] == pytest.approx([0.8, 1.9, 3.0])
    assert [box.get_alpha() for box in boxes] == pytest.approx([0.4, 0.7, 1.0])
    assert [to_hex(box.get_edgecolor()).upper() for box in boxes] == ["#FFFFFF", "#FFFFFF", ANSWER_COLOUR]


def test_the_first_three_with_attention_have_a_tag() -> None:
    weights = [0.424, 0.25, 0.125, 0.1]
    objects = [FrameObject("car", (k / 5, 0.4, k / 5 + 0.1, 0.6), weight) for k, weight in enumerate(weights)]
    axes = drawn([FrameObject("bicycle", (0.9, 0.4, 1, 0.6), 0.5, "bike"), *objects])
    assert [text.get_text() for text in axes.texts] == ["bicycle 0.50 → “bike”", "car 0.42", "car 0.25"]
    _, tags = split(axes)
    assert [to_hex(tag.get_facecolor()).upper() for tag in tags] == [ANSWER_COLOUR, "#FFFFFF", "#FFFFFF"]
    few = drawn([objects[0], FrameObject("car", (0, 0, 1, 1), 0.004)])
    assert [text.get_text() for text in few.texts] == ["car 0.42"]


def test_without_any_attention_boxes_are_faint_and_have_no_tags() -> None:
    axes = drawn([FrameObject("car", (0, 0, 1, 1), 0.0)], most=0.0)
    [box], tags = split(axes)
    assert (box.get_alpha(), tags) == (0.4, [])


@pytest.mark.parametrize(("size", "least"), [((3.0, 2.0), 3), ((2.6, 1.1), 3), ((1.3, 2.3), 3), ((1.77, 0.3), 1)])
@pytest.mark.parametrize("seed", range(4))
def test_tags_stay_on_the_frame_apart_and_around_their_letters(
    size: tuple[float, float], least: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = ["bicycle", "traffic light at a crossing", "WW"]
    words = ["bicycle", None, "a very long word of a sentence"]
    corners = np.sort(rng.random((3, 2, 2)), axis=1)
    objects = [
        FrameObject(label, (x1, y1, x2, y2), 0.3, word)
        for label, word, ((x1, y1), (x2, y2)) in zip(labels, words, corners.tolist(), strict=True)
    ]
    axes = drawn(objects, axes=frame_axes(*size))
    _, tags = split(axes)
    extents = [tag.get_window_extent() for tag in tags]
    frame = axes.get_window_extent()
    assert least <= len(tags) <= 3
    with house_style():
        letters = [text.get_window_extent() for text in axes.texts]
    for extent, text in zip(extents, letters, strict=True):
        assert frame.x0 - 1e-6 <= extent.x0 < extent.x1 <= frame.x1 + 1e-6
        assert frame.y0 - 1e-6 <= extent.y0 < extent.y1 <= frame.y1 + 1e-6
        assert extent.x0 <= text.x0 < text.x1 <= extent.x1
    for one, other in combinations(extents, 2):
        width = min(one.x1, other.x1) - max(one.x0, other.x0)
        height = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert min(width, height) < 1e-6


@pytest.mark.parametrize(
    ("width", "text"),
    [(3.0, "bicycle 0.42 → “bicycle”"), (1.3, "bicycle 0.42\n→ “bicycle”"), (0.5, "0.42")],
)
def test_a_narrow_frame_says_less(width: float, text: str) -> None:
    axes = drawn([FrameObject("bicycle", (0.2, 0.4, 0.6, 0.6), 0.42, "bicycle")], axes=frame_axes(width))
    assert [found.get_text() for found in axes.texts] == [text]


@pytest.mark.parametrize("size", [(0.3, 0.3), (2.6, 0.05)])
def test_a_tiny_frame_has_boxes_without_tags(size: tuple[float, float]) -> None:
    axes = drawn([FrameObject("bicycle", (0.2, 0.4, 0.6, 0.6), 0.42, "bicycle")], axes=frame_axes(*size))
    boxes, tags = split(axes)
    assert (len(boxes), tags, list(axes.texts)) == (1, [], [])


def test_long_labels_and_words_are_cut() -> None:
    item = FrameObject("traffic light at a crossing", (0, 0, 1, 1), 0.1, "abcdefghijklmnopqrstuvw")
    assert item.tags[0] == "traffic light at… 0.10 → “abcdefghijklmnopq…”"


def test_a_line_leads_from_a_tag_that_found_no_room_at_its_box() -> None:
    # three boxes in one corner of a flat frame
    objects = [FrameObject("bicycle", (0.0, 0.0, 0.02, 0.02), 0.3 - k / 10, "bicycle") for k in range(3)]
    axes = drawn(objects, axes=frame_axes(3.0, 0.5))
    assert len(split(axes)[1]) == 3
    ends = [np.asarray(line.get_xydata())[-1].tolist() for line in axes.lines]
    assert ends
    assert all(end == pytest.approx([0.02, 0.02]) for end in ends)


def test_a_tag_of_two_lines_is_twice_as_high_and_as_wide_as_the_longer() -> None:
    width, height = tag_size("bicycle 0.42")
    assert tag_size("bicycle 0.42\n→") == pytest.approx((width, 2 * height))
