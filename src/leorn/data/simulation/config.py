"""The options of simulated scenes. Imports no numpy, so that a mistake in an option is answered at once."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class SimulationConfig:
    """Simulated scenes: how many, how full, and how well the simulated detector sees them."""

    train_videos: int = 540
    """Videos to train on."""
    val_videos: int = 60
    """Videos to choose a checkpoint by."""
    test_videos: int = 80
    """Videos to test on, with verb–object pairs known from training."""
    compositional_videos: int = 80
    """Videos to test on, with verb–object pairs unseen in training."""
    queries_per_video: int = 8
    """Sentences about a video, at most."""
    min_duration_seconds: float = 30.0
    """Length of the shortest video."""
    max_duration_seconds: float = 60.0
    """Length of the longest video."""
    labels: Literal["few", "many"] = "few"
    """22 labels of COCO, or all 80 of them and kitchen things."""
    shots: int = 1
    """Shots of a video, at most: scenes of their own with cuts between them, framed more or less narrowly."""
    size_variation: float = 0.12
    """An object is this much larger or smaller than is usual for its label, at most."""
    actors: int = 2
    """Objects of a shot that act; some use another object."""
    max_actions: int = 5
    """What an actor does in a shot, at most."""
    bystanders: int = 2
    """Objects of a shot that stand or wander."""
    temporal_share: float = 0.5
    """Share of the sentences with several moments that are told apart by before and after, where that is possible."""
    others_named: int = 0
    """Other things in view that a sentence names, at most: that it tells its video from others that show the same."""
    held_out_share: float = 0.25
    """Share of each verb's verb–object pairs that training never sees in a sentence."""
    detections_per_second: float = 5.0
    """Frames a second that the detector looks at."""
    miss_rate: float = 0.1
    """Share of the objects in view that the detector misses, frame by frame."""
    false_rate: float = 0.3
    """False detections a frame, on average."""
    wrong_label_rate: float = 0.03
    """Share of the detections with a wrong label."""
    jitter: float = 0.005
    """Standard deviation of a box's edges, as a share of the frame."""
    word_size: int = 64
    """Width of the simulated word vectors."""
