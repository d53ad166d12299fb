"""One process at a time writes to a store."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leorn.errors import InputError

LOCK = ".lock"


class LockedError(InputError):
    """Another process is writing; it will not do so for ever."""


@contextmanager
def only_writer(folder: str | Path) -> Iterator[None]:
    """Keep other writers out of a folder, which is made where it is missing.

    The lock goes with the process, however it ends. Of a killed one the lock's file is left, and locks nothing.

    Raises:
        LockedError: another process is writing there.
        InputError: the folder cannot be written to or locked.
    """
    lock = Path(folder) / LOCK
    handle = None
    while handle is None:
        handle = _locked(lock)
    try:
        yield
    finally:
        # still locked: a process that has this file open finds it gone, and locks the next one
        lock.unlink(missing_ok=True)
        os.close(handle)


def _locked(lock: Path) -> int | None:
    """Open and lock a file; nothing where another process has removed it meanwhile."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise InputError(f"cannot write to {lock.parent}: {error.strerror or error}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_nlink:
            return handle
    except BlockingIOError as error:
        os.close(handle)
        raise LockedError(
            f"{lock.parent}: another process is writing to this store; expected to be the only one"
        ) from error
    except OSError as error:
        os.close(handle)
        raise InputError(f"cannot lock {lock}: {error.strerror or error}") from error
    os.close(handle)
    return None
