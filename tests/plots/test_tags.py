import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.plots.tags import Rectangle, distance, overlap, place_tag

PICTURE = (10.0, 6.0)
TAG = (2.0, 1.0)
sides = st.floats(0.25, 12)


@st.composite
def rectangles(draw: st.DrawFn) -> Rectangle:
    left, right = sorted((draw(st.floats(0, 10)), draw(st.floats(0, 10))))
    top, bottom = sorted((draw(st.floats(0, 6)), draw(st.floats(0, 6))))
    return left, top, right, bottom


def test_a_tag_stands_above_its_thing() -> None:
    assert place_tag(TAG, (3, 2, 6, 4), PICTURE, []) == (3, 1, 5, 2)


def test_a_tag_moves_sideways_into_the_picture() -> None:
    assert place_tag(TAG, (9, 2, 10, 4), PICTURE, []) == (8, 1, 10, 2)


@pytest.mark.parametrize(
    ("thing", "taken", "place"),
    [
        # no room above: below
        ((3, 0.5, 6, 4), [], (3, 4, 5, 5)),
        # above at the left edge stands another tag: above at the right edge
        ((3, 2, 6, 4), [(2, 1, 4, 2)], (4, 1, 6, 2)),
        # the thing is as high as the picture: right of it
        ((3, 0, 6, 6), [], (6, 0, 8, 1)),
        # and wide at the right: left of it
        ((3, 0, 9, 6), [], (1, 0, 3, 1)),
        # the thing fills the picture: in it
        ((0, 0, 10, 6), [], (0, 0, 2, 1)),
    ],
)
def test_a_tag_without_room_above_finds_another_edge(
    thing: Rectangle, taken: list[Rectangle], place: Rectangle
) -> None:
    assert place_tag(TAG, thing, PICTURE, taken) == place


def test_a_tag_hides_as_little_as_it_can() -> None:
    thing, above = (3, 2, 6, 4), (3, 0, 6, 2)
    assert place_tag(TAG, thing, PICTURE, [], [thing, above]) == (3, 4, 5, 5)


def test_a_tag_without_room_at_its_thing_stands_as_near_as_it_can() -> None:
    thing = (0, 0, 1, 1)
    place = place_tag(TAG, thing, PICTURE, [(0, 0, 4, 3)])
    assert place is not None
    # 2 down is nearer than 3 across
    assert distance(place, thing) == pytest.approx(2.0, abs=6 / 24)
    assert overlap(place, (0, 0, 4, 3)) == 0


def test_a_picture_without_room_has_no_place() -> None:
    assert place_tag(TAG, (0, 0, 1, 1), PICTURE, [(0, 0, 10, 6)]) is None
    assert place_tag((11.0, 1.0), (0, 0, 1, 1), PICTURE, []) is None


@given(st.tuples(sides, sides), rectangles(), st.lists(rectangles(), max_size=4))
def test_a_tag_never_leaves_the_picture_nor_covers_another(
    size: tuple[float, float], thing: Rectangle, taken: list[Rectangle]
) -> None:
    place = place_tag(size, thing, PICTURE, taken)
    if place is None:
        # then nothing is free in the middle of an empty picture either
        assert taken or size[0] > 10 or size[1] > 6
    else:
        left, top, right, bottom = place
        assert (right - left, bottom - top) == pytest.approx(size)
        assert left >= 0
        assert top >= 0
        assert right <= 10
        assert bottom <= 6
        for other in taken:
            # one without an area covers nothing, wherever it stands
            empty = other[0] == other[2] or other[1] == other[3]
            assert empty or right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top


@pytest.mark.parametrize(
    ("other", "shared", "apart"),
    [((2, 0.5, 5, 3), 1.5, 0.0), ((3, 0, 4, 2), 0.0, 0.0), ((6, 6, 7, 7), 0.0, 5.0), ((0, 5, 1, 6), 0.0, 3.0)],
)
def test_shared_area_and_distance_of_rectangles(other: Rectangle, shared: float, apart: float) -> None:
    one = (0, 0, 3, 2)
    assert overlap(one, other) == overlap(other, one) == shared
    assert distance(one, other) == distance(other, one) == apart
