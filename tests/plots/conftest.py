"""A query with its video's objects, small enough to compute by hand."""

import numpy as np
import pytest

from leorn.records import Moment, Query, VideoObjects


@pytest.fixture
def query() -> Query:
    moments = (Moment(10.0, 25.0), Moment(30.0, 32.5))
    return Query("q1", "kitchen", "the person opens the fridge", 40.0, moments)


@pytest.fixture
def video() -> VideoObjects:
    """Three frames with two slots: a cup and a person, a person alone, a person and a thing without a label."""
    return VideoObjects(
        video="kitchen",
        duration_seconds=40.0,
        times_seconds=np.array([5.0, 15.0, 35.0]),
        features=np.zeros((3, 2, 4), np.float16),
        boxes=np.zeros((3, 2, 4), np.float32),
        scores=np.array([[0.9, 0.8], [0.9, 0.0], [0.7, 0.6]], np.float32),
        labels=np.array([[1, 0], [0, -1], [0, -1]]),
        label_names=("person", "cup", "spoon"),
    )


@pytest.fixture
def weights() -> np.ndarray:
    """Attention of the three frames over the sentinel and the two slots."""
    return np.array([[0.5, 0.3, 0.2], [0.1, 0.9, 0.0], [0.25, 0.5, 0.25]])


@pytest.fixture
def scores() -> np.ndarray:
    """A map of four clips of 10 seconds; its best cell is 10 to 30 s, behind a higher one that does not exist."""
    scores = np.full((4, 4), 0.1)
    scores[1, 2] = 0.8
    scores[0, 3] = 0.9
    return scores


@pytest.fixture
def mask() -> np.ndarray:
    """Moments of one and two clips exist."""
    return np.eye(4, dtype=bool) | np.eye(4, k=1, dtype=bool)
