"""The objects of videos on disk: sharded HDF5 and an index.

::

    folder/index.json         version, fingerprint, label names; for each video its shard, group, shape and duration
    folder/objects-00000.h5   a group for each video, in it one contiguous array of each kind:
                              features (T,N,D) fp16 · boxes (T,N,4), scores (T,N), times_seconds (T,) fp32 ·
                              labels (T,N) int16 · where they were asked for, frames (T,D_f) fp16

Groups are numbered and a video is found through the index, so that its id may be any text. Letters of shapes:
T sampled frames, N object slots per frame, D and D_f widths of an object's and a frame's feature, R rows asked for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from jaxtyping import Float, Int

from leorn.errors import InputError
from leorn.features.fingerprint import frames_part
from leorn.features.hdf5 import SharedFile, selection
from leorn.features.published import unit_parts
from leorn.features.remote import RemotePath, path_of
from leorn.features.store_index import INDEX, VideoEntry, group_name, read_index, shard_name, written_name
from leorn.records import VideoObjects

MAX_OPEN = 64
"""Shards that a process keeps open: a store may have one for each of thousands of videos."""


class FeatureStore:
    """Read a store of objects, video by video.

    Shards are opened when first read, by each process for itself: a store may be pickled, or used after a fork.

    Args:
        folder: the store's, or its URI in an object store, such as `s3://bucket/store`, for which fsspec's library is
            installed.

    Attributes:
        path: the store's folder.
        videos: ids of the videos, in the order in which they were written.
        fingerprint: what made the features (extractor, model, revision, sampling, …).
        label_names: one vocabulary for all videos.

    Raises:
        InputError: no finished store in the folder, or an index that this version cannot read.
    """

    def __init__(self, folder: str | Path | RemotePath) -> None:
        self.path = path_of(folder)
        index = read_index(self.path / INDEX)
        self._entries = index.videos
        self._shards: dict[int, SharedFile] = {}
        self.videos: tuple[str, ...] = tuple(self._entries)
        self.fingerprint = index.fingerprint
        self.label_names = index.label_names

    def duration_seconds(self, video: str) -> float:
        """Length of a video.

        Raises:
            InputError: the video is not in the store.
        """
        return self._entry(video).duration_seconds

    def source_sha256(self, video: str) -> str | None:
        """SHA-256 of the file that a video's objects were made from, where that is known.

        Raises:
            InputError: the video is not in the store.
        """
        return self._entry(video).source_sha256

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
        with self.group(video) as group:
            where = selection(video, group["features"].shape, slots, rows)
            return VideoObjects(
                video=video,
                duration_seconds=self.duration_seconds(video),
                times_seconds=group["times_seconds"][where[0]],
                features=group["features"][where],
                boxes=group["boxes"][where],
                scores=group["scores"][where],
                labels=group["labels"][where],
                frames=group["frames"][where[0]] if "frames" in group else None,
                label_names=self.label_names,
            )

    @contextmanager
    def group(self, video: str) -> Iterator[h5py.Group]:
        """Give the arrays of a video, on disk, and put the shard's path before whatever goes wrong with them.

        Raises:
            InputError: the video is not in the store, or the shard cannot be read.
        """
        entry = self._entry(video)
        with self._shard(entry.shard).opened() as file:
            group = file[group_name(entry.group)]
            if group.attrs["video"] != written_name(video):
                raise InputError(f"holds another video in the place of {video}; written to since the index was read?")
            yield group

    def _shard(self, number: int) -> SharedFile:
        """Return a shard, which comes last in their order now; the first is closed where they are too many."""
        self._shards[number] = self._shards.pop(number, None) or SharedFile(self.path / shard_name(number))
        if len(self._shards) > MAX_OPEN:
            self._shards.pop(next(iter(self._shards))).close()
        return self._shards[number]

    def _entry(self, video: str) -> VideoEntry:
        if video not in self._entries:
            raise InputError(
                f"{self.path}: video {video} is not in the store; expected one of its {len(self._entries)} videos"
            )
        return self._entries[video]


class StoredFrames:
    """Read the frame features of a store, with the interface of `leorn.features.published.FrameFeatures`.

    Attributes:
        path: the store's folder.
        videos: ids of the videos.
        fingerprint: what made the frame features, without what made the objects beside them.

    Raises:
        InputError: as for a store.
    """

    def __init__(self, folder: str | Path | RemotePath) -> None:
        self._store = FeatureStore(folder)
        self.path = self._store.path
        self.videos = self._store.videos
        self.fingerprint = frames_part(self._store.fingerprint)

    def shape(self, video: str) -> tuple[int, int]:
        """(T, D_f) of a video's frame features, without reading them.

        Raises:
            InputError: the video is not in the store, or was stored without frame features.
        """
        with self._frames(video) as frames:
            return frames.shape

    def read(self, video: str, frames: int) -> Float[np.ndarray, "T D_f"]:
        """Read a video's frame features, each row L2-normalised, then averaged down to `frames` rows.

        Raises:
            InputError: the video is not in the store, or was stored without frame features.
        """
        with self._frames(video) as stored:
            return unit_parts(stored[:], frames, video)

    @contextmanager
    def _frames(self, video: str) -> Iterator[h5py.Dataset]:
        with self._store.group(video) as group:
            if "frames" not in group:
                raise InputError(f"video {video} has no frame features; expected a store made with --backbone")
            yield group["frames"]
