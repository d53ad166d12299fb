"""`index.json` of a store of objects: what is in the store, and in which shard each video lies."""

import json
import reprlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from leorn.errors import InputError
from leorn.features.remote import RemotePath
from leorn.files import write_text
from leorn.jsonlines import errors_at, field, positive

INDEX = "index.json"
VERSION = 1


@dataclass(frozen=True)
class VideoEntry:
    """Where a video's objects lie, and what can be known of them without opening the shard."""

    shard: int
    group: int
    shape: tuple[int, int, int]
    duration_seconds: float
    source_sha256: str | None = None
    """SHA-256 of the file that the objects were made from, where that is known."""


@dataclass(frozen=True)
class StoreIndex:
    """What `index.json` holds."""

    fingerprint: dict[str, Any]
    label_names: tuple[str, ...]
    videos: dict[str, VideoEntry]


def read_index(path: Path | RemotePath) -> StoreIndex:
    """Read the index of a store.

    Raises:
        InputError: no finished store there, or an index that this version cannot read.
    """
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        version = saved["version"]
        index = _index(saved) if version == VERSION else None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the index of a finished feature store") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path}: damaged ({error!r}); expected the index of a feature store") from error
    if index is None:
        raise InputError(f"{path}: version {version} of the feature store; expected {VERSION}")
    return index


def write_index(path: Path, index: StoreIndex) -> None:
    """Write the index of a store, atomically.

    Raises:
        InputError: the file cannot be written.
    """
    content = asdict(index, dict_factory=lambda items: {name: value for name, value in items if value is not None})
    write_text(path, json.dumps({"version": VERSION} | content, ensure_ascii=False) + "\n")


def shard_name(number: int) -> str:
    """Name of a shard's file."""
    return f"objects-{number:05d}.h5"


def shard_number(shard: Path) -> int:
    """Number of a shard's file."""
    return int(shard.stem.removeprefix("objects-"))


def shards_of(folder: Path) -> list[Path]:
    """The shards that lie in a folder, in order."""
    return sorted(folder.glob("objects-[0-9][0-9][0-9][0-9][0-9].h5"))


def group_name(number: int) -> str:
    """Name of a video's group in its shard."""
    return f"{number:05d}"


def written_name(video: str) -> str:
    """Return a video's id as its group says it: HDF5 text holds no NUL, the index does."""
    return video.replace("\0", "�")


def _index(saved: Mapping[str, Any]) -> StoreIndex:
    entries: dict[str, VideoEntry] = {}
    for video, entry in saved["videos"].items():
        with errors_at(f"video {video}"):
            entries[video] = _entry(entry)
    if not isinstance(saved["fingerprint"], dict):
        raise InputError(f"fingerprint is {reprlib.repr(saved['fingerprint'])}; expected a JSON object")
    names = field(saved, "label_names", list)
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"label_names is {reprlib.repr(names)}; expected a list of text")
    return StoreIndex(saved["fingerprint"], tuple(names), entries)


def _entry(saved: Mapping[str, Any]) -> VideoEntry:
    shape = field(saved, "shape", list)
    if len(shape) != 3:
        raise InputError(f"shape is {reprlib.repr(shape)}; expected [frames, slots, width]")
    frames, slots, width = (_count(size, "shape") for size in shape)
    shard, group = _count(saved["shard"], "shard"), _count(saved["group"], "group")
    source_sha256 = field(saved, "source_sha256", str) if "source_sha256" in saved else None
    return VideoEntry(shard, group, (frames, slots, width), positive(saved, "duration_seconds"), source_sha256)


def _count(value: object, name: str) -> int:
    # bool is an int to Python, and no count
    if type(value) is not int or value < 0:
        raise InputError(f"{name} is {reprlib.repr(value)}; expected a whole number, 0 or more")
    return value
