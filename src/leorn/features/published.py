"""Readers of the published HDF5 features: objects in two layouts, and frame features.

arrays    video → (T, N, D+5): the feature (2048), confidence, box
groups    feats/video → (T, N, D), confidence/video → (T, N), bbox/video → (T, N, 4)
frames    video → (R, D)

Letters of shapes: T sampled frames, N object slots per frame, D width of a feature, R rows.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from jaxtyping import Float, Int

from leorn.errors import InputError
from leorn.features.hdf5 import SharedFile, selection
from leorn.records import VideoObjects

GROUPS = ("feats", "confidence", "bbox")
AFTER_FEATURE = 5
"""Columns after the feature in the layout of one array: confidence and four of the box."""
BOX_TOLERANCE = 0.01
"""Detectors let a box reach this far over the frame's edge."""


class PublishedObjects:
    """Read published objects, video by video, with the interface of a store.

    The slots of a frame lie best object first. Boxes are normalised to 0..1 of the frame already. There are no labels
    (-1 everywhere) and no times: frames are taken to be the middles of T equal parts of the video.

    Attributes:
        path: the HDF5 file.
        videos: ids of the videos.
        fingerprint: extractor "published", the layout and the feature's width.
        label_names: none.

    Raises:
        InputError: the file is missing, empty, truncated, not HDF5 or of neither layout.
    """

    label_names: tuple[str, ...] = ()

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = SharedFile(self.path)
        with self._file.opened() as file:
            self._grouped = all(isinstance(file.get(name), h5py.Group) for name in GROUPS)
            arrays = file["feats"] if self._grouped else file
            self.videos: tuple[str, ...] = tuple(arrays)
            self.fingerprint: dict[str, Any] = {
                "extractor": "published",
                "layout": "groups" if self._grouped else "arrays",
                "feature_size": self._feature_size(arrays),
            }

    def duration_seconds(self, video: str) -> None:
        """None: published features do not say how long a video is."""

    def shape(self, video: str) -> tuple[int, int, int]:
        """(T, N, D) of a video's features, without reading them.

        Raises:
            InputError: the video is not in the file, or its arrays are not of the layout's shapes.
        """
        with self._file.opened() as file:
            return self._shape(file, video)

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
            duration_seconds: length of the video, from the query.

        Returns:
            The objects, features in fp32.

        Raises:
            InputError: no duration; the video, a slot or a frame is not in the file; wrong shapes, NaN, or boxes that
                are not normalised.
        """
        with self._file.opened() as file:
            frames, *_ = shape = self._shape(file, video)
            if duration_seconds is None:
                raise InputError(f"video {video}: published features have no times; expected the video's duration")
            where = selection(video, shape, slots, rows)
            features, scores, boxes = self._arrays(file, video, where)
            _check_normalised(video, boxes)
            return VideoObjects(
                video=video,
                duration_seconds=duration_seconds,
                times_seconds=((np.arange(frames) + 0.5) * (duration_seconds / frames))[where[0]],
                features=features,
                boxes=boxes,
                scores=scores,
                labels=np.full(scores.shape, -1),
            )

    def _arrays(
        self, file: h5py.File, video: str, where: tuple[slice | Int[np.ndarray, "R"], slice]
    ) -> tuple[Float[np.ndarray, "R N D"], Float[np.ndarray, "R N"], Float[np.ndarray, "R N 4"]]:
        if self._grouped:
            features, scores, boxes = (file[name][video][where].astype(np.float32, copy=False) for name in GROUPS)
            return features, scores, boxes
        columns = file[video][where].astype(np.float32, copy=False)
        return columns[..., :-AFTER_FEATURE], columns[..., -AFTER_FEATURE], columns[..., -AFTER_FEATURE + 1 :]

    def _shape(self, file: h5py.File, video: str) -> tuple[int, int, int]:
        if not self._grouped:
            frames, slots, columns = _dataset_shape(file, video, "(T, N, D+5)", dimensions=3)
            if columns <= AFTER_FEATURE:
                raise InputError(
                    f"video {video}: {columns} columns; expected more than the {AFTER_FEATURE} of score and box"
                )
            return frames, slots, columns - AFTER_FEATURE
        frames, slots, width = _dataset_shape(file["feats"], video, "(T, N, D)", dimensions=3)
        for name, expected in (("confidence", (frames, slots)), ("bbox", (frames, slots, 4))):
            found = _dataset_shape(file[name], video, str(expected), dimensions=len(expected))
            if found != expected:
                raise InputError(f"video {video}: {name} of shape {found}; expected {expected}")
        return frames, slots, width

    def _feature_size(self, arrays: h5py.Group) -> int:
        besides = 0 if self._grouped else AFTER_FEATURE
        for array in arrays.values():
            if isinstance(array, h5py.Dataset) and array.ndim == 3 and array.shape[2] > besides:
                return array.shape[2] - besides
        raise InputError("no objects in it; expected video → (T, N, D+5), or groups feats, confidence and bbox")


class FrameFeatures:
    """Read frame features (I3D, C3D, VGG, …) from HDF5, video → (R, D).

    Attributes:
        path: the HDF5 file.
        videos: ids of the videos.
        fingerprint: extractor "published" and the feature's width.

    Raises:
        InputError: the file is missing, empty, truncated or not HDF5.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._file = SharedFile(self.path)
        with self._file.opened() as file:
            self.videos: tuple[str, ...] = tuple(file)
            widths = (array.shape[1] for array in file.values() if isinstance(array, h5py.Dataset) and array.ndim == 2)
            self.fingerprint: dict[str, Any] = {"extractor": "published", "feature_size": next(widths, None)}

    def shape(self, video: str) -> tuple[int, int]:
        """(R, D) of a video's features, without reading them.

        Raises:
            InputError: the video is not in the file, or its array is not of two dimensions.
        """
        with self._file.opened() as file:
            rows, width = _dataset_shape(file, video, "(R, D)", dimensions=2)
            return rows, width

    def read(self, video: str, frames: int) -> Float[np.ndarray, "T D"]:
        """Read a video's features, each row L2-normalised, then averaged down to `frames` rows.

        Args:
            video: the video's id.
            frames: rows of the result (T).

        Returns:
            (T, D) fp32. Row t is the mean of the rows that part t of T equal parts touches, as in adaptive average
            pooling; a video with fewer rows has rows repeated in the same way.

        Raises:
            InputError: the video is not in the file, or its array has the wrong shape, no rows, or NaN.
        """
        with self._file.opened() as file:
            _dataset_shape(file, video, "(R, D)", dimensions=2)
            return unit_parts(file[video][:], frames, video)


def unit_parts(rows: Float[np.ndarray, "R D"], frames: int, video: str) -> Float[np.ndarray, "T D"]:
    """L2-normalise the rows of a video's frame features, then average them down to `frames` rows.

    Raises:
        InputError: a number that is not finite.
    """
    rows = rows.astype(np.float32, copy=False)
    if not np.isfinite(rows).all():
        raise InputError(f"video {video}: frame features hold NaN or infinity; expected finite numbers")
    return _average_parts(unit_rows(rows), frames)


def unit_rows(rows: Float[np.ndarray, "R D"]) -> Float[np.ndarray, "R D"]:
    """L2-normalise each row; zeros stay zeros."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, 1)


def _average_parts(rows: Float[np.ndarray, "R D"], parts: int) -> Float[np.ndarray, "T D"]:
    count = len(rows)
    edges = np.arange(parts + 1) * count
    starts, ends = edges[:-1] // parts, -(-edges[1:] // parts)
    # Sums up to each row, in double precision so that their differences are exact enough.
    sums = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    return ((sums[ends] - sums[starts]) / (ends - starts)[:, None]).astype(np.float32)


def _dataset_shape(group: h5py.Group, video: str, expected: str, dimensions: int) -> tuple[int, ...]:
    dataset = group.get(video)
    if dataset is None:
        place = "the file" if group.name == "/" else group.name
        raise InputError(f"video {video} is not in {place}; expected an array of shape {expected}")
    if not isinstance(dataset, h5py.Dataset):
        raise InputError(f"video {video}: a group; expected an array of shape {expected}")
    if dataset.ndim != dimensions or 0 in dataset.shape or dataset.dtype.kind != "f":
        raise InputError(
            f"video {video}: {dataset.dtype} array of shape {dataset.shape}; expected floats of shape {expected}"
        )
    return dataset.shape


def _check_normalised(video: str, boxes: Float[np.ndarray, "R N 4"]) -> None:
    if boxes.size and not (boxes.min() >= -BOX_TOLERANCE and boxes.max() <= 1 + BOX_TOLERANCE):
        raise InputError(
            f"video {video}: box corners from {boxes.min():g} to {boxes.max():g}; expected 0..1 of the frame"
        )
