"""The videos of a library by the names that the service gives them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from leorn.errors import InputError
from leorn.retrieval.manifest import MANIFEST, LibraryVideo, Manifest, file_of, read_manifest
from leorn.retrieval.window_table import key_of
from leorn.serve.answers import Video

ID_DIGITS = 16
"""Of the hash that stands for a video in addresses: its id is anybody's text."""
Version = tuple[int, int, int] | None
"""Of a manifest: each has a file of its own."""


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


class _Read(NamedTuple):
    version: Version
    manifest: Manifest
    videos: Mapping[str, str]
    """By their ids in addresses."""
    by_name: Sequence[tuple[str, str]]
    """Names and videos."""


class Catalogue:
    """What the library holds now, whoever writes to it.

    Args:
        folder: the library's.

    Raises:
        UnreadableError: no library in the folder, or, whenever it is asked, none any more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = self._read_now()

    def __len__(self) -> int:
        """How many videos there are."""
        return len(self._take_up().manifest.videos)

    @property
    def version(self) -> Version:
        """What changes when the library does."""
        return self._take_up().version

    def get(self, video_id: str) -> Entry | None:
        """Return a video by its id in addresses; None where there is none."""
        read = self._take_up()
        video = read.videos.get(video_id)
        return None if video is None else self._entry(read, video)

    def named(self, part: str, offset: int, limit: int) -> tuple[int, list[Entry]]:
        """Return how many videos' names hold a part, in upper or lower case, and some of these videos, by name."""
        read, part = self._take_up(), part.lower()
        there = [video for name, video in read.by_name if part in name.lower()]
        return len(there), [self._entry(read, video) for video in there[offset : offset + limit]]

    def has_match(self, pattern: str) -> bool:
        """Return whether the id or the name of any video fits a pattern such as `kitchen/*`."""
        return any(said.matches(video, pattern) for video, said in self._take_up().manifest.videos.items())

    def _entry(self, read: _Read, video: str) -> Entry:
        said = read.manifest.videos[video]
        return Entry(id_of(video), video, said, file_of(self._folder, said))

    def _take_up(self) -> _Read:
        # several threads may read it at once: each takes one that is whole
        read = self._read
        if read.version != _version(self._folder):
            read = self._read = self._read_now()
        return read

    def _read_now(self) -> _Read:
        # before the content: what is written in between is read the next time
        version = _version(self._folder)
        try:
            manifest = read_manifest(self._folder)
        except InputError as error:
            raise UnreadableError(str(error)) from error
        by_name = sorted((said.name or video, video) for video, said in manifest.videos.items())
        return _Read(version, manifest, {id_of(video): video for video in manifest.videos}, by_name)


def _version(folder: Path) -> Version:
    try:
        found = os.stat(folder / MANIFEST)
    except OSError:
        # reading it will say why
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def id_of(video: str) -> str:
    """Return what stands for a video in addresses."""
    return key_of(video)[:ID_DIGITS]
