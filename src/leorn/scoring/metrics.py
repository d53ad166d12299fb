"""R@n,IoU>m and mIoU, in percent, keyed by query id.

A query may have several moments: an answer counts by the one it overlaps most, unless all of them or their median are
asked for (`overlaps`). R@n,IoU>m is the share of queries with a hit among the first n answers (Gao et al. 2017, TALL);
mIoU is the mean IoU of the first answer.
Letters of shapes: Q queries, K answers, M moments.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Bool, Float

from leorn.config import Against, EvaluationConfig
from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.ranking import TIE_TOLERANCE, iou

NAMED_IN_ERRORS = 3


def hits(ious: Float[np.ndarray, "Q K"], threshold: float, strict: bool = True) -> Bool[np.ndarray, "Q K"]:
    """Say which answers count as found.

    Times in whole percent or tenths of a second make IoUs of exactly one half common: what is within rounding of the
    threshold counts as equal to it, in whatever unit the times were written.

    Args:
        ious: (Q, K) IoU of each answer, as from `answer_ious`.
        threshold: the IoU to pass.
        strict: a hit is IoU > threshold (the 2D-TAN family); otherwise IoU ≥ threshold.
    """
    return ious > threshold + TIE_TOLERANCE if strict else ious >= threshold - TIE_TOLERANCE


def overlaps(
    spans: Float[np.ndarray, "K 2"], moments: Sequence[Moment], against: Against = "any"
) -> Float[np.ndarray, "K"]:
    """IoU of spans with a query's moments, one figure each.

    Args:
        spans: (K, 2) start and end in seconds.
        moments: of the query, at least one.
        against: `any` takes the moment that a span overlaps most, `all` the one that it overlaps least, `median` the
            moment from the median of the starts to the median of the ends.

    Returns:
        (K,) IoU in 0..1.
    """
    targets = _spans(moments)
    if against == "median":
        # starts and ends in order, each start is before the end of its place: so the median has a length
        targets = np.median(targets, axis=0, keepdims=True)
    table = iou(spans, targets)
    return table.min(axis=1) if against == "all" else table.max(axis=1)


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
        InputError: a query id that is missing, repeated or unknown, a prediction about another video than its query,
            a query without moments, or no query at all.
    """
    by_query = _predictions_by_query(predictions, queries)
    table = np.zeros((len(queries), answers))
    for row, query in zip(table, queries, strict=True):
        moments = by_query[query.query_id].moments[:answers]
        if moments:
            row[: len(moments)] = overlaps(_spans(moments), query.moments, against)
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
    if not ious or not all(0 < threshold <= 1 for threshold in ious):
        raise InputError(f"IoU thresholds {list(ious)}: expected one or more, each above 0 and at most 1")
    if not recalls or not all(n >= 1 for n in recalls):
        raise InputError(f"recalls {list(recalls)}: expected one or more whole numbers, each at least 1")
    table = answer_ious(predictions, queries, max(recalls), against)
    return {
        f"R{n}@{threshold:g}": 100 * float(hits(table[:, :n], threshold, strict).any(axis=1).mean())
        for n in recalls
        for threshold in ious
    }


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
    """Every figure of the results table, in percent: "R1@0.5", …, then "mIoU".

    The moments count in the order in which they stand; NMS and top-k are the business of `ranking.rank` or
    `predictions.apply_nms`, before.

    Raises:
        InputError: as `recall_table`.
    """
    recalls = recall_table(
        predictions, queries, evaluation.ious, evaluation.recalls, evaluation.strict, evaluation.against
    )
    return recalls | {"mIoU": mean_iou(predictions, queries, evaluation.against)}


def _spans(moments: Sequence[Moment]) -> Float[np.ndarray, "M 2"]:
    return np.array([moment.span for moment in moments], dtype=np.float64)


def _predictions_by_query(predictions: Sequence[Prediction], queries: Sequence[Query]) -> dict[str, Prediction]:
    known = {query.query_id: query for query in queries}
    predicted = {prediction.query_id: prediction for prediction in predictions}
    if not queries:
        raise InputError("no queries to score; expected at least one")
    _refuse("query ids that several queries share", _repeated(query.query_id for query in queries))
    _refuse("queries without a moment to score against", [query.query_id for query in queries if not query.moments])
    _refuse("query ids predicted more than once", _repeated(prediction.query_id for prediction in predictions))
    _refuse("predictions for unknown query ids", [query_id for query_id in predicted if query_id not in known])
    _refuse("queries without a prediction", [query_id for query_id in known if query_id not in predicted])
    _refuse(
        "predictions about another video than their query",
        [
            f"{query_id} (video {predicted[query_id].video}, not {query.video})"
            for query_id, query in known.items()
            if predicted[query_id].video != query.video
        ],
    )
    return predicted


def _repeated(query_ids: Iterable[str]) -> list[str]:
    return [query_id for query_id, count in Counter(query_ids).items() if count > 1]


def _refuse(problem: str, query_ids: Sequence[str]) -> None:
    if query_ids:
        named = ", ".join(query_ids[:NAMED_IN_ERRORS]) + (", …" if len(query_ids) > NAMED_IN_ERRORS else "")
        raise InputError(f"{problem} ({len(query_ids)}): {named}; expected one prediction for each query")
