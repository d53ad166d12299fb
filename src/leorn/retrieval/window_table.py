"""The windows of a library's videos with their vectors, in a LanceDB table.

Letters: W windows, Q sentences, D width of a vector.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from leorn.features.remote import RemotePath, path_of
from leorn.retrieval import window_index
from leorn.retrieval.video_rows import VideoRows, key_of, one_of
from leorn.retrieval.window_index import IndexRecord, approximately, build_index, read_record
from leorn.retrieval.windows import Window

if TYPE_CHECKING:
    import pyarrow

__all__ = ["RecalledWindow", "VideoWindows", "WindowTable", "key_of"]

TABLE = "windows"


class VideoWindows(NamedTuple):
    """The windows of a video with their vectors."""

    windows: Sequence[Window]
    vectors: Float[np.ndarray, "W D"]


class RecalledWindow(NamedTuple):
    """A window that a search recalled."""

    video: str
    window: Window
    similarity: float
    """Cosine of its vector and the sentence's."""


class WindowTable:
    """Vectors of windows, found by their cosine: exactly, but in a large table by an index that misses a few.

    Args:
        folder: of the database, which is made where it is missing; or its URI, of a store that LanceDB knows, such as
            `s3://bucket/windows`. What was measured of its index is then read and written by fsspec.

    Attributes:
        index: what was measured of the index; None where searches are exact.

    Raises:
        InputError: LanceDB is not installed, or the folder holds no database that it can read.
    """

    def __init__(self, folder: str | Path | RemotePath) -> None:
        self._folder = path_of(folder)
        self._rows = VideoRows(folder, TABLE)
        self.index: IndexRecord | None = read_record(self._folder)

    def __len__(self) -> int:
        """How many windows there are."""
        return len(self._rows)

    def replace(self, videos: Mapping[str, VideoWindows]) -> None:
        """Put in the windows of videos, in the place of those that are there."""
        if videos:
            self._rows.replace(videos, _rows(videos))

    def remove(self, videos: Collection[str]) -> None:
        """Take out the windows of videos."""
        self._rows.remove(videos)

    def counts(self) -> Counter[str]:
        """Return how many windows each video has."""
        return self._rows.counts()

    def keep_only(self, videos: Collection[str]) -> None:
        """Take out the windows of all other videos: those that a killed writer has left."""
        self._rows.keep_only(videos)

    def tidy(self, sentences: Callable[[], Float[np.ndarray, "Q D"]] | None = None) -> None:
        """Put together what was written in many parts, and index a table that has become large.

        Windows that are put in later are found without it, until the next time.

        Args:
            sentences: gives vectors of sentences, to measure how many windows a search by the index finds.
        """
        self._rows.tidy()
        measured = 0 if self.index is None else self.index.rows
        if len(self) >= max(window_index.INDEX_FROM, measured * window_index.GROWN):
            with self._rows.errors_told():
                self.index = build_index(self._rows.table, self._folder, sentences)

    def recall(
        self, vector: Float[np.ndarray, "D"], count: int, videos: Collection[str] | None = None
    ) -> list[RecalledWindow]:
        """Return the windows nearest to a sentence, nearest first.

        Args:
            vector: of the sentence, of length 1.
            count: how many windows, at most.
            videos: look at windows of these alone; such a search is exact.
        """
        if self._rows.table is None or not count or (videos is not None and not videos):
            return []
        found = None
        if videos is None and self.index is not None:
            found = self._ask(approximately(self._search(vector, count), count, self.index))
        if found is None or len(found) < min(count, len(self)):
            search = self._search(vector, count).bypass_vector_index()
            found = self._ask(search if videos is None else search.where(one_of(videos), prefilter=True))
        # LanceDB leaves the order of equals open
        return sorted(found, key=lambda one: (-one.similarity, one.video, one.window))

    def _search(self, vector: Float[np.ndarray, "D"], count: int) -> Any:  # noqa: ANN401
        columns = ["video", "start_seconds", "end_seconds", "_distance"]
        search = self._rows.table.search(vector.astype(np.float32)).distance_type("cosine")
        return search.select(columns).limit(count)

    def _ask(self, search: Any) -> list[RecalledWindow]:  # noqa: ANN401
        with self._rows.errors_told():
            rows = search.to_list()
        return [
            RecalledWindow(row["video"], Window(row["start_seconds"], row["end_seconds"]), 1 - row["_distance"])
            for row in rows
        ]


def _rows(videos: Mapping[str, VideoWindows]) -> "pyarrow.Table":
    """Return the windows of videos as rows of the table."""
    import pyarrow

    owners = [video for video, of in videos.items() for _ in of.windows]
    windows = [window for of in videos.values() for window in of.windows]
    vectors = np.concatenate([of.vectors for of in videos.values()]).astype(np.float32)
    return pyarrow.table(
        {
            "key": [key_of(video) for video in owners],
            "video": owners,
            "start_seconds": [window.start_seconds for window in windows],
            "end_seconds": [window.end_seconds for window in windows],
            "vector": pyarrow.FixedSizeListArray.from_arrays(vectors.ravel(), vectors.shape[1]),
        }
    )
