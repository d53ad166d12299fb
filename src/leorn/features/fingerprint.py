"""How features were made, and whether two ways are the same for a network."""

import reprlib
from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any

from leorn.errors import InputError

LABEL_FEATURES = "mean word vector of the label"
"""`features` of a fingerprint where an object's feature says nothing but its label."""
NAME = "name"
"""Key of a fingerprint that says how a model was opened: its hashes say whether it is the same."""
_OF_LABELS = ("features", "feature_size", "word_vectors")
_OF_FRAMES = ("extractor", "backbone", "frames", "rate", "sampling")


_Expected = tuple[Callable[[Any], bool], str]
"""Whether a value is right, and what would be."""
# a bool is an int too
_COUNT: _Expected = (lambda value: type(value) is int and value >= 1, "a whole number, 1 or more")
_RATE: _Expected = (lambda value: type(value) in (int, float) and 0 < value < inf, "a number above 0")
_NAME: _Expected = (lambda value: isinstance(value, str), "text")
_SHARE: _Expected = (lambda value: type(value) in (int, float) and 0 <= value <= 1, "a number from 0 to 1")
_READ: dict[str, _Expected] = {
    "frames": _COUNT,
    "rate": _RATE,
    "slots": _COUNT,
    "detector": (lambda value: isinstance(value, Mapping), "keys with their values"),
    f"detector.{NAME}": _NAME,
    "detector.min_score": _SHARE,
    "detector.nms_iou": _SHARE,
    f"backbone.{NAME}": _NAME,
}
"""What is read of a fingerprint to make the same features again, with what it must be where it is there."""


def told_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Say in what two fingerprints differ, part by part; nothing where they are the same.

    What is not in one of them counts as None there, and of a file that is named with its hash only the hash.
    """
    return ", ".join(_differences(one, other))


def told_apart_for_network(trained: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Say why a network that was trained on some features cannot be asked about others; nothing where it can.

    Label features say the same behind any detector: only the word vectors count. All others must be made alike. What
    describes whole frames beside the objects does not matter to them: see `frames_part`.
    """
    if trained.get("features") == given.get("features") == LABEL_FEATURES:
        trained, given = ({key: of.get(key) for key in _OF_LABELS} for of in (trained, given))
    return told_apart(*({key: of[key] for key in of if key != "backbone"} for of in (trained, given)))


def frames_part(fingerprint: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the frame features of a store were made, of the fingerprint of all that is in it."""
    return {key: fingerprint.get(key) for key in _OF_FRAMES}


def check_fingerprint(fingerprint: Mapping[str, Any], where: str) -> None:
    """See that what says how to make features again can be used.

    Args:
        fingerprint: of a network's features, from a file.
        where: whose it is, for the message.

    Raises:
        InputError: a value of another type, or out of its range.
    """
    for key, (fits, expected) in _READ.items():
        part, _, inner = key.rpartition(".")
        within = fingerprint.get(part) if part else fingerprint
        value = within.get(inner) if isinstance(within, Mapping) else None
        if value is not None and not fits(value):
            raise InputError(f"{where}: fingerprint: {key} is {reprlib.repr(value)}; expected {expected}")


def same_words(one: str, other: str) -> bool:
    """Say whether two sources of word vectors hold the same: a file may have another name."""
    return _content(one) == _content(other)


def _differences(one: Mapping[str, Any], other: Mapping[str, Any], within: str = "") -> Iterator[str]:
    for key in sorted({*one, *other} - {NAME}):
        here, there = one.get(key), other.get(key)
        if isinstance(here, Mapping) and isinstance(there, Mapping):
            yield from _differences(here, there, f"{within}{key}.")
        elif _content(here) != _content(there):
            yield f"{within}{key} {_told(there)} instead of {_told(here)}"


def _content(value: Any) -> Any:  # noqa: ANN401 - any JSON
    return value.rpartition("sha256:")[2] if isinstance(value, str) else value


def _told(value: object) -> str:
    # a whole model's fingerprint is too long for a line
    return reprlib.repr(value) if isinstance(value, Mapping) else repr(value)
