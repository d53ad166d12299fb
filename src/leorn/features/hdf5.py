"""HDF5 files: opened by each process for itself, read in part, and written so that a full disk is no crash.

Letters of shapes: T sampled frames, N object slots per frame, R rows asked for.
"""

import io
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Int

from leorn.errors import InputError
from leorn.features.remote import RemotePath


class SharedFile:
    """An HDF5 file for reading that each process opens for itself, when it first needs it."""

    def __init__(self, path: Path | RemotePath) -> None:
        self.path = path
        self._file: h5py.File | None = None
        self._process = 0

    @contextmanager
    def opened(self) -> Generator[h5py.File]:
        """Give the open file, and put its path before whatever goes wrong while it is read.

        Raises:
            InputError: the file is missing, empty, truncated, not HDF5, what is looked for is not in it, or its object
                store does not answer.
        """
        try:
            yield self._open()
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from error
        except (OSError, KeyError) as error:
            reason = " ".join(str(error.args[-1] if error.args else error).split())
            raise InputError(f"{self.path}: cannot be read as HDF5 ({reason}); expected a whole file") from error
        except Exception as error:
            if not isinstance(self.path, RemotePath):
                raise
            # what the library of an object store raises where its network fails
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise InputError(f"{self.path}: cannot be read ({reason}); expected a whole file") from error

    def close(self) -> None:
        """Close the file, until it is read again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> h5py.File:
        if self._file is not None:
            if self._process == os.getpid():
                return self._file
            self._file.close()  # HDF5 would otherwise share the parent's descriptor with this process
        if isinstance(self.path, RemotePath):
            self._file, self._process = h5py.File(self.path.open(), "r"), os.getpid()
            return self._file
        if not self.path.is_file():
            raise InputError("no such file")
        if not h5py.is_hdf5(self.path):
            found = "not HDF5" if self.path.stat().st_size else "an empty file"
            raise InputError(f"{found}; expected an HDF5 file of features")
        # Without locks a file can be read from read-only and network disks.
        self._file, self._process = h5py.File(self.path, "r", locking=False), os.getpid()
        return self._file

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_file": None, "_process": 0}


def selection(
    video: str, shape: tuple[int, ...], slots: int | None, rows: Int[np.ndarray, "R"] | None
) -> tuple[slice | Int[np.ndarray, "R"], slice]:
    """Say which part of a (T, N, …) array to read, as an index for h5py.

    Raises:
        InputError: more slots than there are, or rows that do not rise or lie outside the array.
    """
    frames, available = shape[:2]
    if slots is not None and not 1 <= slots <= available:
        raise InputError(f"video {video}: {slots} slots asked for; expected 1 to the {available} that are there")
    if rows is not None and rows.size and (rows[0] < 0 or rows[-1] >= frames or (np.diff(rows) <= 0).any()):
        raise InputError(f"video {video}: rows {rows.tolist()}; expected rising indices of the {frames} frames")
    return slice(None) if rows is None else rows, slice(slots)


class PatientFile(io.FileIO):
    """A file that remembers the first failure to write instead of raising it.

    HDF5 cannot close a file once a write has failed: it tries again at every turn, then brings the process down.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        """Write all of a buffer, and say so even where that failed."""
        view = memoryview(data).cast("B")
        size = len(view)
        try:
            while view:
                view = view[super().write(view) :]
        except OSError as error:
            self.error = self.error or error
        return size

    def truncate(self, size: int | None = None) -> int:
        """Change the file's size, and say so even where that failed."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0

    def check(self) -> None:
        """Raise the failure that was kept back.

        Raises:
            OSError: a write has failed.
        """
        if self.error is not None:
            raise self.error
