"""A data set of a few seconds' work, made as a user makes one, and an experiment on it."""

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from leorn.config import DataConfig, ExperimentConfig, ModelConfig, NetworkConfig, PyramidConfig, TrainingConfig
from leorn.data.annotations import write_queries
from leorn.data.detections import import_detections
from leorn.data.tracks import Tracks, write_tracks
from leorn.data.word_files import load_word_vectors, save_word_vectors
from leorn.records import Moment, Query

MODEL = ModelConfig(
    word_size=6,
    object_size=6,
    frames=16,
    clips=8,
    hidden_size=8,
    feedforward_size=16,
    num_heads=2,
    num_layers=1,
    num_text_layers=1,
    num_scale_layers=(4, 2),
    map_kernel_sizes=(3, 3),
)
PYRAMID = PyramidConfig(
    word_size=6,
    object_size=6,
    frames=16,
    hidden_size=8,
    channels=8,
    num_layers=1,
    num_heads=2,
    levels=3,
    stem_blocks=1,
    window=5,
    text_size=8,
    num_text_layers=1,
)
LABELS = ("cat", "cup", "dog", "person")
VIDEOS = {"train": 7, "val": 3, "test": 5}
"""Videos of each split; each has two queries."""
DURATION_SECONDS = 8.0
DURATIONS = {f"{split}-{number}": DURATION_SECONDS for split, count in VIDEOS.items() for number in range(count)}


@dataclass(frozen=True)
class Tiny:
    """The data set in a folder; a test that harms it takes a copy."""

    folder: Path

    @property
    def queries(self) -> Path:
        """The annotations."""
        return self.folder / "queries.jsonl"

    @property
    def objects(self) -> Path:
        """The store."""
        return self.folder / "store"

    @property
    def words(self) -> Path:
        """The word vectors."""
        return self.folder / "words.npz"

    def copy(self, folder: Path) -> "Tiny":
        """Put the same data into another folder."""
        return Tiny(Path(shutil.copytree(self.folder, folder)))

    def experiment(self, out: Path, model: NetworkConfig = MODEL, /, **changes: object) -> ExperimentConfig:
        """Return an experiment of two epochs; `changes` are named `section__key`."""
        config = ExperimentConfig(
            out=str(out),
            data=DataConfig(queries=str(self.queries), objects=str(self.objects), words=str(self.words), slots=3),
            model=model,
            training=TrainingConfig(epochs=2, batch_size=4, learning_rate=1e-2, accelerator="cpu"),
        )
        for name, value in changes.items():
            section, key = name.split("__")
            config = replace(config, **{section: replace(getattr(config, section), **{key: value})})
        return config

    def write_experiment(self, path: Path, out: Path, model: NetworkConfig = MODEL, /, **changes: object) -> Path:
        """Write the experiment as a file for `leorn train --config`."""
        config = asdict(self.experiment(out, model, **changes))
        plain = {
            section: {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
            for section, values in config.items()
            if isinstance(values, dict)
        }
        path.write_text(yaml.safe_dump({"out": str(out), **plain}))
        return path


def write_tiny(folder: Path) -> Tiny:
    """Make videos of 8 s in which a person is all the time, and a cat, cup or dog for three seconds."""
    rng = np.random.default_rng(0)
    queries = [query for video in DURATIONS for query in _video(folder, video, rng)]
    write_queries(folder / "queries.jsonl", queries)
    vocabulary = (*LABELS, "a", "alone", "is", "passes", "the")
    vectors = rng.normal(size=(len(vocabulary), MODEL.word_size))
    save_word_vectors(folder / "words.npz", vocabulary, vectors)
    words = load_word_vectors(folder / "words.npz")
    import_detections(folder / "detections", folder / "store", words, MODEL.frames, 3, DURATIONS)
    return Tiny(folder)


def _video(folder: Path, video: str, rng: np.random.Generator) -> list[Query]:
    """Write the tracks of a video, and return two queries about it."""
    label, start = int(rng.integers(3)), int(rng.integers(1, 5))
    end = start + 3
    rows = [(time, 0, 3, 0.9) for time in range(8)] + [(time, 1, label, 0.8) for time in range(start, end)]
    times, tracks, labels, scores = (np.array(column) for column in zip(*rows, strict=True))
    low = rng.uniform(0, 0.5, (len(rows), 2))
    found = Tracks(times + 0.5, tracks, labels, scores, np.hstack([low, low + 0.4]), LABELS)
    write_tracks(folder / "detections" / f"{video}.csv.gz", found)
    passes, alone = (Moment(start, end),), (Moment(0, start), Moment(end, DURATION_SECONDS))
    texts = {f"A {LABELS[label]} passes.": passes, "The person is alone.": alone}
    split = video.split("-")[0]
    return [
        Query(f"{video}#{number}", video, text, DURATION_SECONDS, moments, split)
        for number, (text, moments) in enumerate(texts.items())
    ]
