"""Any tracker's detections: CSV files of object tracks, and their import into a store of objects.

A file holds a line for each object at each time, `time_seconds,track,label,score,x1,y1,x2,y2`, corners in 0..1 of the
frame; it is named for its video, `.csv` or `.csv.gz`. Letters of shapes: R lines, T sampled frames, N object slots per
frame, V labels, D width of a word vector.
"""

import csv
import gzip
import io
import logging
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from leorn.data.words import WordVectors
from leorn.errors import InputError
from leorn.features.store import FeatureStore, write_store
from leorn.files import replace_atomically
from leorn.records import VideoObjects

log = logging.getLogger(__name__)

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


def sample_tracks(
    video: str,
    tracks: Tracks,
    duration_seconds: float,
    frames: int,
    slots: int,
    label_vectors: Float[np.ndarray, "V D"],
) -> VideoObjects:
    """Sample the objects of a video at the middles of T equal parts of its duration.

    A frame takes the objects of the nearest time stamp within half a sampling step, and has none where there is no
    such stamp. Its slots go to the best scores; at equal scores to the lowest track number, so that an object keeps its
    slot from frame to frame.

    Args:
        video: the video's id.
        tracks: what was seen in it.
        duration_seconds: its length.
        frames: frames to sample (T).
        slots: object slots of a frame (N).
        label_vectors: (V, D) the feature of each label.

    Returns:
        The objects, with their labels' vectors as features.
    """
    stamps, stamp_of_row = np.unique(tracks.times_seconds, return_inverse=True)
    order = np.lexsort((tracks.tracks, -tracks.scores, stamp_of_row))
    count = np.bincount(stamp_of_row, minlength=len(stamps) + 1)  # the last one is for frames without a stamp
    first = np.cumsum(count) - count
    times = (np.arange(frames) + 0.5) * (duration_seconds / frames)
    stamp = _nearest_stamps(stamps, times, duration_seconds / frames)
    rank = np.arange(slots)
    nothing = len(order)  # the row added to every array below: all zeros
    taken = rank < count[stamp][:, None]
    row = np.append(order, nothing)[np.where(taken, first[stamp][:, None] + rank, nothing)]
    scores = np.append(tracks.scores, 0.0)[row]
    row[scores == 0] = nothing  # score 0 means that the slot is empty
    labels = np.append(tracks.labels, -1)[row]
    return VideoObjects(
        video=video,
        duration_seconds=duration_seconds,
        times_seconds=times,
        features=np.append(label_vectors, np.zeros((1, label_vectors.shape[1]), label_vectors.dtype), axis=0)[labels],
        boxes=np.append(tracks.boxes, np.zeros((1, 4)), axis=0)[row],
        scores=scores,
        labels=labels,
        label_names=tracks.label_names,
    )


def import_detections(
    folder: str | Path,
    out: str | Path,
    words: WordVectors,
    frames: int,
    slots: int,
    durations: Mapping[str, float] | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> FeatureStore:
    """Turn a folder of tracks into a store whose object features are the word vectors of the labels.

    Labels of which no word is known get zeros, and one warning names them all.

    Args:
        folder: `<video>.csv` or `<video>.csv.gz` for each video.
        out: folder of the store.
        words: word vectors; a label's vector is the mean over its words.
        frames: frames to sample from each video (T).
        slots: object slots of a frame (N).
        durations: video → length in seconds. A video that is not among them ends one step after its last time stamp.
        overwrite: replace the store that is there.
        progress: told after each video how many are done, of how many.

    Returns:
        The store, open for reading.

    Raises:
        InputError: no tracks in the folder, a bad file, a video whose length cannot be told, or a store that is there
            already or cannot be written.
    """
    if frames < 1 or slots < 1:
        raise InputError(f"{frames} frames and {slots} slots asked for; expected 1 or more of each")
    paths = _track_files(Path(folder))
    vectors: dict[str, Float[np.ndarray, " D"]] = {}

    def videos() -> Iterator[VideoObjects]:
        for done, (video, path) in enumerate(paths.items(), start=1):
            tracks = read_tracks(path)
            duration = (durations or {}).get(video) or _duration_seconds(tracks, path)
            vectors.update({name: words.phrase(name) for name in tracks.label_names if name not in vectors})
            features = np.array([vectors[name] for name in tracks.label_names], dtype=np.float32)
            yield sample_tracks(video, tracks, duration, frames, slots, features.reshape(-1, words.size))
            if progress is not None:
                progress(done, len(paths))

    fingerprint = {
        "extractor": "detections",
        "features": "mean word vector of the label",
        "word_vectors": words.source,
        "feature_size": words.size,
        "frames": frames,
        "slots": slots,
        "sampling": "middles of equal parts",
    }
    write_store(out, videos(), fingerprint, overwrite=overwrite)
    unknown = sorted(name for name, vector in vectors.items() if not vector.any())
    if unknown:
        log.warning("%s: no word of these labels has a vector, their features are zero: %s", folder, ", ".join(unknown))
    return FeatureStore(out)


def _track_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected the folder of the detections")
    paths: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        video = path.name.removesuffix(".gz").removesuffix(".csv")
        if path.name not in (f"{video}.csv", f"{video}.csv.gz"):
            continue
        if video in paths:
            raise InputError(f"{folder}: video {video} has both {paths[video].name} and {path.name}; expected one file")
        paths[video] = path
    if not paths:
        raise InputError(f"{folder}: no detections in it; expected files <video>.csv or <video>.csv.gz")
    return paths


def _duration_seconds(tracks: Tracks, path: Path) -> float:
    stamps = np.unique(tracks.times_seconds)
    if len(stamps) < 2:
        raise InputError(f"{path}: {len(stamps)} time stamps do not tell how long the video is; expected its duration")
    return float(stamps[-1] + np.median(np.diff(stamps)))


def _nearest_stamps(stamps: Float[np.ndarray, "S"], times: Float[np.ndarray, "T"], step: float) -> Int[np.ndarray, "T"]:
    """Index the stamp nearest to each time within half a step, the earlier of two as near; S where there is none."""
    slack = 1e-6 * step  # distances that are equal on paper differ by rounding
    stamps = np.append(stamps, np.inf)
    after = np.searchsorted(stamps, times)
    before = np.maximum(after - 1, 0)
    distances = np.abs(stamps[[before, after]] - times)
    nearest = np.where(distances[0] <= distances[1] + slack, before, after)
    return np.where(distances.min(axis=0) <= step / 2 + slack, nearest, len(stamps) - 1)


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
