"""Any tracker's detections: from a folder of object tracks to a store of objects.

Each file of tracks is named for its video, `.csv` or `.csv.gz`; what is in it, `leorn.data.tracks` says. Letters of
shapes: T sampled frames, N object slots per frame, V labels, D width of a word vector.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from leorn.data.label_vectors import warn_unknown_labels
from leorn.data.renaming import rename_labels, warn_unseen
from leorn.data.tracks import Tracks, read_tracks
from leorn.data.words import WordVectors
from leorn.errors import InputError
from leorn.features.fingerprint import LABEL_FEATURES
from leorn.features.sampling import frame_count
from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.records import VideoObjects
from leorn.wording import counted


def sample_tracks(
    video: str,
    tracks: Tracks,
    duration_seconds: float,
    frames: int,
    slots: int,
    label_vectors: Float[np.ndarray, "V D"],
) -> VideoObjects:
    """Sample the objects of a video at the middles of T equal parts of its duration.

    A frame takes the objects of the nearest time stamp within half a sampling step, and has none where there is no
    such stamp. Its slots go to the best scores; at equal scores to the lowest track number, so that an object keeps its
    slot from frame to frame.

    Args:
        video: the video's id.
        tracks: what was seen in it.
        duration_seconds: its length.
        frames: frames to sample (T).
        slots: object slots of a frame (N).
        label_vectors: (V, D) the feature of each label.

    Returns:
        The objects, with their labels' vectors as features.
    """
    stamps, stamp_of_row = np.unique(tracks.times_seconds, return_inverse=True)
    order = np.lexsort((tracks.tracks, -tracks.scores, stamp_of_row))
    count = np.bincount(stamp_of_row, minlength=len(stamps) + 1)  # the last one is for frames without a stamp
    first = np.cumsum(count) - count
    times = (np.arange(frames) + 0.5) * (duration_seconds / frames)
    stamp = _nearest_stamps(stamps, times, duration_seconds / frames)
    rank = np.arange(slots)
    nothing = len(order)  # the row added to every array below: all zeros
    taken = rank < count[stamp][:, None]
    row = np.append(order, nothing)[np.where(taken, first[stamp][:, None] + rank, nothing)]
    scores = np.append(tracks.scores, 0.0)[row]
    row[scores == 0] = nothing  # score 0 means that the slot is empty
    labels = np.append(tracks.labels, -1)[row]
    return VideoObjects(
        video=video,
        duration_seconds=duration_seconds,
        times_seconds=times,
        features=np.append(label_vectors, np.zeros((1, label_vectors.shape[1]), label_vectors.dtype), axis=0)[labels],
        boxes=np.append(tracks.boxes, np.zeros((1, 4)), axis=0)[row],
        scores=scores,
        labels=labels,
        label_names=tracks.label_names,
    )


def import_detections(
    folder: str | Path,
    out: str | Path,
    words: WordVectors,
    frames: int,
    slots: int,
    durations: Mapping[str, float] | None = None,
    overwrite: bool = False,
    rate: float | None = None,
    renamed: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FeatureStore:
    """Turn a folder of tracks into a store whose object features are the word vectors of the labels.

    Labels of which no word is known get zeros, and one warning names them all.

    Args:
        folder: `<video>.csv` or `<video>.csv.gz` for each video.
        out: folder of the store.
        words: word vectors; a label's vector is the mean over its words.
        frames: frames to sample from each video (T).
        slots: object slots of a frame (N).
        durations: video → length in seconds. A video that is not among them ends one step after its last time stamp.
        overwrite: replace the store that is there.
        rate: frames a second, `frames` at most; `frames` of every video where None.
        renamed: label → the name it gets. How features are made stays the same, and so does the store's fingerprint.
        progress: told after each video how many are done, of how many.

    Returns:
        The store, open for reading.

    Raises:
        InputError: no tracks in the folder, a bad file, a video whose length cannot be told, or a store that is there
            already or cannot be written.
    """
    if rate is not None and not 0 < rate < math.inf:
        raise InputError(f"{rate} frames a second asked for; expected a number above 0")
    if frames < 1 or slots < 1:
        raise InputError(f"{frames} frames and {slots} slots asked for; expected 1 or more of each")
    paths = _track_files(Path(folder))
    vectors: dict[str, Float[np.ndarray, " D"]] = {}
    seen: set[str] = set()

    def videos() -> Iterator[VideoObjects]:
        for done, (video, path) in enumerate(paths.items(), start=1):
            tracks = read_tracks(path)
            seen.update(tracks.label_names)
            tracks = rename_labels(tracks, renamed or {})
            duration = (durations or {}).get(video) or _duration_seconds(tracks, path)
            vectors.update({name: words.phrase(name) for name in tracks.label_names if name not in vectors})
            features = np.array([vectors[name] for name in tracks.label_names], dtype=np.float32)
            count = frame_count(duration, frames, rate)
            yield sample_tracks(video, tracks, duration, count, slots, features.reshape(-1, words.size))
            if progress is not None:
                progress(done, len(paths))

    fingerprint = {
        "extractor": "detections",
        "features": LABEL_FEATURES,
        "word_vectors": words.source,
        "feature_size": words.size,
        "frames": frames,
        "slots": slots,
        "sampling": "middles of equal parts",
        **({} if rate is None else {"rate": rate}),
    }
    write_store(out, videos(), fingerprint, overwrite=overwrite)
    unknown = [name for name, vector in vectors.items() if not vector.any()]
    warn_unknown_labels(unknown, str(folder))
    warn_unseen(renamed or {}, seen, str(folder))
    return FeatureStore(out)


def _track_files(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; expected the folder of the detections")
    paths: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        video = path.name.removesuffix(".gz").removesuffix(".csv")
        if path.name not in (f"{video}.csv", f"{video}.csv.gz"):
            continue
        if video in paths:
            raise InputError(f"{folder}: video {video} has both {paths[video].name} and {path.name}; expected one file")
        paths[video] = path
    if not paths:
        raise InputError(f"{folder}: no detections in it; expected files <video>.csv or <video>.csv.gz")
    return paths


def _duration_seconds(tracks: Tracks, path: Path) -> float:
    stamps = np.unique(tracks.times_seconds)
    if len(stamps) < 2:
        raise InputError(
            f"{path}: {counted(len(stamps), 'time stamp')} cannot tell how long the video is; "
            "expected its duration, which leorn import-detections takes from --queries"
        )
    return float(stamps[-1] + np.median(np.diff(stamps)))


def _nearest_stamps(stamps: Float[np.ndarray, "S"], times: Float[np.ndarray, "T"], step: float) -> Int[np.ndarray, "T"]:
    """Index the stamp nearest to each time within half a step, the earlier of two as near; S where there is none."""
    slack = 1e-6 * step  # distances that are equal on paper differ by rounding
    stamps = np.append(stamps, np.inf)
    after = np.searchsorted(stamps, times)
    before = np.maximum(after - 1, 0)
    distances = np.abs(stamps[[before, after]] - times)
    nearest = np.where(distances[0] <= distances[1] + slack, before, after)
    return np.where(distances.min(axis=0) <= step / 2 + slack, nearest, len(stamps) - 1)
