"""Dual encoders: sentences and windows of videos as vectors that lie near each other where they go together.

Letters: Q sentences, W windows, D width of a vector.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float

from leorn.errors import InputError
from leorn.records import VideoObjects
from leorn.retrieval.sentences import SentenceEncoder
from leorn.retrieval.windows import Window, frames_inside

FEWEST = 0.1
"""Labels count whose weight is at least this share of the greatest."""
MOST = 8
"""The most labels of a window."""
NOTHING = "nothing"
"""What is said of a window in which nothing was detected."""


class DualEncoder(Protocol):
    """What recalls windows: vectors of length 1, compared by their cosine."""

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """What made the vectors; JSON."""
        ...

    def sentences(self, texts: Sequence[str]) -> Float[np.ndarray, "Q D"]:
        """Return the vectors of sentences."""
        ...

    def windows(self, objects: VideoObjects, windows: Sequence[Window], file: Path | None) -> Float[np.ndarray, "W D"]:
        """Return the vectors of windows of a video, of its objects or of its file, which may be unknown."""
        ...


class LabelEncoder:
    """What was detected in a window, as a sentence through a sentence encoder: works with any detector that has labels.

    Args:
        encoder: of sentences.
    """

    def __init__(self, encoder: SentenceEncoder) -> None:
        self._encoder = encoder
        self.fingerprint: Mapping[str, Any] = {
            "encoder": "labels",
            "fewest": FEWEST,
            "most": MOST,
            "sentences": encoder.fingerprint,
        }

    def sentences(self, texts: Sequence[str]) -> Float[np.ndarray, "Q D"]:
        """Return the vectors of sentences."""
        return self._encoder(texts)

    def windows(
        self, objects: VideoObjects, windows: Sequence[Window], file: Path | None = None
    ) -> Float[np.ndarray, "W D"]:
        """Return the vectors of windows of a video."""
        del file
        said = [describe(objects, window) for window in windows]
        # neighbours mostly hold the same
        places = {sentence: place for place, sentence in enumerate(dict.fromkeys(said))}
        return self._encoder(list(places))[[places[sentence] for sentence in said]]


class AskedOnce:
    """A dual encoder that reads the sentence it has read last no second time: recalling and localising both ask for it.

    Args:
        encoder: what reads.
    """

    def __init__(self, encoder: DualEncoder) -> None:
        self._encoder = encoder
        self._last: tuple[str, Float[np.ndarray, "1 D"]] | None = None
        self.fingerprint: Mapping[str, Any] = encoder.fingerprint

    def sentences(self, texts: Sequence[str]) -> Float[np.ndarray, "Q D"]:
        """Return the vectors of sentences."""
        last = self._last
        if last is not None and list(texts) == [last[0]]:
            return last[1]
        vectors = self._encoder.sentences(texts)
        if len(texts) == 1:
            self._last = texts[0], vectors
        return vectors

    def windows(self, objects: VideoObjects, windows: Sequence[Window], file: Path | None) -> Float[np.ndarray, "W D"]:
        """Return the vectors of windows of a video."""
        return self._encoder.windows(objects, windows, file)


def describe(objects: VideoObjects, window: Window) -> str:
    """Say what was detected in a window: labels, those first that are seen longest and surest.

    The weight of a label is the mean over the window's frames of the score of its best object there.

    Args:
        objects: of the video.
        window: a stretch of it; one without a sampled frame is told by the frame nearest to its middle.
    """
    inside = frames_inside(objects.times_seconds, window)
    best = np.zeros((len(inside), len(objects.label_names) + 1))
    rows = np.broadcast_to(np.arange(len(inside))[:, None], objects.labels[inside].shape)
    # label -1, no label, looks at the last column
    np.maximum.at(best, (rows, objects.labels[inside]), objects.scores[inside])
    weights = dict(zip(objects.label_names, best.mean(0), strict=False))
    least = FEWEST * max(weights.values(), default=0.0)
    seen = [name for name in sorted(weights, key=lambda name: (-weights[name], name)) if weights[name] > 0]
    return ", ".join([name for name in seen if weights[name] >= least][:MOST]) or NOTHING


def lasting_encoder(name: str) -> str:
    """Return what names the same encoder from any folder: the path of a model in a folder whole, others as they are."""
    kind, _, model = name.partition(":")
    return f"hf:{Path(model).absolute()}" if kind == "hf" and model and Path(model).is_dir() else name


def open_encoder(name: str) -> DualEncoder:
    """Open a dual encoder.

    Args:
        name: `labels`, or `hf:` with a folder or hub id of an image–text model.

    Raises:
        InputError: an unknown name, or its model is missing.
    """
    if name == "labels":
        return LabelEncoder(SentenceEncoder.of_assets())
    if name.startswith("hf:"):
        from leorn.retrieval.image_text import ImageTextEncoder

        return ImageTextEncoder(name.removeprefix("hf:"))
    raise InputError(f"encoder {name}: no such encoder; expected labels, or hf: with an image–text model")
