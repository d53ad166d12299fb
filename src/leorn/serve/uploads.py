"""Files that are given to a library: stored under generated names, told on disk until the library holds them.

::

    uploads/.<key>.part       what has arrived of a file
    uploads/<key>.mp4         the file, whole
    uploads/<key>.json        what it was called; gone when the library holds the video, or will not
    uploads/<key>.clip.mp4    a clip that is being cut (leorn.serve.clips)

Whatever has no record, and is no video of the library, is what a killed service has left. It goes when the next one
starts, if it has such a name; whatever else lies there is somebody's.
"""

import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from leorn.errors import InputError
from leorn.files import sync_folder, write_text
from leorn.retrieval.manifest import UPLOADS, Manifest
from leorn.serve.settings import Settings
from leorn.serve.sniff import sniff

RECORD = ".json"
NAME_LENGTH = 120
"""Characters of a name that are kept."""
KEY_BYTES = 8
OURS = re.compile(rf"\.?[0-9a-f]{{{2 * KEY_BYTES}}}\..+")
"""Names of files that a service makes."""


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

    @contextmanager
    def arriving(self) -> Iterator[Path]:
        """Give a file to write what arrives to; it goes in the end, unless it was kept.

        Raises:
            OSError: there can be no file.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        part = self._folder / f".{secrets.token_hex(KEY_BYTES)}.part"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def keep(self, part: Path, name: str) -> Upload:
        """Keep a file that has arrived, if it is a video that may be uploaded.

        Args:
            part: the file, of `arriving`.
            name: what it was called; it never becomes a path.

        Raises:
            InputError: no video, or one that is too long or too large.
            EndedError: looking at it was ended from outside.
            OSError: the disk cannot be written.
        """
        suffix, key = self._suffix(part), part.name.split(".")[1]
        upload = Upload(key, clean_name(name), self._folder / f"{key}{suffix}")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(upload.file)
        try:
            # after the file: who finds the one finds the other
            write_text(self._folder / f"{key}{RECORD}", json.dumps({"name": upload.name, "file": upload.file.name}))
        except InputError as error:
            upload.file.unlink(missing_ok=True)
            raise OSError(str(error)) from error
        sync_folder(self._folder)
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
            if OURS.fullmatch(file.name) and file not in held and file.is_file():
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
