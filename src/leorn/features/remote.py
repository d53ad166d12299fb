"""Files of object stores, by their URI: what reading needs of a path. fsspec and its libraries do the work."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class RemotePath:
    """A file or folder such as `s3://bucket/store`, with the part of `pathlib.Path` that reading needs.

    Where and as whom is read is said as fsspec's libraries want it: in the environment and in fsspec's own files.

    Args:
        uri: with a protocol that fsspec knows, and whose library is installed.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri.rstrip("/")

    @property
    def name(self) -> str:
        """The last part."""
        return self._uri.rpartition("/")[2]

    def read_text(self, encoding: str = "utf-8") -> str:
        """Read a file.

        Raises:
            OSError: it cannot be read, for whatever reason.
        """
        with _as_os_error(), self._open("rb") as file:
            return file.read().decode(encoding)

    def write_text(self, text: str) -> None:
        """Write a file: an object store shows it when it is whole.

        Raises:
            OSError: it cannot be written, for whatever reason.
        """
        with _as_os_error(), self._open("wb") as file:
            file.write(text.encode())

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove a file.

        Raises:
            OSError: it cannot be removed, for whatever reason.
        """
        with _as_os_error():
            import fsspec

            system, path = fsspec.core.url_to_fs(self._uri)
            if not missing_ok or system.exists(path):
                system.rm_file(path)

    def open(self) -> Any:  # noqa: ANN401 - a file of fsspec's
        """Open a file to read anywhere in it; parts of some megabytes are fetched as they are read.

        Raises:
            OSError: it cannot be opened, for whatever reason.
        """
        with _as_os_error():
            return self._open("rb")

    def _open(self, mode: str) -> Any:  # noqa: ANN401
        import fsspec

        opened: Any = fsspec.open(self._uri, mode)
        return opened.open()

    def __truediv__(self, name: str) -> "RemotePath":
        return RemotePath(f"{self._uri}/{name}")

    def __str__(self) -> str:
        return self._uri


def path_of(location: str | Path | RemotePath) -> Path | RemotePath:
    """Return a location, which may be a URI, as something with the methods of a path."""
    if isinstance(location, str):
        return RemotePath(location) if "://" in location else Path(location)
    return location


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Let every failure be one of reading: each library has its own."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory") from error
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise OSError(errno.EIO, reason) from error
