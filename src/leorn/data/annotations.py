"""Annotation files -> queries: one parser for each published format, and JSON lines.

A parser yields what its file says, checked for form and in seconds. `read_queries` then fits the moments to the video:
the published files hold ends after the video and moments that run backwards, and every reader must treat them alike.
"""

import csv
import hashlib
import io
import json
import reprlib
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from leorn.config import DatasetName
from leorn.errors import InputError
from leorn.files import write_text
from leorn.records import Moment, Query

T = TypeVar("T", str, list)

ROUNDING_SECONDS = 1e-6
"""An end this little after the video is the publisher's rounding (70.29 in 70.28999999999999), not worth counting."""

CHARADES_HELD_OUT = 10
"""One training video of Charades-STA in so many is for validation."""


@dataclass(frozen=True)
class Annotations:
    """The queries of a data set, and what had to be mended to read them.

    Attributes:
        queries: in the order of the files.
        clipped: moments whose end lay after the video, those that were empty once clipped among them.
        dropped: moments that were empty once clipped.
        dropped_queries: queries that had moments and lost all of them; they are not among `queries`.
    """

    queries: tuple[Query, ...]
    clipped: int = 0
    dropped: int = 0
    dropped_queries: int = 0

    def summary(self) -> str:
        """Say in one line what was read, clipped and dropped."""
        videos = len({query.video for query in self.queries})
        return (
            f"{len(self.queries):,} queries in {videos:,} videos; {self.clipped:,} ends after the video clipped, "
            f"{self.dropped:,} empty moments dropped and {self.dropped_queries:,} queries with them"
        )


class Entry(NamedTuple):
    """What a file says of one query: checked for form, in seconds, not yet fitted to the video."""

    where: str
    query_id: str
    video: str
    text: str
    duration_seconds: float
    spans: tuple[tuple[float, float], ...]
    split: str | None


def read_queries(path: str | Path, dataset: DatasetName, split: str | None = None) -> Annotations:
    """Read the queries of a data set.

    Args:
        path: the folder with the published files under their published names; for `jsonl`, the file.
        dataset: the format, a key of `FORMATS`.
        split: only this split; all where None. For `jsonl`, any name that the file uses.

    Raises:
        InputError: an unknown format or split, a file that is missing, empty or truncated, an entry that is
            malformed (naming file and line, or file and video), a query id that occurs twice, or no query left.
    """
    if dataset not in FORMATS:
        raise InputError(f"dataset {dataset!r} is unknown; expected one of {', '.join(FORMATS)}")
    entries: dict[str, Entry] = {}
    for entry in FORMATS[dataset](Path(path), split):
        if entry.query_id in entries:
            first = entries[entry.query_id].where
            raise InputError(f"{entry.where}: query id {entry.query_id!r} is already at {first}; ids must be unique")
        entries[entry.query_id] = entry

    queries: list[Query] = []
    clipped = dropped = dropped_queries = 0
    for entry in entries.values():
        if split not in (None, entry.split):
            continue
        query = _fit_to_video(entry)
        clipped += sum(end > entry.duration_seconds + ROUNDING_SECONDS for _, end in entry.spans)
        dropped += len(entry.spans) - len(query.moments)
        if entry.spans and not query.moments:
            dropped_queries += 1
        else:
            queries.append(query)
    if not queries:
        wanted = "query" if split is None else f"query of split {split!r}"
        found = ", ".join(sorted({entry.split or "no split" for entry in entries.values()})) or "nothing"
        raise InputError(f"{path}: no {wanted} left; it has {found}, and {dropped_queries} queries had empty moments")
    return Annotations(tuple(queries), clipped, dropped, dropped_queries)


def write_queries(path: str | Path, queries: Iterable[Query]) -> None:
    """Write queries as JSON lines, atomically, in the form that `read_queries(path, "jsonl")` reads.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, "".join(json.dumps(_row(query)) + "\n" for query in queries))


def parse_charades_sta(folder: Path, split: str | None) -> Iterator[Entry]:
    """Charades-STA (Gao et al., ICCV 2017): `video start end##sentence`, lengths in the CSV of Charades.

    There is no validation split: a tenth of the training videos, chosen by a hash of the id, is `val`.
    """
    wanted = _splits(split, ("train", "val", "test"), "Charades-STA")
    for part in dict.fromkeys("test" if name == "test" else "train" for name in wanted):
        lengths_path, path = folder / f"Charades_v1_{part}.csv", folder / f"charades_sta_{part}.txt"
        durations = _charades_durations(lengths_path)
        seen: Counter[str] = Counter()
        for where, line in _lines(path):
            with _at(where):
                video, span, text = _charades_line(line)
                if video not in durations:
                    raise InputError(f"video {video} is not in {lengths_path}; expected its length there")
            own_split = "val" if part == "train" and _is_held_out(video) else part
            yield Entry(where, f"{video}#{seen[video]}", video, text, durations[video], (span,), own_split)
            seen[video] += 1


def parse_tacos(folder: Path, split: str | None) -> Iterator[Entry]:
    """TACoS as published with 2D-TAN (Zhang et al., AAAI 2020): times in frames, with the frame rate."""

    def timing(entry: Mapping[str, object]) -> tuple[float, float]:
        fps = _positive(entry, "fps")
        return _positive(entry, "num_frames") / fps, fps

    for part in _splits(split, ("train", "val", "test"), "TACoS"):
        yield from _described_videos(folder / f"{part}.json", part, timing)


def parse_activitynet_captions(folder: Path, split: str | None) -> Iterator[Entry]:
    """ActivityNet Captions (Krishna et al., ICCV 2017): times in seconds.

    `val` and `test` describe the same videos independently, so the split is part of a query's id.
    """

    def timing(entry: Mapping[str, object]) -> tuple[float, float]:
        return _positive(entry, "duration"), 1.0

    for part in _splits(split, ("train", "val", "test"), "ActivityNet Captions"):
        yield from _described_videos(folder / f"{part}.json", part, timing, id_prefix=f"{part}-")


def parse_qvhighlights(folder: Path, split: str | None) -> Iterator[Entry]:
    """QVHighlights (Lei et al., NeurIPS 2021): several windows a query; those of its test split are not published."""
    for part in _splits(split, ("train", "val"), "QVHighlights"):
        for where, row in _json_lines(folder / f"highlight_{part}_release.jsonl"):
            with _at(where):
                query_id, video, text = _identifier(row, "qid"), _field(row, "vid", str), _field(row, "query", str)
                duration, spans = _positive(row, "duration"), _spans(row, "relevant_windows")
            yield Entry(where, query_id, video, text, duration, spans, part)


def parse_jsonl(path: Path, split: str | None) -> Iterator[Entry]:
    """JSON lines: `query_id`, `video`, `query`, `duration`, and where known `moments` and `split`.

    Entries of every split are given: only the file knows which there are.
    """
    for where, row in _json_lines(path):
        with _at(where):
            query_id, video, text = _identifier(row, "query_id"), _field(row, "video", str), _field(row, "query", str)
            duration = _positive(row, "duration")
            spans = _spans(row, "moments") if row.get("moments") is not None else ()
            own_split = _field(row, "split", str) if row.get("split") is not None else None
        yield Entry(where, query_id, video, text, duration, spans, own_split)


FORMATS: dict[DatasetName, Callable[[Path, str | None], Iterator[Entry]]] = {
    "jsonl": parse_jsonl,
    "charades-sta": parse_charades_sta,
    "tacos": parse_tacos,
    "activitynet-captions": parse_activitynet_captions,
    "qvhighlights": parse_qvhighlights,
}
"""The parser of each format: (folder or file, split or None) -> entries, at least those of the split."""


def _fit_to_video(entry: Entry) -> Query:
    clipped = [(start, min(end, entry.duration_seconds)) for start, end in entry.spans]
    with _at(entry.where):
        moments = tuple(Moment(start, end) for start, end in clipped if start < end)
        return Query(entry.query_id, entry.video, entry.text, entry.duration_seconds, moments, entry.split)


def _row(query: Query) -> dict[str, object]:
    row: dict[str, object] = {
        "query_id": query.query_id,
        "video": query.video,
        "query": query.text,
        "duration": query.duration_seconds,
        "moments": [moment.span for moment in query.moments],
    }
    return row if query.split is None else row | {"split": query.split}


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
    reader = csv.DictReader(io.StringIO(_read_text(path)))
    durations = {}
    try:
        if not {"id", "length"} <= set(reader.fieldnames or ()):
            raise InputError(f"{path}:1: columns {', '.join(reader.fieldnames or ())}; expected id and length")
        for row in reader:
            with _at(f"{path}:{reader.line_num}"):
                durations[row["id"]] = _positive({"length": _number_in(row["length"] or "", "length")}, "length")
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
    text = _read_text(path)
    with _at(str(path)):
        videos = _json_object(text)
    for video, entry in videos.items():
        with _at(f"{path}: video {video}"):
            if not isinstance(entry, dict):
                raise InputError(f"{reprlib.repr(entry)}; expected an object with timestamps and sentences")
            duration, units = timing(entry)
            spans, sentences = _spans(entry, "timestamps"), _field(entry, "sentences", list)
            if len(spans) != len(sentences):
                raise InputError(f"{len(spans)} timestamps and {len(sentences)} sentences; expected as many of each")
        for number, ((start, end), sentence) in enumerate(zip(spans, sentences, strict=True)):
            where, query_id = f"{path}: video {video}, sentence {number}", f"{video}#{id_prefix}{number}"
            if not isinstance(sentence, str):
                raise InputError(f"{where}: {reprlib.repr(sentence)}; expected text")
            span = (start / units, end / units)
            yield Entry(where, query_id, video, sentence.strip(), duration, (span,), split)


def _read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read annotations {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; expected a text file") from error
    if not text.strip():
        raise InputError(f"{path}: the file is empty; expected annotations")
    return text


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Give each line that is not blank, after its place as `file:line`."""
    # not splitlines(): a sentence may hold U+2028 and the like
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if line.strip():
            yield f"{path}:{number}", line


def _json_lines(path: Path) -> Iterator[tuple[str, Mapping[str, object]]]:
    for where, line in _lines(path):
        with _at(where):
            row = _json_object(line)
        yield where, row


def _json_object(text: str) -> Mapping[str, object]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON, or truncated ({error}); expected a JSON object") from error
    if not isinstance(value, dict):
        raise InputError(f"{reprlib.repr(value)}; expected a JSON object")
    return value


@contextmanager
def _at(where: str) -> Iterator[None]:
    """Put the place before an error's message."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _field(entry: Mapping[str, object], key: str, kind: type[T]) -> T:
    value = entry.get(key)
    if not isinstance(value, kind):
        found = reprlib.repr(value) if key in entry else "missing"
        raise InputError(f"{key} is {found}; expected {'text' if kind is str else 'a list'}")
    return value


def _identifier(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    return str(value) if type(value) is int else _field(entry, key, str)


def _spans(entry: Mapping[str, object], key: str) -> tuple[tuple[float, float], ...]:
    spans = []
    for span in _field(entry, key, list):
        if not isinstance(span, list) or len(span) != 2:
            raise InputError(f"{key} holds {reprlib.repr(span)}; expected [start, end]")
        spans.append((_number(span[0], key), _number(span[1], key)))
    return tuple(spans)


def _positive(entry: Mapping[str, object], key: str) -> float:
    if key not in entry:
        raise InputError(f"{key} is missing; expected a positive number")
    number = _number(entry[key], key)
    if number <= 0:
        raise InputError(f"{key} is {number}; expected a positive number")
    return number


def _number_in(text: str, name: str) -> float:
    try:
        return _number(float(text), name)
    except ValueError as error:
        raise InputError(f"{name} is {text!r}; expected a finite number") from error


def _number(value: object, name: str) -> float:
    # the comparison is false for NaN and infinity, and for an integer that no float can hold
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if not is_number:
        raise InputError(f"{name} is {reprlib.repr(value)}; expected a finite number")
    return float(value)
