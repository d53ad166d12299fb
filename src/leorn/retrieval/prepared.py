"""Videos that questions can be asked of.

Letters of shapes: T sampled frames, N object slots.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Int

from leorn.features.published import unit_parts
from leorn.model.networks import Encoded
from leorn.records import VideoObjects


@dataclass(frozen=True, eq=False)
class PreparedVideo:
    """A video that questions can be asked of.

    Attributes:
        name: its id.
        duration_seconds: its length.
        objects: as the network sees them.
        encoded: what the network makes of it before any question.
    """

    name: str
    duration_seconds: float
    objects: VideoObjects = field(repr=False)
    encoded: Encoded = field(repr=False)


def part_of(objects: VideoObjects, rows: Int[np.ndarray, "T"], slots: int) -> VideoObjects:
    """Cut objects to what the network sees of them; frame features are averaged, as for training."""
    frames = None if objects.frames is None else unit_parts(objects.frames, len(rows), objects.video)
    return replace(
        objects,
        times_seconds=objects.times_seconds[rows],
        features=objects.features[rows, :slots],
        boxes=objects.boxes[rows, :slots],
        scores=objects.scores[rows, :slots],
        labels=objects.labels[rows, :slots],
        frames=frames,
    )
