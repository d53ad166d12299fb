"""A detector and a backbone that read the number of a frame and know what is in it: nothing is left to chance."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float, UInt8

from leorn.features import extract as extract_module
from leorn.features.detectors import Detections
from tests.videos import number_of

LABELS = ("cup", "frying pan", "zyxwv")
SLOTS = 3
FEATURE_SIZE, FRAME_SIZE = 5, 4


def objects_in(number: int) -> Detections:
    """Return the objects of the frame of this number: none in every fourth frame, `SLOTS` at most."""
    rng = np.random.default_rng(number)
    count = number % (SLOTS + 1)
    low = rng.uniform(0, 0.5, (count, 2))
    return Detections(
        boxes=np.hstack([low, low + rng.uniform(0.1, 0.5, (count, 2))]).astype(np.float32),
        scores=-np.sort(-rng.uniform(0.3, 1, count)).astype(np.float32),
        labels=rng.integers(0, len(LABELS), count),
        features=rng.normal(0, 9, (count, FEATURE_SIZE)).astype(np.float32),
    )


def description_of(number: int) -> Float[np.ndarray, "D_f"]:
    """Return the feature of the whole frame of this number."""
    return np.random.default_rng(100 + number).normal(0, 9, FRAME_SIZE).astype(np.float32)


class NumberDetector:
    """Finds `objects_in` the frames of `tests.videos`, and remembers the numbers it saw, batch by batch."""

    label_names = LABELS
    feature_size = FEATURE_SIZE
    max_side: int | None = None

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - what open_detector takes
        self.fingerprint: Mapping[str, Any] = {"name": "numbers", **options}
        self.seen: list[list[int]] = []

    def detect(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Detections]:
        self.seen.append([number_of(frame) for frame in frames])
        return [objects_in(number) for number in self.seen[-1]]


class NumberBackbone:
    """Gives the `description_of` the frames of `tests.videos`."""

    feature_size = FRAME_SIZE
    fingerprint: Mapping[str, Any] = {"name": "numbers too"}

    def describe(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> Float[np.ndarray, "F D_f"]:
        return np.stack([description_of(number_of(frame)) for frame in frames])


class Told:
    """A progress that remembers what it was told: how many were done, of how many."""

    def __init__(self) -> None:
        self.counts: list[tuple[int, int]] = []

    def __call__(self, done: int, total: int) -> None:
        self.counts.append((done, total))


def detect_numbers(monkeypatch: pytest.MonkeyPatch) -> list[NumberDetector]:
    """Let every detector and backbone be of this file; the detectors that are opened appear in the list."""
    opened: list[NumberDetector] = []

    def open_detector(name: str, **options: Any) -> NumberDetector:  # noqa: ANN401
        opened.append(NumberDetector(kind=name, **options))
        return opened[-1]

    monkeypatch.setattr(extract_module, "open_detector", open_detector)
    monkeypatch.setattr("leorn.features.backbones.open_backbone", lambda name: NumberBackbone())
    return opened
