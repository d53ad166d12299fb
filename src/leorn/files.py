"""Files that are either whole or absent."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leorn.errors import InputError


@contextmanager
def replace_atomically(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; when the block ends well, sync it to disk and move it into place.

    A reader sees the old file or the new one, never a part. When the block fails the temporary file goes.

    Args:
        path: the file to make or replace. Its folder is made where it is missing.

    Yields:
        The path to write to, in the same folder.

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` in UTF-8, atomically.

    Raises:
        InputError: the file cannot be written, or UTF-8 cannot hold the text.
    """
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        # of a name that was typed or found in a folder, in another encoding
        raise InputError(f"cannot write {path}: {text[error.start]!a} in it is no character of UTF-8") from error
    with replace_atomically(path) as temporary:
        temporary.write_bytes(content)


def sync_folder(folder: str | Path) -> None:
    """Sync a folder's names to disk, so that files that were moved into it survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's content, as 64 hexadecimal digits.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
