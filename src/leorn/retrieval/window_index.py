"""An approximate index of a large table of windows, and how many of the nearest windows a search by it finds.

Letters: Q queries, D width of a vector.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from leorn.errors import InputError
from leorn.features.remote import RemotePath
from leorn.files import write_text
from leorn.restore import restore

RECORD = "index.json"
"""Beside the table: what was measured of its index."""
NAME = "nearest"
"""Of the index in the table."""
INDEX_FROM: int = 100_000
"""Windows from which on there is an index: about 30 hours of video. An exact search reads every vector, and its time
grows with them (benchmarks/recall_windows.py)."""
GROWN = 1.5
"""A table that has grown so much is indexed and measured anew; until then what is added goes into its parts."""
LEAST_RECALL = 0.95
"""Of the nearest windows a search finds so many, or the index is not used."""
NEAREST = 200
"""Windows of a search that is measured: as many as a search of the library recalls first."""
QUERIES = 50
"""Windows that are searched for to measure it, and as many sentences."""
PART = 256
"""Windows of a part of the index, at least: fewer do not say where its middle is."""
REFINE = 2
"""So many times the windows that are wanted are compared by their whole vectors; the index has a byte a number."""
FEWEST_PARTS = 8
"""Parts that a search looks into, at least."""


@dataclass(frozen=True)
class IndexRecord:
    """An index, and what was measured of it."""

    rows: int
    """Windows that were there."""
    parts: int
    """Among which they were divided, by k-means."""
    looked_into: int
    """Parts that a search looks into, those nearest to the sentence: as few as give the recall that is wanted."""
    recall: float
    """Share of the `nearest` windows that it finds: of queries that are windows or sentences, whichever is less."""
    nearest: int
    queries: int


def build_index(
    table: Any,  # noqa: ANN401
    folder: Path | RemotePath,
    sentences: Callable[[], Float[np.ndarray, "Q D"]] | None = None,
) -> IndexRecord | None:
    """Index a table's vectors, and find out how many parts a search must look into.

    Args:
        table: LanceDB's.
        folder: of the database; the record lies there.
        sentences: gives vectors of sentences to measure with: to a window's own vector others are nearer than to a
            sentence's.

    Returns:
        What was measured; None where no search by the index finds enough, and there is none then.
    """
    from lancedb.index import IvfSq

    (folder / RECORD).unlink(missing_ok=True)
    rows = table.count_rows()
    parts = max(1, min(round(math.sqrt(rows)), rows // PART))
    config = IvfSq(distance_type="cosine", num_partitions=parts)
    table.create_index("vector", config=config, name=NAME, replace=True)
    samples = [_some_windows(table, rows)] + ([] if sentences is None else [sentences()[:QUERIES]])
    samples = [sample for sample in samples if len(sample)]
    nearest = min(NEAREST, rows)
    worst = [[_worst(table, vector, nearest) for vector in sample] for sample in samples]
    looked_into = min(FEWEST_PARTS, parts)
    while True:
        recall = min(
            _recall(table, sample, of, nearest, looked_into) for sample, of in zip(samples, worst, strict=True)
        )
        if recall >= LEAST_RECALL:
            break
        if looked_into == parts:
            table.drop_index(NAME)
            return None
        looked_into = min(2 * looked_into, parts)
    record = IndexRecord(rows, parts, looked_into, round(recall, 4), nearest, sum(map(len, samples)))
    _write(folder / RECORD, json.dumps(asdict(record), indent=1) + "\n")
    return record


def read_record(folder: Path | RemotePath) -> IndexRecord | None:
    """Return what was measured of the index; None where there is none, or not yet, and searches are exact."""
    try:
        return restore(IndexRecord, json.loads((folder / RECORD).read_text(encoding="utf-8")), str(folder / RECORD))
    except (OSError, ValueError, InputError) as error:
        if isinstance(folder, RemotePath) and isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
            # each exact search would fetch all vectors
            raise InputError(f"{folder / RECORD}: cannot be read ({error.strerror})") from error
        return None


def approximately(search: Any, count: int, record: IndexRecord) -> Any:  # noqa: ANN401
    """Let a search for so many windows use the index; for more than were measured it looks into more parts."""
    more = max(1.0, count / record.nearest)
    return search.nprobes(min(math.ceil(record.looked_into * more), record.parts)).refine_factor(REFINE)


def _write(path: Path | RemotePath, text: str) -> None:
    if isinstance(path, RemotePath):
        path.write_text(text)
    else:
        write_text(path, text)


def _some_windows(table: Any, rows: int) -> Float[np.ndarray, "Q D"]:  # noqa: ANN401
    offsets = np.sort(np.random.default_rng(0).choice(rows, min(QUERIES, rows), replace=False))
    vectors = table.take_offsets(offsets.tolist()).select(["vector"]).to_arrow()["vector"]
    return np.stack(vectors.to_numpy(zero_copy_only=False))


def _search(table: Any, vector: Float[np.ndarray, "D"], count: int) -> Any:  # noqa: ANN401
    return table.search(vector).distance_type("cosine").select(["_distance"]).limit(count)


def _worst(table: Any, vector: Float[np.ndarray, "D"], count: int) -> float:  # noqa: ANN401
    """Return the distance of the last of the nearest windows: which of equals come first is open."""
    return max(_search(table, vector, count).bypass_vector_index().to_arrow()["_distance"].to_pylist())


def _recall(
    table: Any,  # noqa: ANN401
    vectors: Float[np.ndarray, "Q D"],
    worst: list[float],
    count: int,
    looked_into: int,
) -> float:
    record = IndexRecord(0, looked_into, looked_into, 0.0, count, 0)
    found = 0
    for vector, last in zip(vectors, worst, strict=True):
        distances = approximately(_search(table, vector, count), count, record).to_arrow()["_distance"].to_numpy()
        found += int((distances <= last + 1e-6).sum())
    return found / (count * len(vectors))
