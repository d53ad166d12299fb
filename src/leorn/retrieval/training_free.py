"""Finding moments in the videos of a library without a trained network, by its dual encoder alone.

Letters of shapes: T sampled frames, S = N + 1 tokens of a frame.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from leorn.config import ExtractionConfig
from leorn.errors import InputError
from leorn.features.extract import LabelVectors
from leorn.features.store import FeatureStore
from leorn.records import Moment, Query
from leorn.retrieval.curve import MOST_STEPS, STEP_SECONDS, find_moments
from leorn.retrieval.encoders import DualEncoder
from leorn.retrieval.evidence import FUNCTION_WORDS, Answer
from leorn.retrieval.manifest import OBJECTS, WINDOWS
from leorn.retrieval.step_table import StepTable

NO_NETWORK = "none"
"""In place of a network's name."""


class CurveLocaliser:
    """Finds moments by how similar each second of a video is to the sentence.

    Args:
        encoder: the library's.
        folder: the library's.

    Raises:
        InputError: no store in the folder.
    """

    def __init__(self, encoder: DualEncoder, folder: Path) -> None:
        self._encoder, self._folder = encoder, folder
        self.reopen()

    def known_share(self, query: str) -> float:
        """Return 1: a dual encoder reads every word, by its pieces."""
        del query
        return 1.0

    def find(self, query: str, videos: Sequence[str], top_k: int) -> list[list[Moment]]:
        """Return the moments of each of the videos, best first.

        Raises:
            InputError: a video of which there are no steps.
        """
        curves = self._curves(query, videos)
        return [list(find_moments(curve, duration_seconds, top_k)) for duration_seconds, curve in curves]

    def explain(self, query: str, video: str, top_k: int) -> Answer:
        """Return the moments of one video, its objects, of which none has a weight, and the curve of similarity.

        Raises:
            InputError: as `find`, or the store has no such video.
        """
        ((duration_seconds, curve),) = self._curves(query, [video])
        objects = self._store.read(video)
        frames, slots = objects.labels.shape
        # a similarity below 0 says as little as 0
        shown = curve.clip(0, 1)[(np.arange(frames) * 2 + 1) * len(curve) // (2 * frames)]
        return Answer(
            Query(query, video, query, duration_seconds),
            find_moments(curve, duration_seconds, top_k),
            known_words=1.0,
            video=objects,
            weights=np.zeros((frames, slots + 1), np.float32),
            curve=shown,
            answers_to=named_words(objects.label_names, query),
        )

    def reopen(self) -> None:
        """Take up what has been written to the library."""
        self._store, self._steps = FeatureStore(self._folder / OBJECTS), StepTable(self._folder / WINDOWS)

    def _curves(self, query: str, videos: Sequence[str]) -> list[tuple[float, Float[np.ndarray, "steps"]]]:
        """Return the duration of each video, and how similar each of its steps is to a sentence."""
        steps = self._steps.read(videos)
        for video in videos:
            if video not in steps:
                raise InputError(f"{self._folder}: holds no steps of video {video}; expected a video of the library")
        vector = self._encoder.sentences([query])[0]
        return [(steps[video].duration_seconds, steps[video].vectors @ vector) for video in videos]


def named_words(label_names: Sequence[str], query: str) -> dict[str, str]:
    """Return which word of a sentence each label has in it, where no word vectors can tell what is near.

    Args:
        label_names: what the detector knows.
        query: the sentence.
    """
    said = [word for part in query.lower().split() if (word := part.strip(".,;:!?\"'()")) not in FUNCTION_WORDS]
    return {
        label: next(word for word in said if word in parts)
        for label in label_names
        if (parts := label.lower().split()) and any(word in parts for word in said)
    }


def extraction() -> ExtractionConfig:
    """Return how objects are found that no network sees: by the usual detector, in a frame of each step."""
    return ExtractionConfig(frames=MOST_STEPS, rate=1 / STEP_SECONDS)


def no_vectors(names: Sequence[str]) -> LabelVectors:
    """Give labels no vectors: nothing reads the objects' features."""
    empty: Float[np.ndarray, "V D_w"] = np.zeros((len(names), 0), np.float32)
    return LabelVectors(empty, "none")
