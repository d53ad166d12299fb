"""The objects of videos on disk: sharded HDF5 and an index.

::

    folder/index.json         version, fingerprint, label names; for each video its shard, group, shape and duration
    folder/objects-00000.h5   a group for each video, in it one contiguous array of each kind:
                              features (T,N,D) fp16 · boxes (T,N,4), scores (T,N), times_seconds (T,) fp32 ·
                              labels (T,N) int16

Groups are numbered and a video is found through the index, so that its id may be any text. Letters of shapes:
T sampled frames, N object slots per frame, D width of an object's feature, R rows asked for.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Int

from leorn.errors import InputError
from leorn.features.hdf5 import PatientFile, SharedFile, selection
from leorn.features.store_index import INDEX, StoreIndex, VideoEntry, read_index, write_index
from leorn.files import replace_atomically
from leorn.records import VideoObjects

MAX_LABELS = np.iinfo(np.int16).max


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
        index = read_index(self.path / INDEX)
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

    def _entry(self, video: str) -> VideoEntry:
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
    entries: dict[str, VideoEntry] = {}
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
        write_index(folder / INDEX, StoreIndex(dict(fingerprint), tuple(vocabulary), entries))
    except BaseException:
        for shard in written:
            shard.unlink(missing_ok=True)
        raise
    for shard in before:
        shard.unlink(missing_ok=True)


def _write_shard(
    path: Path, number: int, videos: Iterator[VideoObjects], entries: dict[str, VideoEntry], vocabulary: dict[str, int]
) -> None:
    with PatientFile(path, "w+b") as disk:
        with h5py.File(disk, "w") as file:
            for group, objects in enumerate(videos):
                _check_fits(objects, entries)
                _write_video(file.create_group(_group_name(group)), objects, vocabulary)
                disk.check()
                shape = objects.features.shape
                entries[objects.video] = VideoEntry(number, group, shape, float(objects.duration_seconds))
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


def _check_fits(objects: VideoObjects, entries: Mapping[str, VideoEntry]) -> None:
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


def _shard_name(number: int) -> str:
    return f"objects-{number:05d}.h5"


def _group_name(number: int) -> str:
    return f"{number:05d}"
