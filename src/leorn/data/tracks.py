"""Object tracks of a video, and their CSV files.

A file holds a line for each object at each time, `time_seconds,track,label,score,x1,y1,x2,y2`, corners in 0..1 of the
frame; it is gzipped where its name ends in `.gz`. Letter of shapes: R lines.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from leorn.errors import InputError
from leorn.files import replace_atomically

CORNERS = ("x1", "y1", "x2", "y2")
COLUMNS = ("time_seconds", "track", "label", "score", *CORNERS)
NUMBERS = tuple(name for name in COLUMNS if name != "label")
DECIMALS = 6
"""Digits written after the point: a microsecond, a millionth of the frame."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """The objects of a video over time, a row for each object at each time.

    Attributes:
        times_seconds: (R,) when the object was seen.
        tracks: (R,) the track's number: rows of one object share it.
        labels: (R,) index into `label_names`.
        scores: (R,) confidence, 0..1.
        boxes: (R, 4) `xyxy` in 0..1 of the frame.
        label_names: the labels as text.
    """

    times_seconds: Float[np.ndarray, "R"]
    tracks: Int[np.ndarray, "R"]
    labels: Int[np.ndarray, "R"]
    scores: Float[np.ndarray, "R"]
    boxes: Float[np.ndarray, "R 4"]
    label_names: tuple[str, ...]


def read_tracks(path: str | Path) -> Tracks:
    """Read the CSV of a video's tracks. A header without lines is a video in which nothing was seen.

    Raises:
        InputError: the file is missing, empty or truncated, lacks a column, or has a bad line; the first bad line is
            named.
    """
    path = Path(path)
    header, lines, rows = _read_table(path)
    columns = {name: values for name, *values in zip_longest(header, *rows, fillvalue="")}
    texts = {name: np.array(columns[name], dtype=np.str_) for name in COLUMNS}
    numbers = {name: _numbers(texts[name]) for name in NUMBERS}
    boxes = np.stack([numbers[name] for name in CORNERS], axis=1)
    x1, y1, x2, y2 = boxes.T
    labels = np.char.strip(texts["label"])
    score = numbers["score"]
    _raise_first_fault(
        path,
        lines,
        texts,
        [
            (np.array([len(row) != len(header) for row in rows], dtype=bool), (), f"{len(header)} fields"),
            *((~np.isfinite(numbers[name]), (name,), "a number") for name in NUMBERS),
            (numbers["time_seconds"] < 0, ("time_seconds",), "seconds since the video's start"),
            (numbers["track"] != np.round(numbers["track"]), ("track",), "a whole number"),
            (labels == "", ("label",), "a name"),
            ((score < 0) | (score > 1), ("score",), "a confidence in 0..1"),
            ((boxes.min(axis=1) < 0) | (boxes.max(axis=1) > 1), CORNERS, "corners in 0..1 of the frame"),
            ((x2 <= x1) | (y2 <= y1), CORNERS, "x1 < x2 and y1 < y2"),
        ],
    )
    names, label_indices = np.unique(labels, return_inverse=True)
    return Tracks(
        times_seconds=numbers["time_seconds"],
        tracks=numbers["track"].astype(np.int64),
        labels=label_indices,
        scores=score,
        boxes=boxes,
        label_names=tuple(names.tolist()),
    )


def write_tracks(path: str | Path, tracks: Tracks) -> None:
    """Write a video's tracks as CSV, gzipped where the name ends in `.gz`: the same tracks give the same bytes.

    Raises:
        InputError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(
        zip(
            np.round(tracks.times_seconds.astype(np.float64), DECIMALS).tolist(),
            tracks.tracks.tolist(),
            [tracks.label_names[label] for label in tracks.labels.tolist()],
            np.round(tracks.scores.astype(np.float64), DECIMALS).tolist(),
            *np.round(tracks.boxes.astype(np.float64), DECIMALS).T.tolist(),
            strict=True,
        )
    )
    data = text.getvalue().encode()
    with replace_atomically(path) as temporary:
        temporary.write_bytes(gzip.compress(data, mtime=0) if Path(path).suffix == ".gz" else data)


def _read_table(path: Path) -> tuple[list[str], list[int], list[list[str]]]:
    """Read the header, and the lines that are not blank with their line numbers."""
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            numbered = [(reader.line_num, row) for row in reader if row]
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read ({reason}); expected CSV with the columns {COLUMNS}") from error
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        found = f"no column {', '.join(missing)}" if header else "the file is empty"
        raise InputError(f"{path}:1: {found}; expected {','.join(COLUMNS)}")
    return header, [line for line, _ in numbered], [row for _, row in numbered]


def _numbers(texts: np.ndarray) -> Float[np.ndarray, "R"]:
    """Parse numbers, NaN where a text is none."""
    try:
        return texts.astype(np.float64)
    except ValueError:
        return np.array([_number(text) for text in texts])


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _raise_first_fault(
    path: Path,
    lines: list[int],
    texts: Mapping[str, np.ndarray],
    checks: list[tuple[Bool[np.ndarray, "R"], tuple[str, ...], str]],
) -> None:
    """Name the first line that fails a check; a check is (rows at fault, columns to show, what is expected)."""
    found = [(int(fault.argmax()), shown, expected) for fault, shown, expected in checks if fault.any()]
    if found:
        row, shown, expected = min(found, key=lambda fault: fault[0])
        values = ", ".join(f"{name} {str(texts[name][row])!r}" for name in shown) or "too many or too few fields"
        raise InputError(f"{path}:{lines[row]}: {values}; expected {expected}")
