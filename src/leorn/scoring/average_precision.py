"""Mean average precision (mAP) of moment retrieval, in percent, as QVHighlights defines it (Lei et al., NeurIPS 2021).

A query's answers are taken best first. Each finds the moment that it overlaps most of those not yet found, where their
IoU reaches the threshold, and is wrong otherwise. The average precision is the area under precision over recall,
interpolated: at each recall the best precision there or beyond (as in PASCAL VOC since 2010). The published script is
`standalone_eval/eval.py` of github.com/jayleicn/moment_detr.

Letters of shapes: Q queries, K answers, M moments of a query, T thresholds.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from leorn.config import MAP_IOUS
from leorn.errors import InputError
from leorn.records import Prediction, Query
from leorn.scoring.pairing import in_order_of_queries
from leorn.scoring.ranking import hits, iou

NAMED_IOUS = (0.5, 0.75)
"""Thresholds that the published tables also show alone."""
ANSWERS = 10
"""Answers of a query that count."""
LENGTH_RANGES = {"short": (0, 10), "middle": (10, 30), "long": (30, 150)}
"""Seconds that a moment is longer than, and that it lasts at most."""

Spans = Sequence[tuple[float, float]]


def average_precisions(
    answers: Float[np.ndarray, "Q K 2"],
    moments: Float[np.ndarray, "Q M 2"],
    ious: Sequence[float],
    strict: bool = False,
) -> Float[np.ndarray, "Q T"]:
    """Average precision of each query at each IoU threshold, in 0..1.

    Args:
        answers: (Q, K, 2) start and end, best first; answers without length stand for none.
        moments: (Q, M, 2) the true ones, M at least 1.
        ious: (T) thresholds, above 0.
        strict: an answer finds a moment where IoU > threshold; otherwise IoU ≥ threshold.
    """
    overlap = iou(answers, moments)
    found = np.stack([_found(overlap, threshold, strict) for threshold in ious], axis=1)
    precision = found.cumsum(axis=2) / np.arange(1, found.shape[2] + 1)
    # precision only falls after the last moment found, so that answers that stand for none change nothing
    interpolated = np.maximum.accumulate(precision[..., ::-1], axis=2)[..., ::-1]
    return (interpolated * found).sum(axis=2) / moments.shape[1]


def mean_average_precision(
    predictions: Sequence[Prediction],
    queries: Sequence[Query],
    ious: Sequence[float] = MAP_IOUS,
    strict: bool = False,
    length_ranges: bool = False,
) -> dict[str, float]:
    """MAP in percent: the means of `average_precision_by_query`, which has the arguments and errors."""
    table = average_precision_by_query(predictions, queries, ious, strict, length_ranges)
    return {name: float(np.nanmean(values)) for name, values in table.items()}


def average_precision_by_query(
    predictions: Sequence[Prediction],
    queries: Sequence[Query],
    ious: Sequence[float] = MAP_IOUS,
    strict: bool = False,
    length_ranges: bool = False,
) -> dict[str, Float[np.ndarray, "Q"]]:
    """Average precision of each query in percent: "mAP@0.5" and "mAP@0.75" where asked for, then "mAP" over all.

    The first ten answers of a query count; one without answers counts 0. With length ranges come "mAP-short",
    "mAP-middle" and "mAP-long": the queries that have a moment of that range, against their moments of that range
    alone. Where no query has one the figure is left out.

    Args:
        predictions: one for each query, in any order, their moments best first.
        queries: with their moments.
        ious: thresholds, above 0 and at most 1.
        strict: an answer finds a moment where IoU > threshold; otherwise IoU ≥ threshold, as published.
        length_ranges: also by the length of the moments.

    Returns:
        A figure's name → (Q,) in the order of `queries`, NaN where a query has no moment of the range.

    Raises:
        InputError: a threshold out of range; predictions that do not go with the queries (see
            `pairing.in_order_of_queries`).
    """
    if not ious or not all(0 < threshold <= 1 for threshold in ious):
        raise InputError(f"IoU thresholds of mAP {list(ious)}: expected one or more, each above 0 and at most 1")
    answers = np.zeros((len(queries), ANSWERS, 2))
    for row, prediction in zip(answers, in_order_of_queries(predictions, queries), strict=True):
        if spans := [moment.span for moment in prediction.moments[:ANSWERS]]:
            row[: len(spans)] = spans
    moments = [[moment.span for moment in query.moments] for query in queries]
    table = 100 * _table(answers, moments, ious, strict)
    columns = zip(ious, table.T, strict=True)
    figures = {f"mAP@{threshold:g}": column for threshold, column in columns if threshold in NAMED_IOUS}
    figures["mAP"] = table.mean(axis=1)
    for name, (low, high) in LENGTH_RANGES.items() if length_ranges else ():
        inside = [[(start, end) for start, end in spans if low < end - start <= high] for spans in moments]
        if rows := [row for row, spans in enumerate(inside) if spans]:
            table = _table(answers[rows], [inside[row] for row in rows], ious, strict)
            figures[f"mAP-{name}"] = np.full(len(queries), np.nan)
            figures[f"mAP-{name}"][rows] = 100 * table.mean(axis=1)
    return figures


def _found(overlap: Float[np.ndarray, "Q K M"], threshold: float, strict: bool) -> Bool[np.ndarray, "Q K"]:
    """Say which answers find a moment that none before them has found."""
    queries, answers, moments = overlap.shape
    free = np.ones((queries, moments), dtype=bool)
    found = np.zeros((queries, answers), dtype=bool)
    for rank in range(answers):
        left = np.where(free, overlap[:, rank], 0)
        # of moments that it overlaps equally, the published script takes the last
        most = moments - 1 - left[:, ::-1].argmax(axis=1)
        found[:, rank] = hits(left.max(axis=1), threshold, strict)
        free &= ~(found[:, rank, None] & (np.arange(moments) == most[:, None]))
    return found


def _table(
    answers: Float[np.ndarray, "Q K 2"], moments: Sequence[Spans], ious: Sequence[float], strict: bool
) -> Float[np.ndarray, "Q T"]:
    """Average precisions of queries with any number of moments, those with as many taken together."""
    table = np.zeros((len(moments), len(ious)))
    for count in {len(spans) for spans in moments}:
        rows = [row for row, spans in enumerate(moments) if len(spans) == count]
        table[rows] = average_precisions(answers[rows], np.array([moments[row] for row in rows]), ious, strict)
    return table
