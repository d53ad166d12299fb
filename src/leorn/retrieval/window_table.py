"""The windows of a library's videos with their vectors, in a LanceDB table.

Letters: W windows, D width of a vector.
"""

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from leorn.errors import InputError
from leorn.retrieval.windows import Window

TABLE = "windows"


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

    def replace(self, video: str, windows: Sequence[Window], vectors: Float[np.ndarray, "W D"]) -> None:
        """Put in a video's windows, in the place of those that are there."""
        import pyarrow

        rows = pyarrow.table(
            {
                "key": [key_of(video)] * len(windows),
                "video": [video] * len(windows),
                "start_seconds": [window.start_seconds for window in windows],
                "end_seconds": [window.end_seconds for window in windows],
                "vector": pyarrow.FixedSizeListArray.from_arrays(vectors.astype(np.float32).ravel(), vectors.shape[1]),
            }
        )
        if self._table is None:
            self._table = self._database.create_table(TABLE, rows)
            return
        self.remove(video)
        self._table.add(rows)

    def remove(self, video: str) -> None:
        """Take out a video's windows."""
        if self._table is not None:
            self._table.delete(f"key = '{key_of(video)}'")

    def keep_only(self, videos: Collection[str]) -> None:
        """Take out the windows of all other videos: those that a killed writer has left."""
        if self._table is None:
            return
        there = set(self._table.search().select(["video"]).to_arrow()["video"].to_pylist())
        for video in there - set(videos):
            self.remove(video)

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
            keys = ", ".join(f"'{key_of(video)}'" for video in videos)
            search = search.where(f"key IN ({keys})", prefilter=True)
        found = [
            RecalledWindow(row["video"], Window(row["start_seconds"], row["end_seconds"]), 1 - row["_distance"])
            for row in search.to_list()
        ]
        # LanceDB leaves the order of equals open
        return sorted(found, key=lambda one: (-one.similarity, one.video, one.window))


def key_of(video: str) -> str:
    """Return what stands for a video's id in conditions: ids are anybody's text, conditions a language."""
    return hashlib.sha256(video.encode(errors="surrogatepass")).hexdigest()
