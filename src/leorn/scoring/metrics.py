"""Every figure of the results table, in percent; R@n,IoU>m and mIoU among them.

A query may have several moments: an answer counts by the one it overlaps most. R@n,IoU>m is the share of queries with
a hit among the first n answers (Gao et al. 2017, TALL); mIoU is the mean IoU of the first answer.
Letters of shapes: Q queries, K answers.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.average_precision import mean_average_precision
from leorn.scoring.pairing import in_order_of_queries
from leorn.scoring.ranking import hits, iou


def answer_ious(predictions: Sequence[Prediction], queries: Sequence[Query], answers: int) -> Float[np.ndarray, "Q K"]:
    """IoU of each query's first answers with whichever of its moments they overlap most.

    Args:
        predictions: one for each query, in any order.
        queries: with their moments.
        answers: how many answers to look at (K).

    Returns:
        (Q, K) in the order of `queries`; 0 where a query has fewer answers.

    Raises:
        InputError: predictions that do not go with the queries (see `pairing.in_order_of_queries`).
    """
    table = np.zeros((len(queries), answers))
    for row, query, prediction in zip(table, queries, in_order_of_queries(predictions, queries), strict=True):
        if moments := prediction.moments[:answers]:
            row[: len(moments)] = iou(_spans(moments), _spans(query.moments), outer=True).max(axis=1)
    return table


def recall_table(
    predictions: Sequence[Prediction],
    queries: Sequence[Query],
    ious: Sequence[float],
    recalls: Sequence[int],
    strict: bool = True,
) -> dict[str, float]:
    """R@n,IoU>m in percent, for each n of `recalls` and m of `ious`, under names such as "R1@0.5".

    Args:
        predictions: one for each query, in any order.
        queries: with their moments.
        ious: thresholds, above 0 and at most 1.
        recalls: how many answers count, each at least 1.
        strict: a hit is IoU > threshold; otherwise IoU ≥ threshold.

    Raises:
        InputError: a threshold or a number of answers out of range; predictions that do not go with the queries
            (see `answer_ious`).
    """
    if not ious or not all(0 < threshold <= 1 for threshold in ious):
        raise InputError(f"IoU thresholds {list(ious)}: expected one or more, each above 0 and at most 1")
    if not recalls or not all(n >= 1 for n in recalls):
        raise InputError(f"recalls {list(recalls)}: expected one or more whole numbers, each at least 1")
    table = answer_ious(predictions, queries, max(recalls))
    return {
        f"R{n}@{threshold:g}": 100 * float(hits(table[:, :n], threshold, strict).any(axis=1).mean())
        for n in recalls
        for threshold in ious
    }


def mean_iou(predictions: Sequence[Prediction], queries: Sequence[Query]) -> float:
    """MIoU: the mean IoU of the first answers, in percent; a query without an answer counts 0.

    Raises:
        InputError: predictions that do not go with the queries (see `answer_ious`).
    """
    return 100 * float(answer_ious(predictions, queries, 1).mean())


def evaluate_predictions(
    predictions: Sequence[Prediction], queries: Sequence[Query], evaluation: EvaluationConfig
) -> dict[str, float]:
    """Every figure of the results table, in percent: "R1@0.5", …, "mIoU", and "mAP@0.5", "mAP", … where asked for.

    The moments count in the order in which they stand; NMS and top-k are the business of `ranking.rank` or
    `predictions.apply_nms`, before.

    Raises:
        InputError: as `recall_table` and `mean_average_precision`.
    """
    figures = recall_table(predictions, queries, evaluation.ious, evaluation.recalls, evaluation.strict)
    figures["mIoU"] = mean_iou(predictions, queries)
    if evaluation.map_ious:
        figures |= mean_average_precision(
            predictions, queries, evaluation.map_ious, evaluation.strict, evaluation.length_ranges
        )
    return figures


def _spans(moments: Sequence[Moment]) -> Float[np.ndarray, "M 2"]:
    return np.array([moment.span for moment in moments], dtype=np.float64)
