"""LEORN-P of full size with random weights behind the retriever's door, and videos with random objects."""

import time
from collections.abc import Sequence

import numpy as np
import torch

from leorn.checkpoints import NetworkRecord
from leorn.config import DataConfig, EvaluationConfig, ExperimentConfig, PyramidConfig
from leorn.data.words import WordVectors
from leorn.model.networks import make_network
from leorn.records import VideoObjects
from leorn.retrieval.prepared import PreparedVideo
from leorn.retrieval.retriever import Retriever

WIDTH = 300
"""Of word vectors: labels' stand for objects."""
VOCABULARY = [f"word{number}" for number in range(30_000)]
"""As many as the demo network knows."""
LABELS = VOCABULARY[:80]
WORDS = 10
"""Words of a query."""
DURATION_SECONDS = 2400.0
"""40 minutes: about a frame a second at T=2304."""


def make_retriever(frames: int, objects: int) -> Retriever:
    """Return a network for videos of so many frames with so many objects in each."""
    torch.manual_seed(0)
    config = PyramidConfig(frames=frames, object_size=WIDTH)
    experiment = ExperimentConfig(
        out="runs/none",
        data=DataConfig(queries="", objects="", words="", slots=objects),
        model=config,
        evaluation=EvaluationConfig(nms="soft"),
    )
    vectors = np.random.default_rng(0).normal(size=(len(VOCABULARY), WIDTH)).astype(np.float32)
    words = WordVectors({word: row for row, word in enumerate(VOCABULARY)}, vectors, source="random")
    return Retriever(make_network(config), NetworkRecord(config, experiment), words, device="cpu")


def random_video(frames: int, objects: int) -> VideoObjects:
    """Return objects at random places."""
    rng = np.random.default_rng(0)
    return VideoObjects(
        video="random",
        duration_seconds=DURATION_SECONDS,
        times_seconds=(np.arange(frames) + 0.5) * DURATION_SECONDS / frames,
        # frame by frame: all at once they would be there in float64, too, and count as memory that the network needs
        features=np.stack([rng.normal(size=(objects, WIDTH)).astype(np.float16) for _ in range(frames)]),
        boxes=np.sort(rng.random((frames, objects, 2, 2)), axis=2).reshape(frames, objects, 4).astype(np.float32),
        scores=np.ones((frames, objects), np.float32),
        labels=rng.integers(len(LABELS), size=(frames, objects)),
        label_names=tuple(LABELS),
    )


def random_queries(count: int) -> list[str]:
    """Return sentences of known words."""
    rng = np.random.default_rng(1)
    return [" ".join(map(str, rng.choice(VOCABULARY, WORDS))) for _ in range(count)]


def asking_seconds(retriever: Retriever, queries: Sequence[str], video: PreparedVideo) -> float:
    """Time one call, from sentences to ranked moments."""
    started = time.perf_counter()
    retriever.find(queries, video)
    return time.perf_counter() - started
