"""The constant window: answer every query with the same share of its video, best on training data.

It has seen neither video nor sentence, so a network must beat it clearly; on Charades-STA it is not weak (compare the
bias-based method of Yuan et al. 2021, "A Closer Look at Temporal Sentence Grounding in Videos").
Letters of shapes: Q queries, M moments, W windows.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.ranking import hits, iou

GRID_STEPS = 50
"""Window ends lie on a grid of 1/50 of the video."""
MOMENTS_AT_ONCE = 512
"""Bounds the memory of the search: moments × 1,275 windows, in float64."""


def constant_windows(
    train_queries: Sequence[Query], count: int = 5, threshold: float = 0.5, strict: bool = True
) -> list[tuple[float, float]]:
    """Windows for R@n: the first is the best alone, each next one adds most hits to those before it.

    The greedy choice is within 1 - 1/e of the best set (Nemhauser, Wolsey & Fisher 1978), whose search is out of reach.

    Args:
        train_queries: with their moments; queries without one are left out.
        count: how many windows at most.
        threshold: the IoU that makes a hit.
        strict: a hit is IoU > threshold; otherwise IoU ≥ threshold.

    Returns:
        Windows, best first: start and end as shares of the duration; fewer than `count` where no further one adds a
        hit.

    Raises:
        InputError: no query with a moment.
    """
    train_queries = [query for query in train_queries if query.moments]
    if not train_queries:
        raise InputError("constant window: no training query has a moment; expected at least one")
    windows = _grid()
    found = _hits_of_windows(train_queries, windows, threshold, strict)
    missed = np.ones(len(train_queries), dtype=bool)
    chosen: list[tuple[float, float]] = []
    for _ in range(count):
        gains = found[missed].sum(axis=0)
        best = gains.argmax()
        if chosen and gains[best] == 0:
            break
        chosen.append((float(windows[best, 0]), float(windows[best, 1])))
        missed &= ~found[:, best]
    return chosen


def constant_window_predictions(queries: Sequence[Query], windows: Sequence[tuple[float, float]]) -> list[Prediction]:
    """Answer each query with the same windows, best first and without scores.

    Args:
        queries: to answer.
        windows: start and end as shares of the duration, as from `constant_windows`.
    """
    return [
        Prediction(
            query.query_id,
            query.video,
            tuple(Moment(start * query.duration_seconds, end * query.duration_seconds) for start, end in windows),
        )
        for query in queries
    ]


def _grid() -> Float[np.ndarray, "W 2"]:
    starts, ends = np.triu_indices(GRID_STEPS)
    return np.stack([starts, ends + 1], axis=1) / GRID_STEPS


def _hits_of_windows(
    queries: Sequence[Query], windows: Float[np.ndarray, "W 2"], threshold: float, strict: bool
) -> Bool[np.ndarray, "Q W"]:
    """Which window hits any moment of which query."""
    spans = np.array([np.array(moment.span) / query.duration_seconds for query in queries for moment in query.moments])
    found = np.concatenate(
        [
            hits(iou(spans[start : start + MOMENTS_AT_ONCE], windows), threshold, strict)
            for start in range(0, len(spans), MOMENTS_AT_ONCE)
        ]
    )
    counts = [len(query.moments) for query in queries]
    return np.logical_or.reduceat(found, np.cumsum([0, *counts[:-1]]), axis=0)
