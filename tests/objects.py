"""Objects of videos that do not exist, and whether a store gives them back."""

from pathlib import Path

import numpy as np

from leorn.features.store_lock import LOCK
from leorn.records import VideoObjects

FINGERPRINT = {"extractor": "made up", "revision": 3, "sampling": [0.5, 1.5]}


def objects_of(
    video: str,
    frames: int = 6,
    slots: int = 4,
    width: int = 3,
    names: tuple[str, ...] = ("cup", "dog"),
    seed: int = 0,
    frame_width: int | None = None,
) -> VideoObjects:
    """Draw objects, and features of whole frames where they have a width."""
    rng = np.random.default_rng(seed)
    return VideoObjects(
        video=video,
        duration_seconds=frames * 1.5,
        times_seconds=(np.arange(frames) + 0.5) * 1.5,
        features=rng.normal(size=(frames, slots, width)).astype(np.float32),
        boxes=rng.uniform(size=(frames, slots, 4)),
        scores=-np.sort(-rng.uniform(size=(frames, slots)), axis=1),
        labels=rng.integers(-1, len(names), size=(frames, slots)),
        label_names=names,
        frames=None if frame_width is None else rng.normal(size=(frames, frame_width)).astype(np.float32),
    )


def files_of(folder: Path) -> dict[str, bytes]:
    """Return the content of each file of a store; the lock of a writer is no part of it."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != LOCK}


def names_of(objects: VideoObjects) -> list[str | None]:
    """Return each object's label as text, row by row."""
    return [None if label < 0 else objects.label_names[label] for label in objects.labels.ravel()]


def assert_same(read: VideoObjects, written: VideoObjects) -> None:
    """See that what is read is what was written, in the types of the store."""
    assert (read.video, read.duration_seconds) == (written.video, written.duration_seconds)
    assert read.features.dtype == np.float16
    np.testing.assert_array_equal(read.features, written.features.astype(np.float16))
    for name in ("times_seconds", "boxes", "scores"):
        assert getattr(read, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name).astype(np.float32))
    assert names_of(read) == names_of(written)
    if written.frames is None:
        assert read.frames is None
    else:
        assert read.frames is not None
        assert read.frames.dtype == np.float16
        np.testing.assert_array_equal(read.frames, written.frames.astype(np.float16))
