"""`predictions.jsonl`: one line a query, `{"query_id", "video", "moments": [[start, end, score], …]}`, in seconds.

Lines of a submission to QVHighlights, `{"qid", "vid", "pred_relevant_windows"}`, are read too. Moments count best
first: by score where each of them has one, else in the order in which they stand.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from leorn.errors import InputError
from leorn.files import write_text
from leorn.jsonlines import errors_at, field, identifier, json_lines, number_lists
from leorn.records import Moment, Prediction
from leorn.scoring.ranking import nms, rank
from leorn.wording import counted

log = logging.getLogger(__name__)

KEYS = ("query_id", "video", "moments")
"""What our lines call a query's id, its video and the moments proposed for it."""
SUBMISSION_KEYS = ("qid", "vid", "pred_relevant_windows")
"""What submissions to QVHighlights call them (Lei et al., NeurIPS 2021)."""


def write_predictions(path: str | Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions as JSON lines, atomically and in full precision; a moment without a score has two numbers.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, "".join(f"{json.dumps(_to_json(prediction), ensure_ascii=False)}\n" for prediction in predictions))


def read_predictions(path: str | Path) -> list[Prediction]:
    """Read anybody's predictions, in our keys or in those of a submission to QVHighlights.

    A moment is `[start, end, score]` or `[start, end]`; a whole number may stand for a query id. Further
    keys of a line are ignored. Where every moment of a query has a score they are ranked by it, equal ones in the order
    in which they stand, and a warning says for how many queries that changed the order; otherwise they stand best first
    already.

    Raises:
        InputError: the file cannot be read or is empty, or a line that is not such a prediction, by its number.
    """
    predictions, reordered = [], 0
    for where, row in json_lines(path, "predictions"):
        with errors_at(where):
            as_written = _prediction(row)
        predictions.append(replace(as_written, moments=_ranked(as_written.moments)))
        reordered += predictions[-1] != as_written
    if reordered:
        log.warning("%s: moments of %s were not best first; ranked by score", path, counted(reordered, "query"))
    return predictions


def apply_nms(
    predictions: Iterable[Prediction],
    threshold: float | None,
    top_k: int,
    method: Literal["greedy", "soft"] = "greedy",
) -> list[Prediction]:
    """Thin out each query's moments by temporal NMS, the greedy one taking them in the order in which they stand.

    Args:
        predictions: moments best first, with scores or without.
        threshold: in greedy NMS a moment goes when its IoU with a better kept one is above this; None keeps all.
        top_k: how many moments to keep at most.
        method: greedy, or soft: see `leorn.scoring.ranking.soft_nms`.

    Raises:
        InputError: soft NMS of moments without scores, or with some below 0.
    """
    return [replace(one, moments=_thinned(one, threshold, top_k, method)) for one in predictions]


def _thinned(
    prediction: Prediction, threshold: float | None, top_k: int, method: Literal["greedy", "soft"]
) -> tuple[Moment, ...]:
    moments = prediction.moments
    spans = np.array([moment.span for moment in moments], dtype=np.float64).reshape(-1, 2)
    if method == "greedy":
        kept = nms(spans, -np.arange(len(spans), dtype=np.float64), threshold, top_k)
        return tuple(moments[index] for index in kept)
    scores = [moment.score for moment in moments if moment.score is not None]
    if len(scores) < len(moments) or min(scores, default=0) < 0:
        raise InputError(
            f"query {prediction.query_id}: soft NMS lowers scores; expected one of 0 or more at every moment"
        )
    return rank(spans, np.array(scores), None, top_k, method=method)


def _to_json(prediction: Prediction) -> dict[str, Any]:
    moments = [
        [*moment.span] if moment.score is None else [*moment.span, moment.score] for moment in prediction.moments
    ]
    return {"query_id": prediction.query_id, "video": prediction.video, "moments": moments}


def _prediction(row: Mapping[str, object]) -> Prediction:
    is_submission = KEYS[0] not in row and not row.keys().isdisjoint(SUBMISSION_KEYS)
    id_key, video_key, moments_key = SUBMISSION_KEYS if is_submission else KEYS
    query_id, video = identifier(row, id_key), field(row, video_key, str)
    numbers = number_lists(row, moments_key, (2, 3), "[start, end] or [start, end, score]")
    return Prediction(query_id, video, tuple(Moment(*moment) for moment in numbers))


def _ranked(moments: tuple[Moment, ...]) -> tuple[Moment, ...]:
    scores = [moment.score for moment in moments if moment.score is not None]
    if len(scores) < len(moments):
        return moments
    order = np.argsort(-np.array(scores, dtype=np.float64), kind="stable")
    return tuple(moments[index] for index in order)
