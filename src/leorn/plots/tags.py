"""Small signs on a picture, placed so that none leaves it and none covers another."""

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom; y counts downwards."""

STEPS = 24
"""Places tried across a picture, and as many down it, where there is no room beside the thing itself."""


def place_tag(
    size: tuple[float, float],
    thing: Rectangle,
    picture: tuple[float, float],
    taken: Sequence[Rectangle],
    things: Sequence[Rectangle] = (),
) -> Rectangle | None:
    """Find where a tag can stand: at an edge of its thing, else as near to it as there is room.

    Args:
        size: width and height of the tag, in the unit of everything here.
        thing: what the tag names.
        picture: width and height of the picture that the tag must not leave.
        taken: where other tags stand; this one covers none of them.
        things: what the tag should rather not cover: of the places at its thing it gets the one that hides least.

    Returns:
        The place, or None where the picture has no room for the tag.
    """
    free = [place for place in _beside(size, thing, picture) if _fits(place, picture, taken)]
    if free:
        return min(free, key=lambda place: sum(overlap(place, other) for other in things))
    free = [place for place in _everywhere(size, picture) if _fits(place, picture, taken)]
    return min(free, key=lambda place: distance(place, thing), default=None)


def overlap(one: Rectangle, other: Rectangle) -> float:
    """The area that two rectangles share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def distance(one: Rectangle, other: Rectangle) -> float:
    """The shortest way from one rectangle to the other; 0 where they touch."""
    across = max(one[0] - other[2], other[0] - one[2], 0.0)
    down = max(one[1] - other[3], other[1] - one[3], 0.0)
    return float(np.hypot(across, down))


def _beside(size: tuple[float, float], thing: Rectangle, picture: tuple[float, float]) -> Iterator[Rectangle]:
    """Above and below the thing, beside it, then in it; what is not beside it moves sideways into the picture."""
    width, height = size
    left, top, right, bottom = thing
    lefts = [max(min(x, picture[0] - width), 0.0) for x in (left, right - width)]
    for y, x in product((top - height, bottom), lefts):
        yield _rectangle(x, y, size)
    for x, y in product((right, left - width), (top, bottom - height)):
        yield _rectangle(x, y, size)
    for y, x in product((top, bottom - height), lefts):
        yield _rectangle(x, y, size)


def _everywhere(size: tuple[float, float], picture: tuple[float, float]) -> Iterator[Rectangle]:
    """A grid of places that fills the picture."""
    across, down = (np.linspace(0, max(whole - part, 0.0), STEPS) for whole, part in zip(picture, size, strict=True))
    for y, x in product(down.tolist(), across.tolist()):
        yield _rectangle(x, y, size)


def _rectangle(left: float, top: float, size: tuple[float, float]) -> Rectangle:
    return left, top, left + size[0], top + size[1]


def _fits(place: Rectangle, picture: tuple[float, float], taken: Sequence[Rectangle]) -> bool:
    inside = place[0] >= 0 and place[1] >= 0 and place[2] <= picture[0] and place[3] <= picture[1]
    return inside and not any(overlap(place, other) > 0 for other in taken)
