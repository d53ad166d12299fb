"""The windows of a library's videos with their vectors, in a LanceDB table.

Letters: W windows, D width of a vector.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float

from leorn.errors import InputError
from leorn.retrieval.windows import Window

if TYPE_CHECKING:
    import pyarrow

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
    """Vectors of windows, found by their cosine; searched exactly.

    Args:
        folder: of the database, which is made where it is missing.

    Raises:
        InputError: LanceDB is not installed, or the folder holds no database that it can read.
    """

    def __init__(self, folder: str | Path) -> None:
        try:
            import lancedb
        except ImportError as error:
            raise InputError("a library needs LanceDB: pip install leorn[search]") from error
        try:
            self._database = lancedb.connect(str(folder))
            there = TABLE in self._database.list_tables().tables
            self._table: Any = self._database.open_table(TABLE) if there else None
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(f"{folder}: cannot be opened as a database of windows ({error})") from error

    def __len__(self) -> int:
        """How many windows there are."""
        return 0 if self._table is None else self._table.count_rows()

    def replace(self, videos: Mapping[str, VideoWindows]) -> None:
        """Put in the windows of videos, in the place of those that are there."""
        if not videos:
            return
        rows = _rows(videos)
        if self._table is None:
            self._table = self._database.create_table(TABLE, rows)
            return
        self.remove(videos)
        self._table.add(rows)

    def remove(self, videos: Collection[str]) -> None:
        """Take out the windows of videos."""
        if self._table is not None and videos:
            self._table.delete(_one_of(videos))

    def tidy(self) -> None:
        """Put together what was written in many parts: a search reads each of them."""
        if self._table is not None:
            self._table.optimize()

    def keep_only(self, videos: Collection[str]) -> None:
        """Take out the windows of all other videos: those that a killed writer has left."""
        if self._table is None:
            return
        there = set(self._table.search().select(["video"]).to_arrow()["video"].to_pylist())
        self.remove(there - set(videos))

    def recall(
        self, vector: Float[np.ndarray, "D"], count: int, videos: Collection[str] | None = None
    ) -> list[RecalledWindow]:
        """Return the windows nearest to a sentence, nearest first.

        Args:
            vector: of the sentence, of length 1.
            count: how many windows, at most.
            videos: look at windows of these alone.
        """
        if self._table is None or not count or (videos is not None and not videos):
            return []
        search = self._table.search(vector.astype(np.float32)).distance_type("cosine").limit(count)
        if videos is not None:
            search = search.where(_one_of(videos), prefilter=True)
        found = [
            RecalledWindow(row["video"], Window(row["start_seconds"], row["end_seconds"]), 1 - row["_distance"])
            for row in search.to_list()
        ]
        # LanceDB leaves the order of equals open
        return sorted(found, key=lambda one: (-one.similarity, one.video, one.window))


def key_of(video: str) -> str:
    """Return what stands for a video's id in conditions: ids are anybody's text, conditions a language."""
    return hashlib.sha256(video.encode(errors="surrogatepass")).hexdigest()


def _one_of(videos: Collection[str]) -> str:
    """Return the condition that a window is of one of some videos."""
    keys = ", ".join(f"'{key_of(video)}'" for video in videos)
    return f"key IN ({keys})"


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
