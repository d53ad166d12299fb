"""What networks without object tokens are given: for each frame one vector with a fixed place for every class.

    python experiments/ablations/one_slot_per_class.py data/kscgr/objects-256 --out data/kscgr/classes-256

A class's place holds 1 where an object of it is in the frame, and the box of the best one by score; zeros where there
is none. The vector stands as one object that fills the frame. Networks see features at length 1: the store's mean is
taken away, and a last number makes all vectors as long as the longest, lest a class's numbers depend on how many others
there are. Classes are those of the store: a label that is not among them has no place, which is what tokens with label
vectors are for.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.records import VideoObjects


def main() -> None:
    """Write the store."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", help="Folder of a store with labels.")
    parser.add_argument("--out", required=True, help="Folder of the store to write.")
    parser.add_argument("--min_score", type=float, default=0.0, help="An object counts when its score is above this.")
    options = parser.parse_args()
    store = FeatureStore(options.store)
    classes = sorted({label for video in store.videos for label in seen(store.read(video), options.min_score)})

    mean, longest = spread([laid_out(store.read(video), classes, options.min_score) for video in store.videos])

    def videos() -> Iterator[VideoObjects]:
        for video in store.videos:
            objects = store.read(video)
            yield as_one_object(objects, laid_out(objects, classes, options.min_score) - mean, longest)

    sampling = {key: store.fingerprint[key] for key in ("frames", "sampling", "rate") if key in store.fingerprint}
    made = {"features": "presence and box of each class", "classes": classes, "feature_size": 5 * len(classes) + 1}
    write_store(options.out, videos(), made | sampling)
    print(f"wrote {len(store.videos)} videos with {len(classes)} classes to {options.out}")


def seen(objects: VideoObjects, min_score: float) -> set[str]:
    """Return the labels of the objects that count."""
    return {objects.label_names[label] for label in np.unique(objects.labels[counts(objects, min_score)])}


def counts(objects: VideoObjects, min_score: float) -> Bool[np.ndarray, "T N"]:
    """Say which objects count."""
    return (objects.scores > min_score) & (objects.labels >= 0)


def laid_out(objects: VideoObjects, classes: list[str], min_score: float) -> Float[np.ndarray, "T D"]:
    """Lay the objects of each frame out by class."""
    frames = len(objects.scores)
    places = np.zeros((frames, len(classes), 5), np.float32)
    column = {label: classes.index(name) for label, name in enumerate(objects.label_names) if name in classes}
    # the best of a class is written last
    for slot in reversed(range(objects.scores.shape[1])):
        rows = np.flatnonzero(counts(objects, min_score)[:, slot])
        place = [column[label] for label in objects.labels[rows, slot]]
        places[rows, place] = presence_and_box(objects.boxes[rows, slot])
    return places.reshape(frames, -1)


def spread(videos: list[Float[np.ndarray, "_ D"]]) -> tuple[Float[np.ndarray, "D"], float]:
    """Return the mean of all frames, and how far the farthest of them is from it."""
    frames = np.concatenate(videos)
    mean = frames.mean(0)
    return mean, float(np.linalg.norm(frames - mean, axis=1).max())


def as_one_object(objects: VideoObjects, features: Float[np.ndarray, "T D"], longest: float) -> VideoObjects:
    """Return the video with these features, made equally long, as the one object of each frame, which fills it."""
    frames = len(features)
    slack = np.sqrt((longest**2 - (features**2).sum(1, keepdims=True)).clip(0))
    whole = np.broadcast_to(np.array([0, 0, 1, 1], np.float32), (frames, 1, 4))
    return VideoObjects(
        video=objects.video,
        duration_seconds=objects.duration_seconds,
        times_seconds=objects.times_seconds,
        features=np.concatenate([features, slack], 1)[:, None],
        boxes=whole,
        scores=np.ones((frames, 1), np.float32),
        labels=np.full((frames, 1), -1),
    )


def presence_and_box(boxes: Float[np.ndarray, "R 4"]) -> Float[np.ndarray, "R 5"]:
    """Put a 1 before each box."""
    return np.concatenate([np.ones((len(boxes), 1)), boxes], axis=1)


if __name__ == "__main__":
    main()
