"""The videos of a library by the names that the service gives them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from leorn.errors import InputError
from leorn.retrieval.manifest import MANIFEST, LibraryVideo, Manifest, file_of, read_manifest
from leorn.retrieval.window_table import key_of
from leorn.serve.answers import Video

ID_DIGITS = 16
"""Of the hash that stands for a video in addresses: its id is anybody's text."""


class Entry(NamedTuple):
    """A video of the library."""

    id: str
    """As addresses call it."""
    video: str
    """As the library calls it."""
    said: LibraryVideo
    file: Path | None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.said.name or self.video

    def shown(self) -> Video:
        """Return what the service says of it."""
        return Video(
            id=self.id,
            name=self.name,
            duration_seconds=self.said.duration_seconds,
            windows=self.said.windows,
            playable=self.file is not None,
            uploaded=self.said.uploaded,
        )


class UnreadableError(InputError):
    """The library is gone or damaged, whatever is asked."""


class Catalogue:
    """What the library holds now, whoever writes to it.

    Args:
        folder: the library's.

    Raises:
        InputError: no library in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._version: tuple[int, int, int] | None = None
        self._read: tuple[Manifest, Mapping[str, str]] = read_manifest(folder), {}
        self._take_up()

    def __len__(self) -> int:
        """How many videos there are."""
        return len(self._take_up()[0].videos)

    def get(self, video_id: str) -> Entry | None:
        """Return a video by its id in addresses; None where there is none."""
        manifest, names = self._take_up()
        video = names.get(video_id)
        return None if video is None else self._entry(manifest, video)

    def all(self) -> list[Entry]:
        """Return all videos, by name."""
        manifest, _ = self._take_up()
        return sorted((self._entry(manifest, video) for video in manifest.videos), key=lambda entry: entry.name)

    def _entry(self, manifest: Manifest, video: str) -> Entry:
        said = manifest.videos[video]
        return Entry(id_of(video), video, said, file_of(self._folder, said))

    def _take_up(self) -> tuple[Manifest, Mapping[str, str]]:
        try:
            return self._read_anew_if_changed()
        except InputError as error:
            raise UnreadableError(str(error)) from error
        except OSError as error:
            raise UnreadableError(f"{MANIFEST}: {error.strerror}; expected the library that is served") from error

    def _read_anew_if_changed(self) -> tuple[Manifest, Mapping[str, str]]:
        found = os.stat(self._folder / MANIFEST)
        version = found.st_ino, found.st_mtime_ns, found.st_size
        if version != self._version:
            manifest = read_manifest(self._folder)
            self._read = manifest, {id_of(video): video for video in manifest.videos}
            self._version = version
        return self._read


def id_of(video: str) -> str:
    """Return what stands for a video in addresses."""
    return key_of(video)[:ID_DIGITS]
