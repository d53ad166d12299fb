"""The steps of a library's videos with their vectors, so that no video is decoded when a question comes.

Letters: T steps, D width of a vector.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from leorn.features.sampling import frame_count
from leorn.retrieval.curve import MOST_STEPS, STEP_SECONDS
from leorn.retrieval.video_rows import VideoRows, key_of
from leorn.retrieval.windows import Window

TABLE = "steps"


class VideoSteps(NamedTuple):
    """The equal parts of a video, of about a second each, with their vectors."""

    duration_seconds: float
    vectors: Float[np.ndarray, "T D"]


def cut_steps(duration_seconds: float) -> list[Window]:
    """Return the equal parts of a video that moments are made of: none longer than a second, but of very long videos.

    Args:
        duration_seconds: of the video.
    """
    count = frame_count(duration_seconds, MOST_STEPS, 1 / STEP_SECONDS)
    edges = (np.arange(count + 1) * (duration_seconds / count)).tolist()
    return [Window(start, end) for start, end in pairwise(edges)]


class StepTable:
    """Steps of videos, a row for each video: vectors in half precision.

    Args:
        folder: of the database, which is made where it is missing.

    Raises:
        InputError: LanceDB is not installed, or the folder holds no database that it can read.
    """

    def __init__(self, folder: str | Path) -> None:
        self._rows = VideoRows(folder, TABLE)

    def replace(self, videos: Mapping[str, VideoSteps]) -> None:
        """Put in the steps of videos, in the place of those that are there."""
        import pyarrow

        if not videos:
            return
        columns = {
            "key": [key_of(video) for video in videos],
            "video": list(videos),
            "duration_seconds": [steps.duration_seconds for steps in videos.values()],
            "steps": [len(steps.vectors) for steps in videos.values()],
            "vectors": [steps.vectors.astype("<f2").tobytes() for steps in videos.values()],
        }
        self._rows.replace(videos, pyarrow.table(columns))

    def remove(self, videos: Collection[str]) -> None:
        """Take out the steps of videos."""
        self._rows.remove(videos)

    def counts(self) -> Counter[str]:
        """Return the videos that have steps, each with 1."""
        return self._rows.counts()

    def keep_only(self, videos: Collection[str]) -> None:
        """Take out the steps of all other videos."""
        self._rows.keep_only(videos)

    def tidy(self) -> None:
        """Put together what was written in many parts."""
        self._rows.tidy()

    def read(self, videos: Collection[str]) -> dict[str, VideoSteps]:
        """Return the steps of those of the videos that are there."""
        if self._rows.table is None or not videos:
            return {}
        return {
            row["video"]: VideoSteps(
                row["duration_seconds"],
                np.frombuffer(row["vectors"], "<f2").reshape(row["steps"], -1).astype(np.float32),
            )
            for row in self._rows.of(videos).to_pylist()
        }
