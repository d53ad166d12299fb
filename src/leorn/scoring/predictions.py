"""`predictions.jsonl`: one line a query, `{"query_id", "video", "moments": [[start, end, score], …]}`, in seconds."""

import json
import reprlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from leorn.errors import InputError
from leorn.files import write_text
from leorn.records import Moment, Prediction
from leorn.scoring.ranking import nms

T = TypeVar("T")


def write_predictions(path: str | Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions as JSON lines, atomically and in full precision; a moment without a score has two numbers.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, "".join(f"{json.dumps(_to_json(prediction), ensure_ascii=False)}\n" for prediction in predictions))


def read_predictions(path: str | Path, by_score: bool = False) -> list[Prediction]:
    """Read anybody's predictions.

    A moment is `[start, end, score]` or `[start, end]`; a whole number may stand for a query id. Further
    keys of a line are ignored.

    Args:
        path: the JSON lines file.
        by_score: rank each query's moments by score (equal ones as they stand) instead of keeping the order given.

    Raises:
        InputError: the file cannot be read or is empty, or a line that is not such a prediction, by its number.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not a text file in UTF-8; expected JSON lines") from error
    predictions = [
        _parse_line(line, f"{path}:{number}", by_score) for number, line in enumerate(lines, 1) if line.strip()
    ]
    if not predictions:
        raise InputError(f"{path}: empty; expected one prediction a line")
    return predictions


def apply_nms(predictions: Iterable[Prediction], threshold: float | None, top_k: int) -> list[Prediction]:
    """Thin out each query's moments by greedy temporal NMS, taking them in the order in which they stand.

    Args:
        predictions: moments best first, with scores or without.
        threshold: a moment goes when its IoU with a better kept one is above this; None keeps all.
        top_k: how many moments to keep at most.
    """
    thinned = []
    for prediction in predictions:
        spans = np.array([moment.span for moment in prediction.moments], dtype=np.float64).reshape(-1, 2)
        kept = nms(spans, -np.arange(len(spans), dtype=np.float64), threshold, top_k)
        thinned.append(replace(prediction, moments=tuple(prediction.moments[index] for index in kept)))
    return thinned


def _to_json(prediction: Prediction) -> dict[str, Any]:
    moments = [
        [*moment.span] if moment.score is None else [*moment.span, moment.score] for moment in prediction.moments
    ]
    return {"query_id": prediction.query_id, "video": prediction.video, "moments": moments}


def _parse_line(line: str, where: str, by_score: bool) -> Prediction:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not JSON, or truncated ({error}); expected one JSON object a line") from error
    if not isinstance(record, dict):
        raise InputError(f'{where}: {reprlib.repr(record)}; expected an object {{"query_id", "video", "moments"}}')
    # some data sets number their queries instead of naming them
    if type(record.get("query_id")) is int:
        record["query_id"] = str(record["query_id"])
    query_id = _field(record, "query_id", str, where)
    video = _field(record, "video", str, where)
    moments = [_parse_moment(item, where) for item in _field(record, "moments", list, where)]
    return Prediction(query_id, video, tuple(_ranked(moments, where) if by_score else moments))


def _field(record: dict[str, object], key: str, kind: type[T], where: str) -> T:
    value = record.get(key)
    if not isinstance(value, kind):
        found = reprlib.repr(value) if key in record else "missing"
        raise InputError(f"{where}: {key} is {found}; expected {'text' if kind is str else 'a list'}")
    return value


def _parse_moment(item: object, where: str) -> Moment:
    # bool is an int to Python, not a time to anybody
    if not (isinstance(item, list) and len(item) in (2, 3) and all(type(number) in (int, float) for number in item)):
        raise InputError(f"{where}: moment {reprlib.repr(item)}; expected [start, end] or [start, end, score]")
    try:
        return Moment(*map(float, item))
    except (InputError, OverflowError) as error:
        raise InputError(f"{where}: {error}") from error


def _ranked(moments: list[Moment], where: str) -> list[Moment]:
    scores = [moment.score for moment in moments if moment.score is not None]
    if len(scores) < len(moments):
        raise InputError(f"{where}: a moment without a score; expected [start, end, score] to rank by score")
    return [moments[index] for index in np.argsort(-np.array(scores), kind="stable")]
