"""Of what kind a first answer's mistake is: in time alone, with nothing known of the video's content."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Float

from leorn.config import Against
from leorn.records import Moment, Prediction, Query
from leorn.scoring.metrics import overlaps, spans_of
from leorn.scoring.ranking import hits, iou

Kind = Literal["hit", "right place, wrong length", "half overlap", "other event", "not even near", "no answer"]
KINDS: dict[Kind, str] = {
    "hit": "the first answer is a hit",
    "right place, wrong length": "a true moment lies in the answer or the answer in it, to nine tenths of the shorter",
    "half overlap": "IoU of a tenth or more with a true moment, but neither lies in the other",
    "other event": "the answer hits a moment of another sentence about the video",
    "not even near": "none of these",
    "no answer": "no moment was proposed",
}
"""What a first answer can be, and its rule; the first rule that fits decides."""
INSIDE = 0.9
OVERLAP = 0.1


def kinds_of_answers(
    predictions: Sequence[Prediction],
    queries: Sequence[Query],
    threshold: float = 0.5,
    strict: bool = True,
    against: Against = "any",
) -> list[Kind]:
    """Say of each query what its first answer is, by the rules of `KINDS`.

    Args:
        predictions: one for each query, in the order of the queries.
        queries: with their moments.
        threshold: the IoU that makes a hit.
        strict: a hit is IoU > threshold; otherwise IoU ≥ threshold.
        against: which of several moments a hit must meet: see `leorn.scoring.metrics.overlaps`; the other rules look at
            each moment.
    """
    of_video: dict[str, list[Query]] = defaultdict(list)
    for query in queries:
        of_video[query.video].append(query)
    return [
        _kind(prediction.moments[:1], query, of_video[query.video], threshold, strict, against)
        for prediction, query in zip(predictions, queries, strict=True)
    ]


def _kind(
    answer: Sequence[Moment],
    query: Query,
    neighbours: Sequence[Query],
    threshold: float,
    strict: bool,
    against: Against,
) -> Kind:
    if not answer:
        return "no answer"
    first, truths = spans_of(answer), spans_of(query.moments)
    if hits(overlaps(first, truths, against), threshold, strict)[0]:
        return "hit"
    if hits(_share_of_shorter(first, truths), INSIDE, strict=False).any():
        return "right place, wrong length"
    if hits(iou(first, truths), OVERLAP, strict=False).any():
        return "half overlap"
    others = [moment for other in neighbours if other is not query for moment in other.moments]
    if others and hits(iou(first, spans_of(others)), threshold, strict).any():
        return "other event"
    return "not even near"


def _share_of_shorter(first: Float[np.ndarray, "1 2"], truths: Float[np.ndarray, "M 2"]) -> Float[np.ndarray, "M"]:
    """How much of the shorter of two spans lies in the other."""
    shared = np.minimum(first[:, 1], truths[:, 1]) - np.maximum(first[:, 0], truths[:, 0])
    return shared.clip(0) / np.minimum(np.diff(first), np.diff(truths))[:, 0]
