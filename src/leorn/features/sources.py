"""One interface to features wherever they come from, and their check before training."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from leorn.errors import InputError
from leorn.features.published import FrameFeatures, PublishedObjects
from leorn.features.remote import RemotePath, path_of
from leorn.features.store import FeatureStore, StoredFrames
from leorn.records import VideoObjects

MAX_NAMED = 20
"""Bad videos that an error names of each reason, and reasons that it says; the rest are counted."""
DURATION_TOLERANCE = 0.02
"""Annotations and containers may differ by this share of a video's length."""

Progress = Callable[[int, int], None]
"""Is told how many are done, of how many."""


@runtime_checkable
class ObjectSource(Protocol):
    """What a reader of objects offers: a store, or a published file."""

    @property
    def path(self) -> Path | RemotePath:
        """The folder or file, for messages."""
        ...

    @property
    def videos(self) -> tuple[str, ...]:
        """Ids of the videos."""
        ...

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """What made the features."""
        ...

    @property
    def label_names(self) -> tuple[str, ...]:
        """The vocabulary of labels, empty where there are none."""
        ...

    def duration_seconds(self, video: str) -> float | None:
        """Length of a video, None where the source does not know it."""
        ...

    def shape(self, video: str) -> tuple[int, int, int]:
        """(T, N, D) of a video's features, without reading them."""
        ...

    def read(
        self,
        video: str,
        slots: int | None = None,
        rows: Int[np.ndarray, "R"] | None = None,
        duration_seconds: float | None = None,
    ) -> VideoObjects:
        """Read the first `slots` of a video's frames `rows`; the duration is for a source that does not know it."""
        ...


class FrameSource(Protocol):
    """What a reader of frame features offers: a store, or a published file."""

    @property
    def path(self) -> Path | RemotePath:
        """The folder or file, for messages."""
        ...

    @property
    def videos(self) -> tuple[str, ...]:
        """Ids of the videos."""
        ...

    @property
    def fingerprint(self) -> Mapping[str, Any]:
        """What made the frame features."""
        ...

    def shape(self, video: str) -> tuple[int, int]:
        """(R, D) of a video's frame features, without reading them."""
        ...

    def read(self, video: str, frames: int) -> Float[np.ndarray, "T D"]:
        """Read a video's frame features, each row L2-normalised, averaged down to `frames` rows."""
        ...


def open_objects(path: str | Path | RemotePath) -> ObjectSource:
    """Open object features: the folder or URI of a store, or an HDF5 file of a published layout.

    Raises:
        InputError: nothing there, or neither of these.
    """
    place = path_of(path)
    if isinstance(place, RemotePath):
        return FeatureStore(place)
    if not place.exists():
        raise InputError(
            f"{path}: no such file or folder; expected objects: a store's folder, or a published HDF5 file"
        )
    return FeatureStore(place) if place.is_dir() else PublishedObjects(place)


def open_frames(path: str | Path | RemotePath) -> FrameSource:
    """Open frame features: the folder or URI of a store that has them, or an HDF5 file, video → (R, D).

    Raises:
        InputError: nothing there, or neither of these.
    """
    place = path_of(path)
    if isinstance(place, RemotePath):
        return StoredFrames(place)
    if not place.exists():
        raise InputError(f"{path}: no such file or folder; expected frame features: a store's folder, or an HDF5 file")
    return StoredFrames(place) if place.is_dir() else FrameFeatures(place)


def are_one_length(seconds: Collection[float]) -> bool:
    """Say whether lengths of a video differ by no more than containers and annotations do."""
    return min(seconds) >= (1 - DURATION_TOLERANCE) * max(seconds)


def check_videos(
    source: ObjectSource,
    videos: Iterable[str],
    object_size: int,
    slots: int,
    min_frames: int,
    check_values: bool = True,
    progress: Progress | None = None,
) -> None:
    """See that every video can be read as the network will need it.

    Args:
        source: where the objects are.
        videos: ids of the videos that will be read.
        object_size: width that features must have (D).
        slots: object slots needed in a frame (N).
        min_frames: sampled frames needed (T).
        check_values: also read the values, to find NaN and boxes that are not normalised.
        progress: told after each video how many are done, of how many.

    Raises:
        InputError: videos that are missing or bad, all of them in one line.
    """

    def check(video: str) -> None:
        frames, available, width = source.shape(video)
        if width != object_size or available < slots or frames < min_frames:
            raise InputError(
                f"{source.path}: video {video}: features of shape {(frames, available, width)}; "
                f"expected at least {min_frames} frames, at least {slots} slots, width {object_size}"
            )
        if check_values:
            source.read(video, slots, duration_seconds=1.0)  # of any length: only the values matter here

    _check_each(videos, check, progress)


def check_frame_features(
    source: FrameSource,
    videos: Iterable[str],
    frame_size: int,
    check_values: bool = True,
    progress: Progress | None = None,
) -> None:
    """See that the frame features of every video can be read as the network will need them.

    Args:
        source: where the frame features are.
        videos: ids of the videos that will be read.
        frame_size: width that features must have (D).
        check_values: also read the values, to find NaN.
        progress: told after each video how many are done, of how many.

    Raises:
        InputError: videos that are missing or bad, all of them in one line.
    """

    def check(video: str) -> None:
        shape = source.shape(video)
        if shape[1] != frame_size:
            raise InputError(
                f"{source.path}: video {video}: frame features of shape {shape}; expected width {frame_size}"
            )
        if check_values:
            source.read(video, frames=1)

    _check_each(videos, check, progress)


def _check_each(videos: Iterable[str], check: Callable[[str], None], progress: Progress | None) -> None:
    unique = sorted(set(videos))
    faults: dict[str, str] = {}
    for done, video in enumerate(unique, start=1):
        try:
            check(video)
        except InputError as error:
            faults[video] = str(error)
        if progress is not None:
            progress(done, len(unique))
    if faults:
        heading = f"{len(faults)} of {len(unique)} videos have no usable features"
        raise InputError(f"{heading}: {'; '.join(_named(_by_reason(faults)))}")


def _by_reason(faults: Mapping[str, str]) -> list[str]:
    """Say each reason once, of the first video that it holds for, and name the others."""
    alike: dict[str, list[str]] = {}
    for video, fault in faults.items():
        alike.setdefault(fault.replace(f"video {video}", "video"), []).append(video)
    return [
        faults[first] + (f" (the same of {', '.join(_named(others, MAX_NAMED - 1))})" if others else "")
        for first, *others in alike.values()
    ]


def _named(names: Sequence[str], most: int = MAX_NAMED) -> list[str]:
    """Return the first names, and how many there are besides."""
    return [*names[:most], *([f"and {len(names) - most} more"] if len(names) > most else [])]
