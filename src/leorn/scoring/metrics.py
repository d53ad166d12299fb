"""Every figure of the results table, in percent; R@n,IoU>m and mIoU among them.

A query may have several moments: an answer counts by the one it overlaps most, unless all of them or their median are
asked for (`overlaps`). R@n,IoU>m is the share of queries with a hit among the first n answers (Gao et al. 2017, TALL);
mIoU is the mean IoU of the first answer.
Letters of shapes: Q queries, K answers, M moments.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from leorn.config import Against, EvaluationConfig
from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.average_precision import average_precision_by_query
from leorn.scoring.pairing import in_order_of_queries
from leorn.scoring.ranking import hits, iou


def overlaps(
    spans: Float[np.ndarray, "*batch K 2"], moments: Float[np.ndarray, "*batch M 2"], against: Against = "any"
) -> Float[np.ndarray, "*batch K"]:
    """IoU of spans with a query's moments, one figure each.

    Args:
        spans: (…, K, 2) start and end in seconds.
        moments: (…, M, 2) the true ones, at least one.
        against: `any` takes the moment that a span overlaps most, `all` the one that it overlaps least, `median` the
            moment from the median of the starts to the median of the ends.

    Returns:
        (…, K) IoU in 0..1.
    """
    if against == "median":
        # starts and ends in order, each start is before the end of its place: so the median has a length
        moments = np.median(moments, axis=-2, keepdims=True)
    table = iou(spans, moments)
    return table.min(axis=-1) if against == "all" else table.max(axis=-1)


def spans_of(moments: Sequence[Moment]) -> Float[np.ndarray, "M 2"]:
    """Return the starts and ends of moments, in seconds."""
    return np.array([moment.span for moment in moments], dtype=np.float64)


def answer_ious(
    predictions: Sequence[Prediction], queries: Sequence[Query], answers: int, against: Against = "any"
) -> Float[np.ndarray, "Q K"]:
    """IoU of each query's first answers with its moments.

    Args:
        predictions: one for each query, in any order.
        queries: with their moments.
        answers: how many answers to look at (K).
        against: which of several moments count: see `overlaps`.

    Returns:
        (Q, K) in the order of `queries`; 0 where a query has fewer answers.

    Raises:
        InputError: predictions that do not go with the queries (see `pairing.in_order_of_queries`).
    """
    # what is not answered has no length, and so no overlap
    spans = np.zeros((len(queries), answers, 2))
    for row, prediction in zip(spans, in_order_of_queries(predictions, queries), strict=True):
        if moments := prediction.moments[:answers]:
            row[: len(moments)] = spans_of(moments)
    table = np.zeros((len(queries), answers))
    # queries with as many moments together: one by one they take many times as long
    for count in {len(query.moments) for query in queries}:
        rows = [row for row, query in enumerate(queries) if len(query.moments) == count]
        table[rows] = overlaps(spans[rows], np.stack([spans_of(queries[row].moments) for row in rows]), against)
    return table


def recall_table(
    predictions: Sequence[Prediction],
    queries: Sequence[Query],
    ious: Sequence[float],
    recalls: Sequence[int],
    strict: bool = True,
    against: Against = "any",
) -> dict[str, float]:
    """R@n,IoU>m in percent, for each n of `recalls` and m of `ious`, under names such as "R1@0.5".

    Args:
        predictions: one for each query, in any order.
        queries: with their moments.
        ious: thresholds, above 0 and at most 1.
        recalls: how many answers count, each at least 1.
        strict: a hit is IoU > threshold; otherwise IoU ≥ threshold.
        against: which of several moments count: see `overlaps`.

    Raises:
        InputError: a threshold or a number of answers out of range; predictions that do not go with the queries
            (see `answer_ious`).
    """
    table = _recalls(_checked_ious(predictions, queries, ious, recalls, against), ious, recalls, strict)
    return {name: float(values.mean()) for name, values in table.items()}


def mean_iou(predictions: Sequence[Prediction], queries: Sequence[Query], against: Against = "any") -> float:
    """MIoU: the mean IoU of the first answers, in percent; a query without an answer counts 0.

    Args:
        predictions: one for each query, in any order.
        queries: with their moments.
        against: which of several moments count: see `overlaps`.

    Raises:
        InputError: predictions that do not go with the queries (see `answer_ious`).
    """
    return 100 * float(answer_ious(predictions, queries, 1, against).mean())


def evaluate_predictions(
    predictions: Sequence[Prediction], queries: Sequence[Query], evaluation: EvaluationConfig
) -> dict[str, float]:
    """Every figure of the results table, in percent: "R1@0.5", …, "mIoU", and "mAP@0.5", "mAP", … where asked for.

    The moments count in the order in which they stand; NMS and top-k are the business of `ranking.rank` or
    `predictions.apply_nms`, before.

    Raises:
        InputError: as `figures_by_query`.
    """
    table = figures_by_query(predictions, queries, evaluation)
    return {name: float(np.nanmean(values)) for name, values in table.items()}


def figures_by_query(
    predictions: Sequence[Prediction], queries: Sequence[Query], evaluation: EvaluationConfig
) -> dict[str, Float[np.ndarray, "Q"]]:
    """What each query adds to every figure, in percent: a figure is the mean over the queries that count for it.

    Args:
        predictions: one for each query, in any order.
        queries: with their moments.
        evaluation: which figures, and how answers count.

    Returns:
        A figure's name → (Q,) in the order of `queries`, NaN where a query does not count for it.

    Raises:
        InputError: as `recall_table` and `average_precision_by_query`.
    """
    strict, against = evaluation.strict, evaluation.against
    table = _checked_ious(predictions, queries, evaluation.ious, evaluation.recalls, against)
    figures = _recalls(table, evaluation.ious, evaluation.recalls, strict)
    figures["mIoU"] = 100 * table[:, 0]
    if evaluation.map_ious:
        figures |= average_precision_by_query(
            predictions, queries, evaluation.map_ious, strict, evaluation.length_ranges
        )
    return figures


def _checked_ious(
    predictions: Sequence[Prediction],
    queries: Sequence[Query],
    ious: Sequence[float],
    recalls: Sequence[int],
    against: Against,
) -> Float[np.ndarray, "Q K"]:
    if not ious or not all(0 < threshold <= 1 for threshold in ious):
        raise InputError(f"IoU thresholds {list(ious)}: expected one or more, each above 0 and at most 1")
    if not recalls or not all(n >= 1 for n in recalls):
        raise InputError(f"recalls {list(recalls)}: expected one or more whole numbers, each at least 1")
    return answer_ious(predictions, queries, max(recalls), against)


def _recalls(
    table: Float[np.ndarray, "Q K"], ious: Sequence[float], recalls: Sequence[int], strict: bool
) -> dict[str, Float[np.ndarray, "Q"]]:
    return {
        f"R{n}@{threshold:g}": 100.0 * hits(table[:, :n].max(axis=1), threshold, strict)
        for n in recalls
        for threshold in ious
    }
