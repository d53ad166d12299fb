"""200 queries in one call on an encoded video of 40 minutes: seconds for each, and the most memory ever held.

    python benchmarks/many_queries.py --out runs/many-queries.json

LEORN-P of full size with random weights, 2,304 frames of 36 objects with label features, asked through the retriever
from sentences to ranked moments with their evidence.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from memory import peak_bytes

from leorn.checkpoints import NetworkRecord
from leorn.config import DataConfig, EvaluationConfig, ExperimentConfig, PyramidConfig
from leorn.data.words import WordVectors
from leorn.files import write_text
from leorn.model.networks import make_network
from leorn.records import VideoObjects
from leorn.retrieval.retriever import PreparedVideo, Retriever

FRAMES, OBJECTS, WIDTH = 2304, 36, 300
DURATION_SECONDS = 2400.0
VOCABULARY = [f"word{number}" for number in range(400)]
WORDS = 10


def main() -> None:
    """Ask once and many times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/many-queries.json"))
    parser.add_argument("--queries", type=int, default=200)
    options = parser.parse_args()
    retriever = make_retriever()
    video = retriever.prepare(random_video(), {})
    prepared = peak_bytes()
    rng = np.random.default_rng(1)
    queries = [" ".join(rng.choice(VOCABULARY, WORDS)) for _ in range(options.queries)]
    retriever.find(queries[0], video)
    one = seconds(retriever, queries[:1], video)
    several = seconds(retriever, queries, video)
    found = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "queries": len(queries),
        "seconds of one query alone": round(one, 4),
        "seconds per query": round(several / len(queries), 4),
        "peak_gigabytes when prepared": round(prepared / 1e9, 3),
        "peak_gigabytes": round(peak_bytes() / 1e9, 3),
    }
    write_text(options.out, json.dumps(found, indent=2))
    print(json.dumps(found, indent=2))


def make_retriever() -> Retriever:
    """Return a network with random weights behind the retriever's door."""
    torch.manual_seed(0)
    config = PyramidConfig(frames=FRAMES, object_size=WIDTH)
    experiment = ExperimentConfig(
        out="runs/none",
        data=DataConfig(queries="", objects="", words="", slots=OBJECTS),
        model=config,
        evaluation=EvaluationConfig(nms="soft"),
    )
    vectors = np.random.default_rng(0).normal(size=(len(VOCABULARY), WIDTH)).astype(np.float32)
    words = WordVectors({word: row for row, word in enumerate(VOCABULARY)}, vectors, source="random")
    return Retriever(make_network(config), NetworkRecord(config, experiment), words, device="cpu")


def random_video() -> VideoObjects:
    """Return objects at random places."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(FRAMES, OBJECTS, WIDTH)).astype(np.float16)
    return VideoObjects(
        video="random",
        duration_seconds=DURATION_SECONDS,
        times_seconds=(np.arange(FRAMES) + 0.5) * DURATION_SECONDS / FRAMES,
        features=features,
        boxes=np.sort(rng.random((FRAMES, OBJECTS, 2, 2)), axis=2).reshape(FRAMES, OBJECTS, 4).astype(np.float32),
        scores=np.ones((FRAMES, OBJECTS), np.float32),
        labels=rng.integers(len(VOCABULARY), size=(FRAMES, OBJECTS)),
        label_names=tuple(VOCABULARY),
    )


def seconds(retriever: Retriever, queries: Sequence[str], video: PreparedVideo) -> float:
    """Time one call."""
    started = time.perf_counter()
    retriever.find(queries, video)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
