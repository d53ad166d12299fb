"""How long it takes to recall windows by an exact search and by the index, how large the index is, what it misses.

    python benchmarks/recall_windows.py
    python benchmarks/recall_windows.py --windows 12500 25000 50000 100000 200000 --width 384

Windows of a video are alike, and so are videos of a theme, as in collections of real ones; how alike is made up. Half
of the queries are near a theme, as sentences are, half are windows. An index is built whatever the size, so that the
size from which on it is worth building (leorn.retrieval.window_index.INDEX_FROM) can be seen.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from machine import machine

from leorn.retrieval import window_index
from leorn.retrieval.window_index import NEAREST
from leorn.retrieval.window_table import VideoWindows, WindowTable
from leorn.retrieval.windows import Window

OF_A_VIDEO = 100
"""Windows, as two minutes of video have."""
VIDEOS_OF_A_THEME = 20
SPREAD_OF_VIDEOS, SPREAD_OF_WINDOWS, SPREAD_OF_SENTENCES = 0.7, 0.5, 1.0
"""Length of what is added at random to a theme, to a video and to what a sentence is about, of unit length each."""
AT_ONCE = 200
"""Videos that are written together."""


def main() -> None:
    """Print a line for each size, with the medians over the queries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--windows", type=int, nargs="+", default=[12_500, 25_000, 50_000, 100_000, 200_000])
    parser.add_argument("--width", type=int, default=384, help="Of a vector.")
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--json", type=Path, metavar="FILE", help="Also write the figures there.")
    options = parser.parse_args()
    print(f"{NEAREST} nearest windows, vectors of width {options.width}")
    print("windows  exact ms  index ms  recall  measured  parts looked into  build s  table MB  index MB")
    rows = [measure(count, options.width, options.queries) for count in options.windows]
    if options.json is not None:
        result = {"machine": machine(), "nearest": NEAREST, "width": options.width, "sizes": rows}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def measure(count: int, width: int, queries: int) -> dict[str, float]:
    """Make a table of so many windows up, search it both ways, print a line of the table and return the figures."""
    rng = np.random.default_rng(0)
    themes = _unit(rng.normal(size=(max(1, count // (OF_A_VIDEO * VIDEOS_OF_A_THEME)), width)))
    with tempfile.TemporaryDirectory() as folder:
        table, sampled = WindowTable(folder), list[np.ndarray]()
        for part in _videos(count, themes, rng):
            table.replace(part)
            sampled += [of.vectors[0] for of in part.values()]
        own = np.stack(sampled)[rng.choice(len(sampled), queries // 2)]
        asked = np.concatenate([_near(themes[rng.choice(len(themes), queries // 2)], SPREAD_OF_SENTENCES, rng), own])
        window_index.INDEX_FROM = count + 1
        table.tidy()
        size = _bytes(folder)
        exact_seconds, exact = _ask(table, asked)
        window_index.INDEX_FROM = 0
        sentences = _near(themes[rng.choice(len(themes), window_index.QUERIES)], SPREAD_OF_SENTENCES, rng)
        build_seconds = _seconds(lambda: table.tidy(lambda: sentences))
        record = table.index
        if record is None:
            raise SystemExit(f"{count} windows: no index finds {window_index.LEAST_RECALL:.0%}")
        index_seconds, found = _ask(table, asked)
        index_bytes = _bytes(folder) - size
    recall = statistics.mean(len(one & other) / len(one) for one, other in zip(exact, found, strict=True))
    print(
        f"{count:7}  {1e3 * exact_seconds:8.1f}  {1e3 * index_seconds:8.1f}  {recall:6.3f}  {record.recall:8.3f}  "
        f"{record.looked_into:6} of {record.parts:6}  {build_seconds:9.1f}  {size / 1e6:8.1f}  "
        f"{index_bytes / 1e6:8.1f}",
        flush=True,
    )
    return {
        "windows": count,
        "exact_seconds": exact_seconds,
        "index_seconds": index_seconds,
        "recall": recall,
        "measured_recall": record.recall,
        "looked_into": record.looked_into,
        "parts": record.parts,
        "build_seconds": build_seconds,
        "table_bytes": size,
        "index_bytes": index_bytes,
    }


def _videos(count: int, themes: np.ndarray, rng: np.random.Generator) -> Iterator[dict[str, VideoWindows]]:
    """Make videos up, some at a time."""
    windows = [Window(float(start), start + 4.0) for start in range(OF_A_VIDEO)]
    videos = max(1, count // OF_A_VIDEO)
    for first in range(0, videos, AT_ONCE):
        part = {}
        for video in range(first, min(first + AT_ONCE, videos)):
            middle = _near(themes[[video % len(themes)]], SPREAD_OF_VIDEOS, rng)
            vectors = _near(np.repeat(middle, OF_A_VIDEO, axis=0), SPREAD_OF_WINDOWS, rng)
            part[f"video-{video}"] = VideoWindows(windows, vectors)
        yield part


def _near(vectors: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    return _unit(vectors + spread * _unit(rng.normal(size=vectors.shape)))


def _unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def _ask(table: WindowTable, asked: np.ndarray) -> tuple[float, list[set[tuple[str, float]]]]:
    """Return the median time of a search, and what was found; the first search is no part of it."""
    table.recall(asked[0], NEAREST)
    seconds, found = list[float](), list[set[tuple[str, float]]]()
    for vector in asked:
        start = time.perf_counter()
        recalled = table.recall(vector, NEAREST)
        seconds.append(time.perf_counter() - start)
        found.append({(one.video, one.window.start_seconds) for one in recalled})
    return statistics.median(seconds), found


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _bytes(folder: str) -> int:
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


if __name__ == "__main__":
    main()
