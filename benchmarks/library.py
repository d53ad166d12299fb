"""How long a search of 1,000 videos takes, and whether it finds the video that a sentence is about.

    python benchmarks/library.py
    python benchmarks/library.py --others 0 1 2 3 --queries 1000 --json benchmarks/results/library.json

The videos are simulated, 24 to 26 seconds of one shot with COCO's labels and kitchen things: about 22 windows each. A
sentence such as "the bus goes right" is true of many of them; `--others` says how many other things in view sentences
name at most. The library is made once and stays in `--folder`; nothing of the demo network's training is in it. Every
query is asked once: its words are new, its videos may have been looked into for an earlier one.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from machine import machine

from leorn.data.annotations import read_queries, write_queries
from leorn.data.detections import import_detections
from leorn.data.simulate import simulate
from leorn.data.simulation.config import SimulationConfig
from leorn.data.word_files import load_word_vectors
from leorn.features.store import FeatureStore
from leorn.records import Query
from leorn.retrieval.indexing import index_objects
from leorn.retrieval.library import Library
from leorn.retrieval.loading import find_network
from leorn.retrieval.manifest import MANIFEST
from leorn.scoring.corpus import corpus_recall

SEED = 2
"""Scenes that the demo network was neither trained nor chosen on: those of seeds 0 and 1."""
FRAMES, RATE, SLOTS = 512, 4.0, 12
"""As the demo network sees a video."""
FIRST = 10
"""Answers among which the video is to be."""


def main() -> None:
    """Print a line for each number of other things that sentences name."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path("data/library-benchmark"))
    parser.add_argument("--videos", type=int, default=1000)
    parser.add_argument("--others", type=int, nargs="+", default=[3], help="Other things that sentences name.")
    parser.add_argument("--queries", type=int, default=500, help="To ask, drawn at random.")
    parser.add_argument("--candidates", type=int, default=20, help="Videos in which moments are looked for.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="Also write the figures there.")
    options = parser.parse_args()
    asked = {others: _simulated(options.folder, options.videos, others) for others in sorted(set(options.others))}
    built = _build(options.folder, max(asked))
    print(f"{built['videos']} videos, {built['windows_per_video']:.1f} windows each; {built['mb']:.0f} MB", end="")
    print(f", made in {built['seconds']:.0f} s" if "seconds" in built else "")
    print("others named  p50 ms  p95 ms  first ms  video in first 10 %  moment in first 10 %")
    rows = [
        _measure(options.folder / "library", queries, others, options.queries, options.candidates)
        for others, queries in asked.items()
    ]
    if options.json is not None:
        options.json.write_text(json.dumps({"machine": machine(), "library": built, "others": rows}, indent=1) + "\n")


def _simulated(folder: Path, videos: int, others: int) -> list[Query]:
    """Simulate the scenes with sentences of one kind; the scenes are the same whatever the sentences."""
    folder = folder / f"others-{others}"
    if not (folder / "queries.jsonl").exists():
        config = SimulationConfig(
            train_videos=1,
            val_videos=0,
            test_videos=videos,
            compositional_videos=0,
            queries_per_video=4,
            min_duration_seconds=24,
            max_duration_seconds=26,
            labels="many",
            max_actions=4,
            bystanders=4,
            others_named=others,
        )
        simulate(folder, config, SEED)
        # training has no place here, and the simulation cannot do without
        (folder / "detections" / f"simulated{SEED}-train-0000.csv.gz").unlink()
        write_queries(folder / "queries.jsonl", read_queries(folder / "queries.jsonl", "jsonl", "test").queries)
    return list(read_queries(folder / "queries.jsonl", "jsonl").queries)


def _build(folder: Path, others: int) -> dict[str, float]:
    """Make the library of what a simulated detector saw, where it is not there yet."""
    library, objects, made = folder / "library", folder / "objects", dict[str, float]()
    if not (library / MANIFEST).exists():
        source = folder / f"others-{others}"
        durations = {
            query.video: query.duration_seconds for query in read_queries(source / "queries.jsonl", "jsonl").queries
        }
        words = load_word_vectors(find_network("demo").parent / "words.safetensors")
        store = import_detections(
            source / "detections", objects, words, FRAMES, SLOTS, durations, overwrite=True, rate=RATE
        )
        started = time.perf_counter()
        index_objects(FeatureStore(store.path), library)
        made["seconds"] = time.perf_counter() - started
    manifest = Library(library).manifest
    size = sum(file.stat().st_size for file in library.rglob("*") if file.is_file())
    windows = sum(entry.windows for entry in manifest.videos.values())
    return {
        "videos": len(manifest.videos),
        "windows_per_video": windows / len(manifest.videos),
        "mb": size / 1e6,
        **made,
    }


def _measure(folder: Path, queries: Sequence[Query], others: int, count: int, candidates: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    asked = [queries[place] for place in rng.choice(len(queries), min(count, len(queries)), replace=False).tolist()]
    library, seconds, answers = Library(folder), list[float](), []
    for query in asked:
        started = time.perf_counter()
        result = library.search(query.text, FIRST, candidates=candidates)
        seconds.append(time.perf_counter() - started)
        answers.append([(one.video, one.moment.span) for one in result.moments])
    recall = corpus_recall(answers, [{query.video: query.moments} for query in asked], recalls=(FIRST,), ious=(0.5,))
    found, moments = recall[f"R@{FIRST},video"], recall[f"R@{FIRST},IoU>0.5"]
    p50, p95 = statistics.median(seconds), float(np.quantile(seconds, 0.95))
    first = seconds[0]
    print(f"{others:12d} {1e3 * p50:7.0f} {1e3 * p95:7.0f} {1e3 * first:9.0f} {found:20.1f} {moments:21.1f}")
    return {
        "others_named": others,
        "queries": len(asked),
        "p50_ms": 1e3 * p50,
        "p95_ms": 1e3 * p95,
        "first_ms": 1e3 * first,
        "video_in_first_10": found,
        "moment_in_first_10": moments,
    }


if __name__ == "__main__":
    main()
