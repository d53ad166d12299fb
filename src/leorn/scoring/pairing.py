"""Predictions beside the queries they answer: one for each, by query id."""

import logging
from collections import Counter
from collections.abc import Iterable, Sequence

from leorn.errors import InputError
from leorn.records import Prediction, Query
from leorn.wording import counted

log = logging.getLogger(__name__)

NAMED_IN_ERRORS = 3
FAR_AFTER = 0.1
"""An end so much of the duration after the video is no rounding to the next clip any more."""


def fit_to_queries(
    predictions: Sequence[Prediction], queries: Iterable[Query], dropped: Iterable[str], where: str
) -> list[Prediction]:
    """Leave out predictions for queries that were dropped, and warn of ends that cannot be meant.

    Args:
        predictions: somebody's.
        queries: those to score.
        dropped: ids of queries that lost their moments when they were read.
        where: where the predictions stand.
    """
    videos, without = {query.query_id: query.duration_seconds for query in queries}, set(dropped)
    kept = [prediction for prediction in predictions if prediction.query_id not in without]
    answered = {one.query_id: one.moments for one in kept if one.query_id in videos}
    ends = [(moment.end_seconds, videos[query_id]) for query_id, moments in answered.items() for moment in moments]
    if left_out := len(predictions) - len(kept):
        log.warning("%s: %s without a moment to score against left out", where, counted(left_out, "prediction"))
    if late := sum(end > (1 + FAR_AFTER) * duration for end, duration in ends):
        log.warning(
            "%s: %s far after the end of the video, counted as they stand; are all times in seconds?",
            where,
            "1 moment ends" if late == 1 else f"{late:,} moments end",
        )
    return kept


def in_order_of_queries(predictions: Sequence[Prediction], queries: Sequence[Query]) -> list[Prediction]:
    """Return the prediction for each query, in the order of the queries.

    Args:
        predictions: one for each query, in any order.
        queries: with their moments.

    Raises:
        InputError: a query id that is missing, repeated or unknown, a prediction about another video than its query,
            a query without moments, or no query at all.
    """
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
    return [predicted[query.query_id] for query in queries]


def _repeated(query_ids: Iterable[str]) -> list[str]:
    return [query_id for query_id, count in Counter(query_ids).items() if count > 1]


def _refuse(problem: str, query_ids: Sequence[str]) -> None:
    if query_ids:
        named = ", ".join(query_ids[:NAMED_IN_ERRORS]) + (", …" if len(query_ids) > NAMED_IN_ERRORS else "")
        raise InputError(f"{problem} ({len(query_ids)}): {named}; expected one prediction for each query")
