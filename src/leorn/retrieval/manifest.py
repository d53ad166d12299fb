"""`library.json`: what a library of videos holds, and how it was made."""

import json
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from leorn.errors import InputError
from leorn.files import write_text
from leorn.restore import restore

MANIFEST = "library.json"
VERSION = 1
OBJECTS, WINDOWS = "objects", "windows"
"""Where in a library's folder its store and its table are."""
UPLOADS = "uploads"
"""Where in a library's folder the files are that were given to it; all others stay where they are."""


@dataclass(frozen=True)
class LibraryVideo:
    """A video of a library."""

    path: str
    """Its file, that of an upload from the library's folder on; empty where only its objects are known."""
    sha256: str
    """Of the file's content when it was indexed."""
    duration_seconds: float
    windows: int
    """How many are in the table."""
    name: str = ""
    """What people call it; its id where empty."""

    @property
    def uploaded(self) -> bool:
        """Whether the file is the library's own."""
        parts = PurePosixPath(self.path).parts
        # its file goes with it: a manifest from elsewhere cannot name one that lies outside
        return parts[:1] == (UPLOADS,) and ".." not in parts

    def matches(self, video: str, pattern: str) -> bool:
        """Say whether a pattern such as `kitchen/*` fits its id, or its name."""
        return fnmatchcase(video, pattern) or fnmatchcase(self.name, pattern)


@dataclass(frozen=True)
class Manifest:
    """What a library was made with; what is not the same cannot be added to it."""

    network: str
    """As `leorn.load` takes it; `none` where moments are found by the dual encoder alone."""
    features: Mapping[str, Any]
    """Fingerprint of the objects."""
    encoder: str
    """Name of the dual encoder."""
    vectors: Mapping[str, Any]
    """Its fingerprint."""
    lengths_seconds: tuple[float, ...]
    """Of the windows."""
    step_seconds: float | None = None
    """Of the steps that moments are made of where there is no network; None where there is one."""
    videos: Mapping[str, LibraryVideo] = field(default_factory=dict)
    """By id; each is whole in the store and in the table."""

    def with_videos(self, added: Mapping[str, LibraryVideo]) -> "Manifest":
        """Return it with videos added."""
        return replace(self, videos={**self.videos, **added})

    def without(self, video: str) -> "Manifest":
        """Return it without a video."""
        return replace(self, videos={name: entry for name, entry in self.videos.items() if name != video})


def file_of(folder: str | Path, entry: LibraryVideo) -> Path | None:
    """Return the file of a video of a library, None where there is none, or none any more."""
    path = Path(folder) / entry.path
    return path if entry.path and path.is_file() else None


def read_manifest(folder: str | Path) -> Manifest:
    """Read the manifest of a library.

    Raises:
        InputError: there is no library in the folder, or one that this version cannot read.
    """
    path = Path(folder) / MANIFEST
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected a library that leorn index made") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: damaged ({error}); expected the manifest of a library") from error
    version = saved.get("version") if isinstance(saved, Mapping) else None
    if version != VERSION:
        raise InputError(f"{path}: version {reprlib.repr(version)} of a library; expected {VERSION}")
    content = {name: value for name, value in saved.items() if name not in ("version", "videos")}
    videos = saved.get("videos")
    if not isinstance(videos, Mapping):
        raise InputError(f"{path}: videos is {reprlib.repr(videos)}; expected a JSON object")
    entries = {video: restore(LibraryVideo, entry, f"{path}: video {video}") for video, entry in videos.items()}
    return replace(restore(Manifest, content, str(path)), videos=entries)


def write_manifest(folder: str | Path, manifest: Manifest) -> None:
    """Write the manifest of a library, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    content = {"version": VERSION} | asdict(manifest)
    write_text(Path(folder) / MANIFEST, json.dumps(content, ensure_ascii=False, indent=1) + "\n")
