"""The objects of videos on disk: sharded HDF5 and an index.

    folder/index.json         version, fingerprint, label names; for each video its shard, group, shape and duration
    folder/objects-00000.h5   a group for each video, in it one contiguous array of each kind:
                              features (T,N,D) fp16 · boxes (T,N,4), scores (T,N), times_seconds (T,) fp32 ·
                              labels (T,N) int16

Groups are numbered and a video is found through the index, so that its id may be any text. Letters of shapes:
T sampled frames, N object slots per frame, D width of an object's feature, R rows asked for.
"""

import io
import json
import math
import os
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Int

from leorn.errors import InputError
from leorn.files import replace_atomically, write_text
from leorn.records import VideoObjects

INDEX = "index.json"
VERSION = 1
MAX_LABELS = np.iinfo(np.int16).max


@dataclass(frozen=True)
class _Entry:
    """Where a video's objects lie, and what can be known of them without opening the shard."""

    shard: int
    group: int
    shape: tuple[int, int, int]
    duration_seconds: float


@dataclass(frozen=True)
class _Index:
    """What `index.json` holds."""

    version: int
    fingerprint: dict[str, Any]
    label_names: tuple[str, ...]
    videos: dict[str, _Entry]


class FeatureStore:
    """Read a store of objects, video by video.

    Shards are opened when first read, by each process for itself: a store may be pickled, or used after a fork.

    Attributes:
        path: the store's folder.
        videos: ids of the videos, in the order in which they were written.
        fingerprint: what made the features (extractor, model, revision, sampling, …).
        label_names: one vocabulary for all videos.

    Raises:
        InputError: no finished store in the folder, or an index that this version cannot read.
    """

    def __init__(self, folder: str | Path) -> None:
        self.path = Path(folder)
        index = _read_index(self.path / INDEX)
        self._entries = index.videos
        shards = {entry.shard for entry in self._entries.values()}
        self._shards = {number: SharedFile(self.path / _shard_name(number)) for number in shards}
        self.videos: tuple[str, ...] = tuple(self._entries)
        self.fingerprint = index.fingerprint
        self.label_names = index.label_names

    def duration_seconds(self, video: str) -> float:
        """Length of a video.

        Raises:
            InputError: the video is not in the store.
        """
        return self._entry(video).duration_seconds

    def shape(self, video: str) -> tuple[int, int, int]:
        """(T, N, D) of a video's features, without reading them.

        Raises:
            InputError: the video is not in the store.
        """
        return self._entry(video).shape

    def read(
        self,
        video: str,
        slots: int | None = None,
        rows: Int[np.ndarray, "R"] | None = None,
        duration_seconds: float | None = None,
    ) -> VideoObjects:
        """Read the objects of a video, and of its arrays only what is asked for.

        Args:
            video: the video's id.
            slots: the first slots of each frame, which are the best objects; all of them where None.
            rows: (R,) indices of the frames to read, rising; all of them where None.
            duration_seconds: not needed here, for a store knows the length of its videos.

        Returns:
            The objects, features in fp16.

        Raises:
            InputError: the video, a slot or a frame is not in the store, or the shard cannot be read.
        """
        entry = self._entry(video)
        with self._shards[entry.shard].opened() as file:
            group = file[_group_name(entry.group)]
            where = selection(video, group["features"].shape, slots, rows)
            return VideoObjects(
                video=video,
                duration_seconds=entry.duration_seconds,
                times_seconds=group["times_seconds"][where[0]],
                features=group["features"][where],
                boxes=group["boxes"][where],
                scores=group["scores"][where],
                labels=group["labels"][where],
                label_names=self.label_names,
            )

    def _entry(self, video: str) -> _Entry:
        if video not in self._entries:
            raise InputError(
                f"{self.path}: video {video} is not in the store; expected one of its {len(self._entries)} videos"
            )
        return self._entries[video]


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
        InputError: a store is there already, there are no videos, a video comes twice or does not fit, or the folder
            cannot be written to.
    """
    folder = Path(folder)
    if (folder / INDEX).exists() and not overwrite:
        raise InputError(f"{folder} holds a store already; expected an empty folder, or leave to overwrite it")
    if videos_per_shard < 1:
        raise InputError(f"videos_per_shard is {videos_per_shard}; expected 1 or more")
    json.dumps(dict(fingerprint))  # a fingerprint that is not JSON must fail now, not after hours of extraction
    before = sorted(folder.glob("objects-[0-9][0-9][0-9][0-9][0-9].h5"))
    # Numbers go on after those in the folder: an old store stays whole until the index points to the new shards.
    first_shard = 1 + max((int(shard.stem.removeprefix("objects-")) for shard in before), default=-1)
    entries: dict[str, _Entry] = {}
    vocabulary: dict[str, int] = {}
    remaining = iter(videos)
    written: list[Path] = []
    try:
        for number, first in enumerate(remaining, start=first_shard):
            with replace_atomically(folder / _shard_name(number)) as temporary:
                batch = chain([first], islice(remaining, videos_per_shard - 1))
                _write_shard(temporary, number, batch, entries, vocabulary)
            written.append(folder / _shard_name(number))
        if not entries:
            raise InputError(f"{folder}: there are no videos to write; expected at least one")
        index = _Index(VERSION, dict(fingerprint), tuple(vocabulary), entries)
        write_text(folder / INDEX, json.dumps(asdict(index), ensure_ascii=False) + "\n")
    except BaseException:
        for shard in written:
            shard.unlink(missing_ok=True)
        raise
    for shard in before:
        shard.unlink(missing_ok=True)


class SharedFile:
    """An HDF5 file for reading that each process opens for itself, when it first needs it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: h5py.File | None = None
        self._process = 0

    @contextmanager
    def opened(self) -> Generator[h5py.File]:
        """Give the open file, and put its path before whatever goes wrong while it is read.

        Raises:
            InputError: the file is missing, empty, truncated, not HDF5, or what is looked for is not in it.
        """
        try:
            yield self._open()
        except InputError as error:
            raise InputError(f"{self.path}: {error}") from error
        except (OSError, KeyError) as error:
            reason = " ".join(str(error.args[-1] if error.args else error).split())
            raise InputError(f"{self.path}: cannot be read as HDF5 ({reason}); expected a whole file") from error

    def _open(self) -> h5py.File:
        if self._file is not None:
            if self._process == os.getpid():
                return self._file
            self._file.close()  # HDF5 would otherwise share the parent's descriptor with this process
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


class _PatientFile(io.FileIO):
    """A file that remembers the first failure to write instead of raising it.

    HDF5 cannot close a file once a write has failed: it tries again at every turn, then brings the process down.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:  # noqa: ANN401 - any buffer
        view = memoryview(data).cast("B")
        size = len(view)
        try:
            while view:
                view = view[super().write(view) :]
        except OSError as error:
            self.error = self.error or error
        return size

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0

    def check(self) -> None:
        """Raise the failure that was kept back."""
        if self.error is not None:
            raise self.error


def _write_shard(
    path: Path, number: int, videos: Iterator[VideoObjects], entries: dict[str, _Entry], vocabulary: dict[str, int]
) -> None:
    with _PatientFile(path, "w+b") as disk:
        with h5py.File(disk, "w") as file:
            for group, objects in enumerate(videos):
                _check_fits(objects, entries)
                _write_video(file.create_group(_group_name(group)), objects, vocabulary)
                disk.check()
                shape = objects.features.shape
                entries[objects.video] = _Entry(number, group, shape, float(objects.duration_seconds))
        disk.check()


def _write_video(group: h5py.Group, objects: VideoObjects, vocabulary: dict[str, int]) -> None:
    # The entry after the last is -1, which is where label -1 (none) looks.
    merged = [vocabulary.setdefault(name, len(vocabulary)) for name in objects.label_names] + [-1]
    if len(vocabulary) > MAX_LABELS:
        raise InputError(f"video {objects.video}: more than {MAX_LABELS} different labels in the store")
    with np.errstate(over="ignore"):
        features = objects.features.astype(np.float16)
    if not np.isfinite(features).all():
        raise InputError(f"video {objects.video}: features beyond ±65504, the range of fp16; expected scaled features")
    group.attrs["video"] = objects.video.replace("\0", "�")  # for people to see: HDF5 text holds no NUL, the index does
    group["features"] = features
    group["boxes"] = objects.boxes.astype(np.float32)
    group["scores"] = objects.scores.astype(np.float32)
    group["times_seconds"] = objects.times_seconds.astype(np.float32)
    group["labels"] = np.array(merged, dtype=np.int16)[objects.labels]


def _check_fits(objects: VideoObjects, entries: Mapping[str, _Entry]) -> None:
    if objects.video in entries:
        raise InputError(f"video {objects.video} comes twice; expected each video once")
    if not (math.isfinite(objects.duration_seconds) and objects.duration_seconds > 0):
        raise InputError(
            f"video {objects.video}: duration {objects.duration_seconds}; expected a positive number of seconds"
        )
    if (np.diff(objects.scores, axis=1) > 0).any():
        raise InputError(f"video {objects.video}: scores rise within a frame; expected the best object first")
    width = next((entry.shape[2] for entry in entries.values()), objects.features.shape[2])
    if objects.features.shape[2] != width:
        raise InputError(f"video {objects.video}: features of shape {objects.features.shape}; expected width {width}")


def _read_index(path: Path) -> _Index:
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        version = saved["version"]
        index = _index(saved) if version == VERSION else None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; expected the index of a finished feature store") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: damaged ({error!r}); expected the index of a feature store") from error
    if index is None:
        raise InputError(f"{path}: version {version} of the feature store; expected {VERSION}")
    return index


def _index(saved: Mapping[str, Any]) -> _Index:
    entries: dict[str, _Entry] = {}
    for video, entry in saved["videos"].items():
        frames, slots, width = entry["shape"]
        entries[video] = _Entry(entry["shard"], entry["group"], (frames, slots, width), entry["duration_seconds"])
    return _Index(VERSION, saved["fingerprint"], tuple(saved["label_names"]), entries)


def _shard_name(number: int) -> str:
    return f"objects-{number:05d}.h5"


def _group_name(number: int) -> str:
    return f"{number:05d}"
