"""Detection transformers: any `AutoModelForObjectDetection` whose decoder has a query for each object."""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from leorn.features.detectors import Detections
from leorn.features.pretrained import VisionModel

NO_LABEL = frozenset({"n/a", "no object", "no-object", "no_object", "background"})
"""Names of classes that are none: gaps of COCO's numbering, and what is said of a query without an object."""


class TransformerDetector:
    """DETR and its kin, such as RT-DETR (v2), D-FINE, Deformable, Conditional, DAB and LW-DETR, and YOLOS.

    An object's feature is its query's vector after the decoder's last layer. These models are trained to say each
    object once, so there is no suppression of overlapping boxes (DETR, section 3: Carion et al., ECCV 2020).

    Args:
        name: a folder or a hub id.
        min_score: an object counts when its confidence is above this.
        slots: the most objects of a frame.

    Raises:
        InputError: transformers is not installed, there is no such model, or it is no detector with queries.
    """

    max_side: int | None = None

    def __init__(self, name: str, *, min_score: float, slots: int) -> None:
        self.vision = VisionModel(name, "AutoModelForObjectDetection")
        self.min_score, self.slots = min_score, slots
        with self.vision.trial("a detector with a query for each object") as frames:
            outputs, queries = self._look(frames)
            self._found(outputs)
        self.feature_size = queries.shape[-1]
        names = self.vision.model.config.id2label
        self.classes = [one for one in sorted(names) if names[one].lower() not in NO_LABEL]
        self.label_names = tuple(names[one] for one in self.classes)
        self.fingerprint: Mapping[str, Any] = {
            "kind": "hf",
            **self.vision.fingerprint,
            "min_score": min_score,
            "slots": slots,
        }

    @torch.inference_mode()
    def detect(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Detections]:
        """Find the objects of frames, in one batch.

        Args:
            frames: (F, h, w, 3) in RGB, all of one size.

        Returns:
            The objects of each frame; D is the width of a query.
        """
        if not frames:
            return []
        outputs, queries = self._look(frames)
        found = zip(self._found(outputs), _corners(outputs.pred_boxes), queries.cpu().numpy(), strict=True)
        return [self._best(*one, *arrays) for one, *arrays in found]

    @torch.inference_mode()
    def _look(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> tuple[Any, Float[Tensor, "F Q D"]]:
        """Return what the model says of frames, and its query vectors."""
        outputs = self.vision.model(**self.vision.inputs(frames))
        # YOLOS keeps the tokens of the image in front of its queries
        return outputs, outputs.last_hidden_state[:, -outputs.pred_boxes.shape[1] :]

    def _found(
        self,
        outputs: Any,  # noqa: ANN401
    ) -> list[tuple[Float[np.ndarray, "R"], Int[np.ndarray, "R"], Int[np.ndarray, "R"]]]:
        """Return scores, classes and query numbers of each frame's objects, as the model's family reckons them.

        Whether logits become scores by a sigmoid or a softmax with a class for no object, and how many labels a query
        may have, is known to the post-processing of the model's own image processor. It does not say which query an
        object came from, so it is given the number of the query in place of the box: centre (number, 0), size 0.
        """
        numbers = torch.zeros_like(outputs.pred_boxes)
        numbers[..., 0] = torch.arange(numbers.shape[1])
        scored = SimpleNamespace(logits=outputs.logits, pred_boxes=numbers)
        found = self.vision.processor.post_process_object_detection(scored, threshold=self.min_score)
        return [
            (one["scores"].cpu().numpy(), one["labels"].cpu().numpy(), one["boxes"][:, 0].long().cpu().numpy())
            for one in found
        ]

    def _best(
        self,
        scores: Float[np.ndarray, "R"],
        classes: Int[np.ndarray, "R"],
        numbers: Int[np.ndarray, "R"],
        boxes: Float[np.ndarray, "Q 4"],
        queries: Float[np.ndarray, "Q D"],
    ) -> Detections:
        """Return the best objects that have a label; `numbers` says which query each object came from."""
        named = np.flatnonzero(np.isin(classes, self.classes))
        best = named[np.argsort(-scores[named], kind="stable")][: self.slots]
        labels = np.searchsorted(self.classes, classes[best]).astype(np.int32)
        return Detections(boxes[numbers[best]], scores[best], labels, queries[numbers[best]])


def _corners(boxes: Float[Tensor, "F Q 4"]) -> Float[np.ndarray, "F Q 4"]:
    """Turn centres and sizes into corners inside the frame."""
    centres, sizes = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centres - sizes / 2, centres + sizes / 2], dim=-1).clamp(0, 1).cpu().numpy()
