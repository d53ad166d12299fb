"""How features were made, and whether two ways are the same for a network."""

import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

LABEL_FEATURES = "mean word vector of the label"
"""`features` of a fingerprint where an object's feature says nothing but its label."""
NAME = "name"
"""Key of a fingerprint that says how a model was opened: its hashes say whether it is the same."""
_OF_LABELS = ("features", "feature_size", "word_vectors")


def told_apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Say in what two fingerprints differ, part by part; nothing where they are the same.

    What is not in one of them counts as None there, and of a file that is named with its hash only the hash.
    """
    return ", ".join(_differences(one, other))


def told_apart_for_network(trained: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Say why a network that was trained on some features cannot be asked about others; nothing where it can.

    Label features say the same behind any detector: only the word vectors count. All others must be made alike.
    """
    if trained.get("features") == given.get("features") == LABEL_FEATURES:
        trained, given = ({key: of.get(key) for key in _OF_LABELS} for of in (trained, given))
    return told_apart(trained, given)


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
