"""A LanceDB table whose rows each belong to a video."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leorn.errors import InputError
from leorn.features.remote import RemotePath

if TYPE_CHECKING:
    import pyarrow


class VideoRows:
    """Rows with a video's id in the column `video`, and what stands for it in conditions in `key`.

    Args:
        folder: of the database, which is made where it is missing.
        name: of the table.

    Attributes:
        table: LanceDB's; None until the first row is put in.

    Raises:
        InputError: LanceDB is not installed, or the folder holds no database that it can read.
    """

    def __init__(self, folder: str | Path | RemotePath, name: str) -> None:
        try:
            import lancedb
        except ImportError as error:
            raise InputError("a library needs LanceDB: pip install leorn[search]") from error
        try:
            self._database, self._name = lancedb.connect(str(folder)), name
            there = name in self._database.list_tables().tables
            self.table: Any = self._database.open_table(name) if there else None
        except (OSError, RuntimeError, ValueError) as error:
            raise InputError(f"{folder}: cannot be opened as a database of {name} ({error})") from error

    def __len__(self) -> int:
        """How many rows there are."""
        return 0 if self.table is None else self.table.count_rows()

    def replace(self, videos: Collection[str], rows: "pyarrow.Table") -> None:
        """Put in the rows of videos, in the place of those that are there."""
        if self.table is None:
            self.table = self._database.create_table(self._name, rows)
            return
        self.remove(videos)
        self.table.add(rows)

    def remove(self, videos: Collection[str]) -> None:
        """Take out the rows of videos."""
        if self.table is not None and videos:
            self.table.delete(one_of(videos))

    def keep_only(self, videos: Collection[str]) -> None:
        """Take out the rows of all other videos: those that a killed writer has left."""
        if self.table is None:
            return
        there = set(self.table.search().select(["video"]).to_arrow()["video"].to_pylist())
        self.remove(there - set(videos))

    def of(self, videos: Collection[str]) -> "pyarrow.Table":
        """Return the rows of videos; there is a table."""
        return self.table.search().where(one_of(videos)).to_arrow()

    def tidy(self) -> None:
        """Put together what was written in many parts: a search reads each of them."""
        if self.table is not None:
            self.table.optimize()


def key_of(video: str) -> str:
    """Return what stands for a video's id in conditions: ids are anybody's text, conditions a language."""
    return hashlib.sha256(video.encode(errors="surrogatepass")).hexdigest()


def one_of(videos: Collection[str]) -> str:
    """Return the condition that a row is of one of some videos."""
    keys = ", ".join(f"'{key_of(video)}'" for video in videos)
    return f"key IN ({keys})"
