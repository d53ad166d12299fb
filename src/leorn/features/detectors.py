"""Detectors: what a frame shows, as boxes with scores, labels and appearance features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Int, UInt8

from leorn.errors import InputError

MIN_SCORE = 0.25
"""Confidence above which an object counts."""
NMS_IOU = 0.45
"""IoU above which the weaker of two objects of one class goes, where a model leaves that to do."""
NAMES = "opencv-yolo, opencv-yolo:FOLDER (one .cfg, one .weights, one .names) or hf:MODEL (a hub id or a folder)"


@dataclass(frozen=True, eq=False)
class Detections:
    """The objects of one frame, best score first.

    Attributes:
        boxes: (K, 4) `xyxy` in 0..1 of the frame.
        scores: (K,) confidence in 0..1, falling.
        labels: (K,) index into the detector's `label_names`.
        features: (K, D) appearance, fp32.
    """

    boxes: Float[np.ndarray, "K 4"]
    scores: Float[np.ndarray, "K"]
    labels: Int[np.ndarray, "K"]
    features: Float[np.ndarray, "K D"]


class Detector(Protocol):
    """What finds the objects of frames."""

    label_names: tuple[str, ...]
    """The labels as text."""
    feature_size: int
    """Width of an object's appearance feature (D)."""
    fingerprint: Mapping[str, Any]
    """All that its numbers depend on, as JSON: two detectors of one fingerprint find the same objects."""
    max_side: int | None
    """Frames whose longer side has more pixels may be made smaller before they come; None for no limit."""

    def detect(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Detections]:
        """Find the objects of each frame; RGB frames of one video, all of one size."""
        ...


def open_detector(name: str, *, min_score: float = MIN_SCORE, nms_iou: float = NMS_IOU, slots: int) -> Detector:
    """Open a detector by its name.

    Args:
        name: `opencv-yolo` for the YOLOv3-tiny of the assets, `opencv-yolo:FOLDER` for another Darknet YOLO,
            `hf:MODEL` for a detection model of transformers.
        min_score: an object counts when its confidence is above this.
        nms_iou: of two objects of one class with a greater IoU the weaker goes; models that say each object once
            do not need it.
        slots: the most objects of a frame, the best by score.

    Raises:
        InputError: an unknown name, an option out of its range, a missing extra, or a model that cannot be read.
    """
    if not 0 <= min_score < 1:
        raise InputError(f"min_score is {min_score}; expected 0 or more, and less than 1")
    if not 0 < nms_iou <= 1:
        raise InputError(f"nms_iou is {nms_iou}; expected more than 0, at most 1")
    if slots < 1:
        raise InputError(f"slots is {slots}; expected 1 or more")
    kind, _, model = name.partition(":")
    if kind == "opencv-yolo" and (model or ":" not in name):
        from leorn.features.yolo import YoloDetector

        return YoloDetector(model or None, min_score=min_score, nms_iou=nms_iou, slots=slots)
    if kind == "hf" and model:
        from leorn.features.transformer_detector import TransformerDetector

        return TransformerDetector(model, min_score=min_score, slots=slots)
    raise InputError(f"unknown detector {name}; expected {NAMES}")
