"""Writing stores of objects: all videos at once, or one at a time.

What is on disk, `leorn.features.store` says. Shards are whole or absent and the index comes after them: a writer that
is killed leaves the store that its last index describes.
"""

import json
import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from leorn.errors import InputError
from leorn.features.fingerprint import told_apart
from leorn.features.hdf5 import PatientFile
from leorn.features.store_index import (
    INDEX,
    StoreIndex,
    VideoEntry,
    group_name,
    read_index,
    shard_name,
    shard_number,
    shards_of,
    write_index,
    written_name,
)
from leorn.features.store_lock import only_writer
from leorn.files import replace_atomically
from leorn.records import VideoObjects

MAX_LABELS = np.iinfo(np.int16).max


class MisfitError(InputError):
    """A video that the store cannot take, whereas another one may be written: it is not the disk's fault."""


def write_store(
    folder: str | Path,
    videos: Iterable[VideoObjects],
    fingerprint: Mapping[str, Any],
    videos_per_shard: int = 64,
    overwrite: bool = False,
) -> None:
    """Write the objects of videos to a folder, one video in memory at a time.

    Shards are whole or absent and the index comes last: a writer that is killed leaves no store, or the one that was
    there before. Labels of the videos are merged into one vocabulary.

    Args:
        folder: where to write.
        videos: the objects, of one feature width, those of a frame best score first.
        fingerprint: what made the features; JSON.
        videos_per_shard: the most videos in a file.
        overwrite: replace the store that is there.

    Raises:
        InputError: a store is there already, another process is writing there, there are no videos, or the folder
            cannot be written to.
        MisfitError: a video comes twice or does not fit.
    """
    folder = Path(folder)
    if videos_per_shard < 1:
        raise InputError(f"videos_per_shard is {videos_per_shard}; expected 1 or more")
    json.dumps(dict(fingerprint))  # a fingerprint that is not JSON must fail now, not after hours of extraction
    with only_writer(folder):
        if (folder / INDEX).exists() and not overwrite:
            raise InputError(f"{folder} holds a store already; expected an empty folder, or leave to overwrite it")
        _write_all(folder, videos, dict(fingerprint), videos_per_shard)


def _write_all(
    folder: Path, videos: Iterable[VideoObjects], fingerprint: dict[str, Any], videos_per_shard: int
) -> None:
    before = shards_of(folder)
    # Numbers go on after those in the folder: an old store stays whole until the index points to the new shards.
    first_shard = 1 + max(map(shard_number, before), default=-1)
    entries: dict[str, VideoEntry] = {}
    vocabulary: dict[str, int] = {}
    remaining = iter(videos)
    written: list[Path] = []
    try:
        for number, first in enumerate(remaining, start=first_shard):
            with replace_atomically(folder / shard_name(number)) as temporary:
                batch = chain([first], islice(remaining, videos_per_shard - 1))
                _write_shard(temporary, number, batch, entries, vocabulary)
            written.append(folder / shard_name(number))
        if not entries:
            raise InputError(f"{folder}: there are no videos to write; expected at least one")
        write_index(folder / INDEX, StoreIndex(fingerprint, tuple(vocabulary), entries))
    except BaseException:
        for shard in written:
            shard.unlink(missing_ok=True)
        raise
    for shard in before:
        shard.unlink(missing_ok=True)


def keep_videos(folder: str | Path, videos: Collection[str]) -> None:
    """Take all other videos out of a store; a shard goes with the last of its videos.

    Args:
        folder: the store's; nothing happens where there is no store.
        videos: ids of those that stay.

    Raises:
        InputError: another process is writing there, or the folder cannot be written to.
    """
    path = Path(folder)
    if not (path / INDEX).exists():
        return
    with only_writer(path):
        index = read_index(path / INDEX)
        entries = {video: entry for video, entry in index.videos.items() if video in videos}
        if len(entries) < len(index.videos):
            write_index(path / INDEX, replace(index, videos=entries))
            _remove_unnamed(path, entries)


def _remove_unnamed(folder: Path, entries: Mapping[str, VideoEntry]) -> None:
    named = {shard_name(entry.shard) for entry in entries.values()}
    for shard in shards_of(folder):
        if shard.name not in named:
            shard.unlink(missing_ok=True)


class GrowingStore:
    """A store that videos are added to one at a time, each in a shard of its own; use it in a `with` block.

    Every added video is on disk, and in the index, before the next one. One process writes at a time.

    Attributes:
        path: the store's folder.

    Raises:
        InputError: another process is writing there, the store was made otherwise, or the folder cannot be written to.
    """

    def __init__(self, folder: str | Path, fingerprint: Mapping[str, Any]) -> None:
        self.path = Path(folder)
        with ExitStack() as lock:
            lock.enter_context(only_writer(self.path))
            # as it will be read from the index
            self._index = self._open(json.loads(json.dumps(dict(fingerprint))))
            self._remove_leftovers()
            self._lock = lock.pop_all()

    def source_sha256(self, video: str) -> str | None:
        """SHA-256 of the file that a video's objects were made from; None where it is not there, or that not known."""
        entry = self._index.videos.get(video)
        return None if entry is None else entry.source_sha256

    def add(self, objects: VideoObjects, source_sha256: str) -> None:
        """Write a video, in the place of one with the same id.

        Args:
            objects: those of a frame best score first, of the width of the store's other videos.
            source_sha256: SHA-256 of the file they were made from.

        Raises:
            MisfitError: the video does not fit.
            InputError: the folder cannot be written to.
        """
        index = self._index
        replaced = index.videos.get(objects.video)
        entries = {video: entry for video, entry in index.videos.items() if entry is not replaced}
        number = 1 + max((entry.shard for entry in index.videos.values()), default=-1)
        vocabulary = {name: label for label, name in enumerate(index.label_names)}
        with replace_atomically(self.path / shard_name(number)) as temporary:
            _write_shard(temporary, number, iter([objects]), entries, vocabulary, source_sha256)
        index = StoreIndex(index.fingerprint, tuple(vocabulary), entries)
        write_index(self.path / INDEX, index)
        self._index = index
        if replaced is not None:
            self._remove_leftovers()

    def __enter__(self) -> "GrowingStore":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def _open(self, fingerprint: dict[str, Any]) -> StoreIndex:
        if not (self.path / INDEX).exists():
            return StoreIndex(fingerprint, (), {})
        index = read_index(self.path / INDEX)
        if differing := told_apart(index.fingerprint, fingerprint):
            raise InputError(
                f"{self.path}: holds features that were made otherwise: {differing}; expected another folder"
            )
        return index

    def _remove_leftovers(self) -> None:
        """Remove the shards that the index does not name, and the parts of files that a killed writer has left."""
        _remove_unnamed(self.path, self._index.videos)
        for leftover in chain(self.path.glob(".objects-*.part"), self.path.glob(f".{INDEX}.*.part")):
            leftover.unlink(missing_ok=True)


def _write_shard(
    path: Path,
    number: int,
    videos: Iterator[VideoObjects],
    entries: dict[str, VideoEntry],
    vocabulary: dict[str, int],
    source_sha256: str | None = None,
) -> None:
    with PatientFile(path, "w+b") as disk:
        with h5py.File(disk, "w") as file:
            for group, objects in enumerate(videos):
                _check_fits(objects, entries)
                _write_video(file.create_group(group_name(group)), objects, vocabulary)
                disk.check()
                shape = objects.features.shape
                entries[objects.video] = VideoEntry(
                    number, group, shape, float(objects.duration_seconds), source_sha256
                )
        disk.check()


def _write_video(group: h5py.Group, objects: VideoObjects, vocabulary: dict[str, int]) -> None:
    # The entry after the last is -1, which is where label -1 (none) looks.
    merged = [vocabulary.setdefault(name, len(vocabulary)) for name in objects.label_names] + [-1]
    if len(vocabulary) > MAX_LABELS:
        raise MisfitError(f"video {objects.video}: more than {MAX_LABELS} different labels in the store")
    group.attrs["video"] = written_name(objects.video)
    group["features"] = _half(objects.features, f"video {objects.video}: features")
    group["boxes"] = objects.boxes.astype(np.float32)
    group["scores"] = objects.scores.astype(np.float32)
    group["times_seconds"] = objects.times_seconds.astype(np.float32)
    if objects.frames is not None:
        group["frames"] = _half(objects.frames, f"video {objects.video}: frame features")
    group["labels"] = np.array(merged, dtype=np.int16)[objects.labels]


def _half(values: np.ndarray, what: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        half = values.astype(np.float16)
    if not np.isfinite(half).all():
        raise MisfitError(f"{what} beyond ±65504, the range of fp16; expected scaled features")
    return half


def _check_fits(objects: VideoObjects, entries: Mapping[str, VideoEntry]) -> None:
    if not _is_unicode(objects.video):
        raise MisfitError(f"video {objects.video!r}: half a character in its id; expected Unicode")
    if objects.video in entries:
        raise MisfitError(f"video {objects.video} comes twice; expected each video once")
    if not (math.isfinite(objects.duration_seconds) and objects.duration_seconds > 0):
        raise MisfitError(
            f"video {objects.video}: duration {objects.duration_seconds}; expected a positive number of seconds"
        )
    if (np.diff(objects.scores, axis=1) > 0).any():
        raise MisfitError(f"video {objects.video}: scores rise within a frame; expected the best object first")
    width = next((entry.shape[2] for entry in entries.values()), objects.features.shape[2])
    if objects.features.shape[2] != width:
        raise MisfitError(f"video {objects.video}: features of shape {objects.features.shape}; expected width {width}")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
