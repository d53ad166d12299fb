"""Annotation files -> queries, and queries -> JSON lines.

What a file says of a query is fitted to its video here, whatever the format: the published files hold ends after the
video and moments that run backwards, and every reader must treat them alike.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from leorn.config import DatasetName
from leorn.data.entries import Entry
from leorn.data.formats import FORMATS
from leorn.errors import InputError
from leorn.files import write_text
from leorn.jsonlines import errors_at
from leorn.records import Moment, Query
from leorn.wording import counted

ROUNDING_SECONDS = 1e-6
"""An end this little after the video is the publisher's rounding (70.29 in 70.28999999999999), not worth counting."""


@dataclass(frozen=True)
class Annotations:
    """The queries of a data set, and what had to be mended to read them.

    Attributes:
        queries: in the order of the files.
        clipped: moments whose end lay after the video, those that were empty once clipped among them.
        dropped: moments that were empty once clipped.
        dropped_queries: ids of queries that had moments and lost all of them; they are not among `queries`.
    """

    queries: tuple[Query, ...]
    clipped: int = 0
    dropped: int = 0
    dropped_queries: tuple[str, ...] = ()

    def summary(self) -> str:
        """Say in one line what was read and, where there was any, clipped and dropped."""
        videos = len({query.video for query in self.queries})
        read = f"{counted(len(self.queries), 'query')} in {counted(videos, 'video')}"
        if not (self.clipped or self.dropped):
            return read
        queries = counted(len(self.dropped_queries), "query")
        return (
            f"{read}; {counted(self.clipped, 'end')} after the video clipped, "
            f"{counted(self.dropped, 'empty moment')} dropped and {queries} with them"
        )


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
    dropped_queries: list[str] = []
    clipped = dropped = 0
    for entry in entries.values():
        if split not in (None, entry.split):
            continue
        query = _fit_to_video(entry)
        clipped += sum(end > entry.duration_seconds + ROUNDING_SECONDS for _, end in entry.spans)
        dropped += len(entry.spans) - len(query.moments)
        if entry.spans and not query.moments:
            dropped_queries.append(query.query_id)
        else:
            queries.append(query)
    if not queries:
        wanted = "query" if split is None else f"query of split {split!r}"
        found = ", ".join(sorted({entry.split or "no split" for entry in entries.values()})) or "nothing"
        empty = f", and {counted(len(dropped_queries), 'query')} had empty moments" if dropped_queries else ""
        raise InputError(f"{path}: no {wanted} left; it has {found}{empty}")
    return Annotations(tuple(queries), clipped, dropped, tuple(dropped_queries))


def write_queries(path: str | Path, queries: Iterable[Query]) -> None:
    """Write queries as JSON lines, atomically, in the form that `read_queries(path, "jsonl")` reads.

    Raises:
        InputError: the file cannot be written.
    """
    write_text(path, "".join(json.dumps(_row(query)) + "\n" for query in queries))


def _fit_to_video(entry: Entry) -> Query:
    clipped = [(start, min(end, entry.duration_seconds)) for start, end in entry.spans]
    with errors_at(entry.where):
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
