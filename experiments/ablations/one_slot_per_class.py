"""What networks without object tokens are given: for each frame one vector with a fixed place for every class.

    python experiments/ablations/one_slot_per_class.py data/kscgr/objects-256 --out data/kscgr/classes-256

A class's place holds 1 where an object of it is in the frame, and the box of the best one by score; zeros where there
is none. The vector stands as one object that fills the frame. Networks see features at length 1: a last number makes
all vectors equally long, lest a class's numbers depend on how many others there are. Classes are those of the store:
a label that is not among them has no place, which is what tokens with label vectors are for.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

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

    def videos() -> Iterator[VideoObjects]:
        for video in store.videos:
            yield as_one_object(store.read(video), classes, options.min_score)

    sampling = {key: store.fingerprint[key] for key in ("frames", "sampling", "rate") if key in store.fingerprint}
    made = {"features": "presence and box of each class", "classes": classes, "feature_size": 5 * len(classes) + 1}
    write_store(options.out, videos(), made | sampling)
    print(f"wrote {len(store.videos)} videos with {len(classes)} classes to {options.out}")


def seen(objects: VideoObjects, min_score: float) -> set[str]:
    """Return the labels of the objects that count."""
    return {objects.label_names[label] for label in np.unique(objects.labels[objects.scores > min_score])}


def as_one_object(objects: VideoObjects, classes: list[str], min_score: float) -> VideoObjects:
    """Lay the objects of each frame out by class, in one object that fills the frame."""
    frames = len(objects.scores)
    places = np.zeros((frames, len(classes), 5), np.float32)
    column = {label: classes.index(name) for label, name in enumerate(objects.label_names) if name in classes}
    # the best of a class is written last
    for slot in reversed(range(objects.scores.shape[1])):
        rows = np.flatnonzero(objects.scores[:, slot] > min_score)
        place = [column[label] for label in objects.labels[rows, slot]]
        places[rows, place] = presence_and_box(objects.boxes[rows, slot])
    features = places.reshape(frames, -1)
    # no number is above 1
    slack = np.sqrt(features.shape[1] - (features**2).sum(1, keepdims=True))
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
