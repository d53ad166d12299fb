"""Why a network answers as it does, in terms that people can look at.

Letters of shapes: T sampled frames, S = N + 1 tokens of a frame, V candidates, L words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from leorn.data.words import WordVectors
from leorn.features.published import unit_rows
from leorn.records import Moment, Query, VideoObjects

MIN_DEVIATIONS = 3.5
"""A label answers a word whose cosine with it is so many standard deviations above that of the vocabulary's words."""
SAME = 0.99
"""Cosine of a label and a word that are the same, however small the vocabulary."""
MARGIN = 0.05
"""A word is answered by the labels nearest to it, none farther than this from the nearest of all labels."""
# fmt: off
FUNCTION_WORDS = frozenset({
    "a", "an", "and", "are", "at", "be", "by", "down", "from", "in", "is", "it", "of", "on", "or", "over", "some",
    "that", "the", "there", "this", "to", "under", "up", "who", "with",
})
# fmt: on
"""Words that no object answers, near as their vectors are to all others."""


@dataclass(frozen=True, eq=False)
class Answer:
    """The moments found for a query, and the evidence for them.

    Attributes:
        query: the sentence, with its video.
        moments: best first.
        known_words: share of the sentence's words that have a vector, 0..1.
        video: the objects as the network saw them.
        weights: (T, S) attention to each object of each frame, the frame's context first.
        curve: (T,) best score of any candidate that covers each T-th part of the video.
        answers_to: label → the word of the query that it is nearest to, for labels that are near one.
    """

    query: Query
    moments: tuple[Moment, ...]
    known_words: float
    video: VideoObjects = field(repr=False)
    weights: Float[np.ndarray, "T S"] = field(repr=False)
    curve: Float[np.ndarray, "T"] = field(repr=False)
    answers_to: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as plain values, for JSON: times in seconds, objects by their attention over the moment."""
        return {
            "query": self.query.text,
            "video": self.query.video,
            "duration_seconds": round(self.query.duration_seconds, 3),
            "known_words": round(self.known_words, 3),
            "moments": [
                {
                    "start_seconds": round(moment.start_seconds, 3),
                    "end_seconds": round(moment.end_seconds, 3),
                    "score": round(moment.score or 0.0, 4),
                    "objects": self.objects_in(moment),
                }
                for moment in self.moments
            ],
        }

    def objects_in(self, moment: Moment, most: int = 3) -> list[dict[str, Any]]:
        """Return the labels that got most attention inside a moment, with their share of it.

        Args:
            moment: of this video.
            most: labels to return.
        """
        times = self.video.times_seconds
        inside = (times >= moment.start_seconds) & (times <= moment.end_seconds)
        if not inside.any():
            inside[np.abs(times - sum(moment.span) / 2).argmin()] = True
        weights, labels = self.weights[inside, 1:], self.video.labels[inside]
        shares = {
            name: float(weights[labels == label].sum() / inside.sum())
            for label, name in enumerate(self.video.label_names)
            if (labels == label).any()
        }
        best = sorted(shares.items(), key=lambda item: -item[1])[:most]
        return [
            {"label": name, "attention": round(share, 4), "answers": self.answers_to.get(name)}
            for name, share in best
            if share > 0
        ]


def score_curve(
    spans: Float[np.ndarray, "V 2"], scores: Float[np.ndarray, "V"], parts: int
) -> Float[np.ndarray, "parts"]:
    """Return, for the middle of each of equal parts of a video, the best score of a candidate that covers it.

    Args:
        spans: (V, 2) in fractions of the duration.
        scores: (V,) of each candidate.
        parts: how many.

    Returns:
        (parts,) scores; 0 where no candidate covers the middle.
    """
    middles = (np.arange(parts) + 0.5) / parts
    order = np.argsort(scores, kind="stable")
    first, beyond = np.searchsorted(middles, spans[order].T)
    curve = np.zeros(parts)
    # the best is painted last; a matrix of all candidates and parts would grow with the square of the video
    for start, end, score in zip(first.tolist(), beyond.tolist(), scores[order].tolist(), strict=True):
        curve[start:end] = score
    return curve


def answered_words(label_names: Sequence[str], tokens: Sequence[str], words: WordVectors) -> dict[str, str]:
    """Return which word of a query each label answers, by the cosine of their vectors.

    Args:
        label_names: all labels that the detector knows: a car answers no bicycle where there are bicycles.
        tokens: words of the query.
        words: their vectors.

    Returns:
        label → word, for the labels that answer one.
    """
    asked = [token for token in tokens if token not in FUNCTION_WORDS]
    if not asked or not label_names:
        return {}
    labels = unit_rows(np.stack([words.phrase(label) for label in label_names]))
    vectors = unit_rows(words.encode(asked))
    cosines = labels @ vectors.T
    # what is near depends on how the vectors were made: in GloVe any two words have a cosine well above 0
    mean, moments = words.usual
    usual = vectors @ mean
    deviation = np.sqrt((np.einsum("kd,de,ke->k", vectors, moments, vectors) - usual**2).clip(min=0))
    least = np.minimum(usual + MIN_DEVIATIONS * deviation, SAME)
    near = (cosines >= least) & (cosines >= cosines.max(axis=0) - MARGIN)
    best = np.where(near, cosines, -1).argmax(axis=1)
    return {label: asked[best[row]] for row, label in enumerate(label_names) if near[row].any()}
