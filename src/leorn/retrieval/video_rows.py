"""A LanceDB table whose rows each belong to a video."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
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
        self._folder, self._name = folder, name
        with self.errors_told():
            self._database = lancedb.connect(str(folder))
            self.table: Any = self._open()

    def _open(self) -> Any:  # noqa: ANN401
        if self._name not in self._database.list_tables().tables:
            return None
        try:
            return self._database.open_table(self._name)
        except ValueError as error:
            # a folder without a finished version: its writer was killed while it made the table
            if "was not found" in str(error):
                return None
            raise

    @contextmanager
    def errors_told(self) -> Iterator[None]:
        """Let what goes wrong with the table be told in a line.

        Raises:
            InputError: it did.
        """
        try:
            yield
        except InputError:
            raise
        # what LanceDB raises of files that are damaged, or of a full disk
        except (OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{self._folder}: its table of {self._name} cannot be used ({reason}); expected one that leorn index "
                "made, and room to write"
            ) from error

    def __len__(self) -> int:
        """How many rows there are."""
        with self.errors_told():
            return 0 if self.table is None else self.table.count_rows()

    def counts(self) -> Counter[str]:
        """Return how many rows each video has."""
        if self.table is None:
            return Counter()
        with self.errors_told():
            return Counter(self.table.search().select(["video"]).to_arrow()["video"].to_pylist())

    def replace(self, videos: Collection[str], rows: "pyarrow.Table") -> None:
        """Put in the rows of videos, in the place of those that are there."""
        with self.errors_told():
            if self.table is None:
                self.table = self._database.create_table(self._name, rows)
                return
            self.remove(videos)
            self.table.add(rows)

    def remove(self, videos: Collection[str]) -> None:
        """Take out the rows of videos."""
        if self.table is not None and videos:
            with self.errors_told():
                self.table.delete(one_of(videos))

    def keep_only(self, videos: Collection[str]) -> None:
        """Take out the rows of all other videos: those that a killed writer has left."""
        self.remove(set(self.counts()) - set(videos))

    def of(self, videos: Collection[str]) -> "pyarrow.Table":
        """Return the rows of videos; there is a table."""
        with self.errors_told():
            return self.table.search().where(one_of(videos)).to_arrow()

    def tidy(self) -> None:
        """Put together what was written in many parts: a search reads each of them."""
        if self.table is not None:
            with self.errors_told():
                self.table.optimize()


def key_of(video: str) -> str:
    """Return what stands for a video's id in conditions: ids are anybody's text, conditions a language."""
    return hashlib.sha256(video.encode(errors="surrogatepass")).hexdigest()


def one_of(videos: Collection[str]) -> str:
    """Return the condition that a row is of one of some videos."""
    keys = ", ".join(f"'{key_of(video)}'" for video in videos)
    return f"key IN ({keys})"
