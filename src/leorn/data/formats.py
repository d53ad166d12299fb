"""The formats of annotation files: one parser for each published one, and one for JSON lines.

A parser yields what its file says, checked for form and in seconds.
"""

import csv
import hashlib
import io
import reprlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from leorn.config import DatasetName
from leorn.errors import InputError
from leorn.jsonlines import (
    errors_at,
    field,
    identifier,
    json_lines,
    json_object,
    number,
    number_lists,
    positive,
    read_text,
    text_lines,
)

CHARADES_HELD_OUT = 10
"""One training video of Charades-STA in so many is for validation."""


class Entry(NamedTuple):
    """What a file says of one query: checked for form, in seconds, not yet fitted to the video."""

    where: str
    query_id: str
    video: str
    text: str
    duration_seconds: float
    spans: tuple[tuple[float, float], ...]
    split: str | None


def parse_charades_sta(folder: Path, split: str | None) -> Iterator[Entry]:
    """Charades-STA (Gao et al., ICCV 2017): `video start end##sentence`, lengths in the CSV of Charades.

    There is no validation split: a tenth of the training videos, chosen by a hash of the id, is `val`.
    """
    wanted = _splits(split, ("train", "val", "test"), "Charades-STA")
    for part in dict.fromkeys("test" if name == "test" else "train" for name in wanted):
        lengths_path, path = folder / f"Charades_v1_{part}.csv", folder / f"charades_sta_{part}.txt"
        durations = _charades_durations(lengths_path)
        seen: Counter[str] = Counter()
        for where, line in text_lines(path, "annotations"):
            with errors_at(where):
                video, span, text = _charades_line(line)
                if video not in durations:
                    raise InputError(f"video {video} is not in {lengths_path}; expected its length there")
            own_split = "val" if part == "train" and _is_held_out(video) else part
            yield Entry(where, f"{video}#{seen[video]}", video, text, durations[video], (span,), own_split)
            seen[video] += 1


def parse_tacos(folder: Path, split: str | None) -> Iterator[Entry]:
    """TACoS as published with 2D-TAN (Zhang et al., AAAI 2020): times in frames, with the frame rate."""

    def timing(entry: Mapping[str, object]) -> tuple[float, float]:
        fps = positive(entry, "fps")
        return positive(entry, "num_frames") / fps, fps

    for part in _splits(split, ("train", "val", "test"), "TACoS"):
        yield from _described_videos(folder / f"{part}.json", part, timing)


def parse_activitynet_captions(folder: Path, split: str | None) -> Iterator[Entry]:
    """ActivityNet Captions (Krishna et al., ICCV 2017): times in seconds.

    `val` and `test` describe the same videos independently, so the split is part of a query's id.
    """

    def timing(entry: Mapping[str, object]) -> tuple[float, float]:
        return positive(entry, "duration"), 1.0

    for part in _splits(split, ("train", "val", "test"), "ActivityNet Captions"):
        yield from _described_videos(folder / f"{part}.json", part, timing, id_prefix=f"{part}-")


def parse_qvhighlights(folder: Path, split: str | None) -> Iterator[Entry]:
    """QVHighlights (Lei et al., NeurIPS 2021): several windows a query; those of its test split are not published."""
    for part in _splits(split, ("train", "val"), "QVHighlights"):
        for where, row in json_lines(folder / f"highlight_{part}_release.jsonl", "annotations"):
            with errors_at(where):
                query_id, video, text = identifier(row, "qid"), field(row, "vid", str), field(row, "query", str)
                duration, spans = positive(row, "duration"), _spans(row, "relevant_windows")
            yield Entry(where, query_id, video, text, duration, spans, part)


def parse_jsonl(path: Path, split: str | None) -> Iterator[Entry]:
    """JSON lines: `query_id`, `video`, `query`, `duration`, and where known `moments` and `split`.

    Entries of every split are given: only the file knows which there are.
    """
    for where, row in json_lines(path, "annotations"):
        with errors_at(where):
            query_id, video, text = identifier(row, "query_id"), field(row, "video", str), field(row, "query", str)
            duration = positive(row, "duration")
            spans = _spans(row, "moments") if row.get("moments") is not None else ()
            own_split = field(row, "split", str) if row.get("split") is not None else None
        yield Entry(where, query_id, video, text, duration, spans, own_split)


FORMATS: dict[DatasetName, Callable[[Path, str | None], Iterator[Entry]]] = {
    "jsonl": parse_jsonl,
    "charades-sta": parse_charades_sta,
    "tacos": parse_tacos,
    "activitynet-captions": parse_activitynet_captions,
    "qvhighlights": parse_qvhighlights,
}
"""The parser of each format: (folder or file, split or None) -> entries, at least those of the split."""


def _splits(split: str | None, published: tuple[str, ...], name: str) -> tuple[str, ...]:
    if split is None:
        return published
    if split not in published:
        raise InputError(f"no split {split!r} in {name}; it has {', '.join(published)}")
    return (split,)


def _charades_line(line: str) -> tuple[str, tuple[float, float], str]:
    head, mark, text = line.partition("##")
    fields = head.split()
    if not mark or len(fields) != 3:
        raise InputError(f"{reprlib.repr(line)}; expected 'video start end##sentence'")
    video, start, end = fields
    return video, (_number_in(start, "start"), _number_in(end, "end")), text.strip()


def _charades_durations(path: Path) -> dict[str, float]:
    reader = csv.DictReader(io.StringIO(read_text(path, "annotations")))
    durations = {}
    try:
        if not {"id", "length"} <= set(reader.fieldnames or ()):
            raise InputError(f"{path}:1: columns {', '.join(reader.fieldnames or ())}; expected id and length")
        for row in reader:
            with errors_at(f"{path}:{reader.line_num}"):
                durations[row["id"]] = positive({"length": _number_in(row["length"] or "", "length")}, "length")
    except csv.Error as error:
        raise InputError(f"{path}: {error} after line {reader.line_num}; expected a CSV file") from error
    return durations


def _is_held_out(video: str) -> bool:
    return int.from_bytes(hashlib.sha256(video.encode()).digest()) % CHARADES_HELD_OUT == 0


def _described_videos(
    path: Path, split: str, timing: Callable[[Mapping[str, object]], tuple[float, float]], id_prefix: str = ""
) -> Iterator[Entry]:
    """Read `{video: {"timestamps": [[start, end], …], "sentences": […], …}}`.

    `timing` tells of a video its duration in seconds, and how many units of its timestamps make a second.
    """
    text = read_text(path, "annotations")
    with errors_at(str(path)):
        videos = json_object(text)
    for video, entry in videos.items():
        with errors_at(f"{path}: video {video}"):
            if not isinstance(entry, dict):
                raise InputError(f"{reprlib.repr(entry)}; expected an object with timestamps and sentences")
            duration, units = timing(entry)
            spans, sentences = _spans(entry, "timestamps"), field(entry, "sentences", list)
            if len(spans) != len(sentences):
                raise InputError(f"{len(spans)} timestamps and {len(sentences)} sentences; expected as many of each")
        for position, ((start, end), sentence) in enumerate(zip(spans, sentences, strict=True)):
            where, query_id = f"{path}: video {video}, sentence {position}", f"{video}#{id_prefix}{position}"
            if not isinstance(sentence, str):
                raise InputError(f"{where}: {reprlib.repr(sentence)}; expected text")
            span = (start / units, end / units)
            yield Entry(where, query_id, video, sentence.strip(), duration, (span,), split)


def _number_in(text: str, name: str) -> float:
    try:
        return number(float(text), name)
    except ValueError as error:
        raise InputError(f"{name} is {text!r}; expected a finite number") from error


def _spans(entry: Mapping[str, object], key: str) -> tuple[tuple[float, float], ...]:
    return tuple((start, end) for start, end in number_lists(entry, key, (2,), "[start, end]"))
