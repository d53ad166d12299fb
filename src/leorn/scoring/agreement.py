"""How far people agree on a moment: what each of them would score against the others.

What people reach among themselves is what one may ask of a network. Each moment of a query is one person's, and every
query counts the same.
Letters of shapes: K answers; an underscore is any size, for queries may have more and fewer people.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.records import Moment, Query
from leorn.scoring.metrics import overlaps, spans_of
from leorn.scoring.ranking import hits
from leorn.wording import counted


def person_against_another(queries: Sequence[Query], evaluation: EvaluationConfig) -> dict[str, float]:
    """What a person's answer scores against one other person's: R1 at each threshold, and the mean pairwise IoU.

    Args:
        queries: with moments by different people.
        evaluation: the thresholds, and whether a hit is strict.

    Returns:
        Percent, under the names of `leorn.scoring.metrics.evaluate_predictions`.

    Raises:
        InputError: a query with fewer than two moments, or no query at all.
    """
    return _figures(_each(queries, _with_each_other), evaluation)


def person_against_others(queries: Sequence[Query], evaluation: EvaluationConfig) -> dict[str, float]:
    """What a person's answer scores against all the others': R1 at each threshold, and mIoU.

    Args:
        queries: with moments by different people.
        evaluation: the thresholds, whether a hit is strict, and against which of the others' moments: any, all, or
            their median.

    Returns:
        Percent, under the names of `leorn.scoring.metrics.evaluate_predictions`.

    Raises:
        InputError: a query with fewer than two moments, or no query at all.
    """

    def with_others(person: Moment, others: Sequence[Moment]) -> Float[np.ndarray, "K"]:
        return overlaps(spans_of([person]), spans_of(others), evaluation.against)

    return _figures(_each(queries, with_others), evaluation)


def _with_each_other(person: Moment, others: Sequence[Moment]) -> Float[np.ndarray, "K"]:
    return overlaps(spans_of(others), spans_of([person]))


def _each(
    queries: Sequence[Query], overlap: Callable[[Moment, Sequence[Moment]], Float[np.ndarray, "K"]]
) -> list[Float[np.ndarray, "_ _"]]:
    """Return for each query what `overlap` says of each person and the others."""
    if not queries:
        raise InputError("no queries to compare people's moments of; expected at least one")
    for query in queries:
        if len(query.moments) < 2:
            raise InputError(
                f"query {query.query_id}: {counted(len(query.moments), 'moment')}; expected two people's or more"
            )
    return [
        np.stack([overlap(moment, moments[:index] + moments[index + 1 :]) for index, moment in enumerate(moments)])
        for moments in (query.moments for query in queries)
    ]


def _figures(ious: Sequence[Float[np.ndarray, "_ _"]], evaluation: EvaluationConfig) -> dict[str, float]:
    recalls = {
        f"R1@{threshold:g}": 100 * float(np.mean([hits(one, threshold, evaluation.strict).mean() for one in ious]))
        for threshold in evaluation.ious
    }
    return recalls | {"mIoU": 100 * float(np.mean([one.mean() for one in ious]))}
