"""The scripts beside the experiments."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.records import VideoObjects

ABLATIONS = Path(__file__).parents[1] / "experiments" / "ablations"


def test_a_frame_has_a_place_for_each_class(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames, slots, names = 7, 4, ("egg", "cup", "pan")
    scores = np.sort(rng.integers(0, 10, (frames, slots)) / 10, axis=1)[:, ::-1].astype(np.float32)
    # some objects have no label
    labels = np.where(scores > 0, rng.integers(-1, len(names), (frames, slots)), -1)
    boxes = np.sort(rng.random((frames, slots, 2, 2)), axis=2).reshape(frames, slots, 4).astype(np.float32)
    boxes *= (scores > 0)[..., None]
    features = np.zeros((frames, slots, 2), np.float32)
    video = VideoObjects("a", 7.0, np.arange(frames) + 0.5, features, boxes, scores, labels, names)
    write_store(tmp_path / "store", [video], {"frames": frames, "word_vectors": "of labels"})
    subprocess.run(
        [sys.executable, str(ABLATIONS / "one_slot_per_class.py"), str(tmp_path / "store"), "--out",
         str(tmp_path / "classes"), "--min_score", "0.3"],
        check=True,
    )  # fmt: skip

    laid_out = np.zeros((frames, len(names), 5))
    for frame in range(frames):
        for slot in reversed(range(slots)):
            if scores[frame, slot] > 0.3 and labels[frame, slot] >= 0:
                place = sorted(names).index(names[labels[frame, slot]])
                laid_out[frame, place] = [1, *boxes[frame, slot]]
    expected = laid_out.reshape(frames, -1) - laid_out.reshape(frames, -1).mean(0)
    made = FeatureStore(tmp_path / "classes")
    found = made.read("a").features[:, 0].astype(np.float64)
    np.testing.assert_allclose(found[:, :-1], expected, atol=1e-3)
    lengths = np.linalg.norm(expected, axis=1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), lengths.max(), rtol=1e-3)
    # rounding to fp16 aside
    assert found[lengths.argmax(), -1] < 0.01
    np.testing.assert_array_equal(made.read("a").boxes, np.tile([0, 0, 1, 1], (frames, 1, 1)))
    assert made.fingerprint == {
        "features": "presence and box of each class",
        "classes": sorted(names),
        "feature_size": 16,
        "frames": frames,
    }
