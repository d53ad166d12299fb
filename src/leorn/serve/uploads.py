"""Files that are given to a library: stored under generated names, told on disk until the library holds them.

::

    uploads/<key>.mp4    the file, whole
    uploads/<key>.json   what it was called; gone when the library holds the video, or will not

A file without either is what a killed service has left, and goes when the next one starts.
"""

import json
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from leorn.errors import InputError
from leorn.files import replace_atomically, write_text
from leorn.retrieval.manifest import UPLOADS, Manifest
from leorn.serve.settings import Settings
from leorn.serve.sniff import sniff

RECORD = ".json"
NAME_LENGTH = 120
"""Characters of a name that are kept."""
AT_ONCE = 2**20


@dataclass(frozen=True)
class Upload:
    """A file that is to be added to the library."""

    key: str
    name: str
    file: Path

    @property
    def video(self) -> str:
        """The id that the library will give it."""
        return f"upload-{self.key}"


class Uploads:
    """The library's own files.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.library / UPLOADS

    def keep(self, content: BinaryIO, name: str) -> Upload:
        """Store a file, if it is a video that may be uploaded.

        Args:
            content: of the file.
            name: what it was called; it never becomes a path.

        Raises:
            InputError: no video, one that is too long or too large, or the disk cannot be written.
        """
        key = secrets.token_hex(8)
        with replace_atomically(self._folder / f"{key}.upload") as temporary:
            with temporary.open("wb") as file:
                shutil.copyfileobj(content, file, AT_ONCE)
            suffix = self._suffix(temporary)
        upload = Upload(key, clean_name(name), self._folder / f"{key}{suffix}")
        (self._folder / f"{key}.upload").replace(upload.file)
        # after the file: who finds the one finds the other
        write_text(self._folder / f"{key}{RECORD}", json.dumps({"name": upload.name, "file": upload.file.name}))
        return upload

    def settle(self, upload: Upload, *, added: bool) -> None:
        """Forget an upload that the library holds now, or will not hold."""
        (self._folder / f"{upload.key}{RECORD}").unlink(missing_ok=True)
        if not added:
            upload.file.unlink(missing_ok=True)

    def waiting(self, manifest: Manifest) -> Iterator[Upload]:
        """Give the uploads that the last service did not get done, and remove what is nobody's.

        Args:
            manifest: of the library.
        """
        if not self._folder.is_dir():
            return
        held = {self._settings.library / entry.path for entry in manifest.videos.values() if entry.uploaded}
        pending = [upload for record in sorted(self._folder.glob(f"*{RECORD}")) if (upload := self._read(record))]
        for upload in pending:
            if upload.video in manifest.videos:
                self.settle(upload, added=True)
            else:
                held |= {upload.file, self._folder / f"{upload.key}{RECORD}"}
                yield upload
        for file in self._folder.iterdir():
            if file not in held and file.is_file() and file.name != ".lock":
                file.unlink(missing_ok=True)

    def _read(self, record: Path) -> Upload | None:
        try:
            said = json.loads(record.read_text(encoding="utf-8"))
            file = self._folder / Path(str(said["file"])).name
            return Upload(record.stem, str(said["name"]), file) if file.is_file() else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _suffix(self, file: Path) -> str:
        found = sniff(file, self._settings.sniff_seconds)
        if found.duration_seconds > self._settings.max_upload_seconds:
            raise InputError(
                f"a video of {found.duration_seconds / 3600:.1f} h; "
                f"expected one of {self._settings.max_upload_seconds / 3600:.1f} h or less"
            )
        if found.width * found.height > self._settings.max_upload_pixels:
            raise InputError(
                f"frames of {found.width} x {found.height} pixels; "
                f"expected {self._settings.max_upload_pixels:,} pixels or less"
            )
        return found.suffix


def clean_name(name: str) -> str:
    """Return what people may call an upload: the last part of its path, without what cannot be printed."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(letter if letter.isprintable() else " " for letter in last)
    return " ".join(printable.split())[:NAME_LENGTH] or "video"
