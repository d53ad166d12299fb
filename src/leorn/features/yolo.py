"""The detector `opencv-yolo`: a Darknet YOLO through OpenCV's dnn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from leorn.errors import InputError
from leorn.features.darknet import read_darknet
from leorn.features.detectors import Detections
from leorn.features.letterbox import Letterbox

OPENCV_MIN_SCORE = 0.2
"""OpenCV's YOLO layer sets a confidence that is not above this to 0."""


class YoloDetector:
    """A YOLO of Darknet's family: v3, v3-tiny, v4-tiny.

    An object is a box with its best class; its feature is the mean of the net's feature map inside the box. Frames go
    through the net one by one: on a CPU batches of up to 16 give the same numbers, and no sooner.

    Args:
        folder: where exactly one `.cfg`, one `.weights` and one `.names` lie; None for YOLOv3-tiny of the assets.
        min_score: an object counts when its confidence is above this; at least 0.2.
        nms_iou: of two objects of one class with a greater IoU the weaker goes.
        slots: the most objects of a frame.

    Raises:
        InputError: OpenCV is not installed, a file is missing, broken or does not go with the others, or `min_score`
            is below what OpenCV keeps.
    """

    def __init__(self, folder: str | Path | None, *, min_score: float, nms_iou: float, slots: int) -> None:
        if min_score < OPENCV_MIN_SCORE:
            raise InputError(
                f"min_score is {min_score}; expected {OPENCV_MIN_SCORE} or more, all that OpenCV's YOLO keeps"
            )
        self.darknet = read_darknet(folder)
        self.min_score, self.nms_iou, self.slots = min_score, nms_iou, slots
        self.label_names = self.darknet.label_names
        self.feature_size = self.darknet.feature_size
        # a frame is made no larger than the input, whose rest is grey
        self.max_side: int | None = max(self.darknet.input_size)
        self.fingerprint: Mapping[str, Any] = {
            "kind": "opencv-yolo",
            **self.darknet.hashes,
            "preprocessing": "letterbox {}x{}".format(*self.darknet.input_size),
            "feature_map": self.darknet.feature_map,
            "min_score": min_score,
            "nms_iou": nms_iou,
            "slots": slots,
        }

    def detect(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Detections]:
        """Find the objects of each frame.

        Args:
            frames: (F, h, w, 3) in RGB.

        Returns:
            The objects of each frame; D is the width of the net's feature map.
        """
        return [self._detect(frame) for frame in frames]

    def _detect(self, frame: UInt8[np.ndarray, "h w 3"]) -> Detections:
        import cv2

        letterbox = Letterbox(self.darknet.input_size, (frame.shape[1], frame.shape[0]))
        self.darknet.net.setInput(cv2.dnn.blobFromImage(letterbox.place(frame), 1 / 255))
        # always the same list: asked for other layers, OpenCV puts the net together anew
        *rows, feature_map = self.darknet.net.forward([*self.darknet.heads, self.darknet.feature_map])
        boxes, scores, labels = candidates(np.concatenate(rows), self.min_score)
        boxes = letterbox.to_frame(boxes).clip(0, 1)
        kept = suppress(boxes, scores, labels, self.nms_iou)[: self.slots]
        features = pool(feature_map[0], letterbox.to_net(boxes[kept]))
        return Detections(boxes[kept].astype(np.float32), scores[kept], labels[kept], features)


def candidates(
    rows: Float[np.ndarray, "R E"], min_score: float
) -> tuple[Float[np.ndarray, "K 4"], Float[np.ndarray, "K"], Int[np.ndarray, "K"]]:
    """Turn the rows of detection heads into boxes of the input, scores and labels.

    Args:
        rows: (R, 5 + classes) a box's centre and size, its objectness, and for each class the confidence that the box
            holds an object of it.
        min_score: confidence above which a box counts.
    """
    labels = rows[:, 5:].argmax(axis=1)
    scores = rows[np.arange(len(rows)), 5 + labels]
    confident = scores > min_score
    centres, sizes = rows[confident, :2].astype(np.float64), rows[confident, 2:4].astype(np.float64)
    boxes = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=1)
    return boxes, scores[confident], labels[confident].astype(np.int32)


def suppress(
    boxes: Float[np.ndarray, "K 4"], scores: Float[np.ndarray, "K"], labels: Int[np.ndarray, "K"], nms_iou: float
) -> Int[np.ndarray, "kept"]:
    """Return the indices of the boxes that no better box of their class covers, best first; empty boxes go."""
    import cv2

    sizes = boxes[:, 2:] - boxes[:, :2]
    real = np.flatnonzero((sizes > 0).all(axis=1))
    corners_sizes = np.concatenate([boxes[:, :2], sizes], axis=1)[real]
    # with no boxes OpenCV answers with an empty tuple
    kept = cv2.dnn.NMSBoxesBatched(corners_sizes.tolist(), scores[real].tolist(), labels[real].tolist(), 0.0, nms_iou)
    return real[np.array(kept, np.int64)]


def pool(feature_map: Float[np.ndarray, "D h w"], boxes: Float[np.ndarray, "K 4"]) -> Float[np.ndarray, "K D"]:
    """Average a feature map over the cells that each box touches, at least one.

    Args:
        feature_map: (D, h, w).
        boxes: (K, 4) `xyxy` in 0..1 of what the map shows.
    """
    cells = np.array(feature_map.shape[:0:-1])
    first = np.floor(boxes[:, :2] * cells).astype(int).clip(0, cells - 1)
    end = np.maximum(np.ceil(boxes[:, 2:] * cells).astype(int), first + 1)
    features = np.empty((len(boxes), len(feature_map)), np.float32)
    for feature, (left, top), (right, bottom) in zip(features, first, end, strict=True):
        feature[:] = feature_map[:, top:bottom, left:right].mean(axis=(1, 2))
    return features
