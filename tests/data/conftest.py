"""Files that the tests of several readers write."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from leorn.data.tracks import Tracks


@pytest.fixture
def jsonl(tmp_path: Path) -> Callable[..., Path]:
    """Write each argument as a line of JSON."""

    def write_rows(*rows: object) -> Path:
        path = tmp_path / "queries.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return path

    return write_rows


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write the text of a file of tracks, gzipped by its name."""

    def write_file(text: str, name: str = "v.csv") -> Path:
        path = tmp_path / "tracks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
        return path

    return write_file


@pytest.fixture(scope="session")
def random_tracks() -> Callable[[int, int, int], Tracks]:
    """Make tracks of so many rows, at so many time stamps 0.3 s apart."""

    def make(seed: int, rows: int, stamps: int) -> Tracks:
        rng = np.random.default_rng(seed)
        low = rng.uniform(0, 0.5, (rows, 2))
        return Tracks(
            times_seconds=np.round(rng.integers(0, stamps, rows) * 0.3, 1),
            tracks=rng.permutation(rows),
            labels=rng.integers(0, 3, rows),
            scores=rng.choice([0.0, 0.25, 0.5, 1.0], rows),
            boxes=np.round(np.hstack([low, low + rng.uniform(0.01, 0.5, (rows, 2))]), 4),
            label_names=("cup", "egg, boiled", 'so-called "pan"'),
        )

    return make
