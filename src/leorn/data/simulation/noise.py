"""The simulated detector: what it makes of a scene, with misses, inexact boxes, false and wrong detections.

Letters of shapes: O objects, T times at which the detector looks, F false detections.
"""

import numpy as np
from jaxtyping import Float

from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.labels import LABEL_SETS, Labels
from leorn.data.simulation.scene import Scene
from leorn.data.tracks import Tracks

MIN_VISIBLE = 0.15
"""The detector sees nothing of an object with a smaller share of its box in the frame."""
MIN_SIDE = 0.004
"""Nor does it report a box that is thinner than this."""
SURE, UNSURE = (8.0, 2.0), (2.0, 5.0)
"""Scores are beta distributed: right detections around 0.8, false and wrong ones around 0.3."""


def detect(scene: Scene, config: SimulationConfig, rng: np.random.Generator) -> Tracks:
    """Look at a scene as a tracker would.

    Tracks of real objects are numbered as the scene's objects; every false detection is a track of its own after them.

    Args:
        scene: what there is.
        config: how often the detector looks, and how well it sees.
        rng: draws what it gets wrong.

    Returns:
        What it reports, in the order of time and track.
    """
    known = LABEL_SETS[config.labels]
    names = known.names
    times = np.arange(0, scene.duration_seconds, 1 / config.detections_per_second)
    exact = np.stack([thing.boxes(times) for thing in scene.objects])
    noisy = scene.framed(_clip(exact + rng.normal(0, config.jitter, exact.shape)), times)
    reported = (visible_share(exact) >= MIN_VISIBLE) & (rng.random(exact.shape[:2]) >= config.miss_rate)
    reported &= (noisy[..., 2:] - noisy[..., :2]).min(axis=-1) >= MIN_SIDE
    objects, frames = np.nonzero(reported)

    labels = np.array([names.index(thing.label) for thing in scene.objects])[objects]
    wrong = rng.random(len(labels)) < config.wrong_label_rate
    labels = np.where(wrong, rng.integers(len(names), size=len(labels)), labels)
    scores = np.where(wrong, rng.beta(*UNSURE, len(labels)), rng.beta(*SURE, len(labels)))

    false_frames = np.repeat(np.arange(len(times)), rng.poisson(config.false_rate, len(times)))
    false_labels = rng.integers(len(names), size=len(false_frames))
    frames = np.concatenate([frames, false_frames])
    tracks = np.concatenate([objects, len(scene.objects) + np.arange(len(false_frames))])
    order = np.lexsort((tracks, frames))
    return Tracks(
        times_seconds=times[frames][order],
        tracks=tracks[order],
        labels=np.concatenate([labels, false_labels])[order],
        scores=np.concatenate([scores, rng.beta(*UNSURE, len(false_frames))])[order],
        boxes=np.concatenate([noisy[reported], _false_boxes(false_labels, known, rng)])[order],
        label_names=names,
    )


def visible_share(boxes: Float[np.ndarray, "O T 4"]) -> Float[np.ndarray, "O T"]:
    """Share of each box's area that is in the frame."""
    seen, whole = _clip(boxes), boxes[..., 2:] - boxes[..., :2]
    return (seen[..., 2:] - seen[..., :2]).prod(axis=-1) / whole.prod(axis=-1)


def _false_boxes(labels: np.ndarray, known: Labels, rng: np.random.Generator) -> Float[np.ndarray, "F 4"]:
    """Boxes anywhere in the frame, of the usual size of their label."""
    sizes = np.array(list(known.sizes.values()))[labels]
    corners = rng.random(sizes.shape) * (1 - sizes)
    return np.concatenate([corners, corners + sizes], axis=1)


def _clip(boxes: Float[np.ndarray, "... 4"]) -> Float[np.ndarray, "... 4"]:
    return boxes.clip(0, 1)
