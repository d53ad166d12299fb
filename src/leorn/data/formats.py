"""The formats of annotation files: one parser for each published one, and one for JSON lines.

A parser yields what its file says, checked for form and in seconds.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from leorn.config import DatasetName
from leorn.data.charades import parse_charades_cd, parse_charades_sta, parse_charades_sta_reannotated
from leorn.data.entries import Entry, described_videos, spans_in, wanted_splits
from leorn.errors import InputError
from leorn.jsonlines import errors_at, field, identifier, json_lines, positive


def parse_tacos(folder: Path, split: str | None) -> Iterator[Entry]:
    """TACoS as published with 2D-TAN (Zhang et al., AAAI 2020): times in frames, with the frame rate."""

    def timing(entry: Mapping[str, object]) -> tuple[float, float]:
        fps = positive(entry, "fps")
        return positive(entry, "num_frames") / fps, fps

    for part in wanted_splits(split, ("train", "val", "test"), "TACoS"):
        yield from described_videos(folder / f"{part}.json", part, timing)


def parse_activitynet_captions(folder: Path, split: str | None) -> Iterator[Entry]:
    """ActivityNet Captions (Krishna et al., ICCV 2017): times in seconds.

    `val` and `test` describe the same videos independently, so the split is part of a query's id.
    """

    def timing(entry: Mapping[str, object]) -> tuple[float, float]:
        return positive(entry, "duration"), 1.0

    for part in wanted_splits(split, ("train", "val", "test"), "ActivityNet Captions"):
        yield from described_videos(folder / f"{part}.json", part, timing, id_prefix=f"{part}-")


def parse_qvhighlights(folder: Path, split: str | None) -> Iterator[Entry]:
    """QVHighlights (Lei et al., NeurIPS 2021): several windows a query; those of its test split are not published."""
    for part in wanted_splits(split, ("train", "val"), "QVHighlights"):
        for where, row in json_lines(folder / f"highlight_{part}_release.jsonl", "annotations"):
            with errors_at(where):
                query_id, video, text = identifier(row, "qid"), field(row, "vid", str), field(row, "query", str)
                duration, spans = positive(row, "duration"), spans_in(row, "relevant_windows")
            yield Entry(where, query_id, video, text, duration, spans, part)


def parse_jsonl(path: Path, split: str | None) -> Iterator[Entry]:
    """JSON lines: `query_id`, `video`, `query`, `duration`, and where known `moments` and `split`.

    Entries of every split are given: only the file knows which there are.
    """
    if path.is_dir():
        published = ", ".join(name for name in FORMATS if name != "jsonl")
        raise InputError(f"annotations {path}: a folder; expected a file, or another dataset than jsonl: {published}")
    for where, row in json_lines(path, "annotations"):
        with errors_at(where):
            query_id, video, text = identifier(row, "query_id"), field(row, "video", str), field(row, "query", str)
            duration = positive(row, "duration")
            spans = spans_in(row, "moments") if row.get("moments") is not None else ()
            own_split = field(row, "split", str) if row.get("split") is not None else None
        yield Entry(where, query_id, video, text, duration, spans, own_split)


FORMATS: dict[DatasetName, Callable[[Path, str | None], Iterator[Entry]]] = {
    "jsonl": parse_jsonl,
    "charades-sta": parse_charades_sta,
    "charades-sta-reannotated": parse_charades_sta_reannotated,
    "charades-cd": parse_charades_cd,
    "tacos": parse_tacos,
    "activitynet-captions": parse_activitynet_captions,
    "qvhighlights": parse_qvhighlights,
}
"""The parser of each format: (folder or file, split or None) -> entries, at least those of the split."""
