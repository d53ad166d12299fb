"""Whether reading keeps up with training: batches of a store, and of the published layout, without any network.

The plain path is the published one: features in single precision with their boxes behind them, in one HDF5 file, read
anew for every query.
"""

from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import InTurns
from test_training import make_step

from leorn.data.dataset import Collate, QueryBatches, QueryDataset
from leorn.data.words import WordVectors
from leorn.features.sources import open_objects
from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.records import Moment, Query, VideoObjects

VIDEOS, QUERIES_OF_EACH = 4, 4
FRAMES, OBJECTS, WIDTH = 256, 18, 2048
BATCH, TOGETHER = 16, 4
DURATION_SECONDS = 30.0
QUERIES = [
    Query(f"q{number}", f"v{number % VIDEOS}", "a person takes the cup", DURATION_SECONDS, (Moment(2.0, 9.0),))
    for number in range(VIDEOS * QUERIES_OF_EACH)
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a store of random objects."""
    path = tmp_path_factory.mktemp("store") / "objects"
    write_store(path, (random_video(f"v{number}") for number in range(VIDEOS)), {"extractor": "random"})
    return path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, store: Path) -> Path:
    """Write the same in the published layout."""
    path = tmp_path_factory.mktemp("published") / "objects.hdf5"
    with h5py.File(path, "w") as file:
        for name in (f"v{number}" for number in range(VIDEOS)):
            video = FeatureStore(store).read(name)
            columns = [video.features.astype(np.float32), video.boxes, video.scores[..., None]]
            file[name] = np.concatenate(columns, -1)
    return path


def random_video(name: str) -> VideoObjects:
    """Return a video with objects at random places."""
    rng = np.random.default_rng(int(name[1:]))
    corners = np.sort(rng.random((FRAMES, OBJECTS, 2, 2)), axis=2)
    return VideoObjects(
        video=name,
        duration_seconds=DURATION_SECONDS,
        times_seconds=(np.arange(FRAMES) + 0.5) * DURATION_SECONDS / FRAMES,
        features=rng.normal(size=(FRAMES, OBJECTS, WIDTH)).astype(np.float16),
        boxes=corners.reshape(FRAMES, OBJECTS, 4).astype(np.float32),
        scores=np.ones((FRAMES, OBJECTS), np.float32),
        labels=np.full((FRAMES, OBJECTS), -1),
    )


def epoch(path: Path, together: int) -> None:
    """Read every batch of an epoch."""
    words = WordVectors({"person": 0}, np.ones((1, 300), np.float32), source="one")
    source = open_objects(path)
    collate = Collate(source, words, tokenizer="words", frames=FRAMES, slots=OBJECTS, min_score=0.0)
    dataset = QueryDataset(QUERIES, collate)
    for batch in QueryBatches([query.video for query in QUERIES], BATCH, seed=0, together=together):
        dataset[batch]


@pytest.mark.parametrize("together", [1, TOGETHER])
def test_batches_of_a_store_against_the_published_file(
    in_turns: InTurns, store: Path, published: Path, together: int
) -> None:
    in_turns(
        lambda: epoch(store, together),
        lambda: epoch_query_by_query(published),
        against="the published file, query by query",
        examples=len(QUERIES),
        plain_examples=len(QUERIES),
    )


def test_batches_of_a_store_against_a_training_step(in_turns: InTurns, store: Path) -> None:
    step = make_step("K9L4-64x64", 4, "cpu", torch.bfloat16, fused=True, compiled=False)
    in_turns(
        lambda: epoch(store, 1),
        step,
        against="training on them, bf16",
        examples=len(QUERIES),
        plain_examples=4,
    )


def epoch_query_by_query(path: Path) -> None:
    """Read all columns of a video for each query."""
    with h5py.File(path) as file:
        for query in QUERIES:
            file[query.video][()]


def test_reading_a_video_of_a_store(in_turns: InTurns, store: Path, published: Path) -> None:
    opened = FeatureStore(store)
    with h5py.File(published) as file:
        in_turns(lambda: opened.read("v0"), lambda: file["v0"][()], against="the published file")
