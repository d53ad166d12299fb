"""The parts of a data set, and whether what there is of them is enough."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from leorn.data.offers import Offer

Role = Literal["queries", "words", "objects", "frame features", "videos"]
State = Literal["here", "missing", "wrong"]


@dataclass(frozen=True)
class Part:
    """A part of a data set, and what there is of it.

    Attributes:
        role: what kind of part it is.
        name: what to call it.
        path: where it lies, or has to.
        state: `wrong` is what is there and is not as it has to be.
        found: what is there.
        expected: what has to be there.
        needed_for: what reads it.
        problem: what is missing or wrong with it, where more can be said than what was found.
        offers: where it can be had, for a part that is not here and has to be.
    """

    role: Role
    name: str
    path: str
    state: State
    found: str
    expected: str
    needed_for: str
    problem: str | None = None
    offers: tuple[Offer, ...] = ()


def in_the_way(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return the parts that keep an object network from being trained and evaluated.

    That takes all queries, the word vectors and one of the sources of objects, and nothing there that is wrong.
    """
    parts = tuple(parts)
    enough = any(part.role == "objects" and part.state == "here" for part in parts)
    needed = {"queries", "words"} if enough else {"queries", "words", "objects"}
    return tuple(part for part in parts if part.state == "wrong" or (part.state == "missing" and part.role in needed))
