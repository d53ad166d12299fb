"""Published ways to score moments, by name. The rules were read in the published code of each family."""

from dataclasses import dataclass, replace
from typing import Literal

from leorn.config import MAP_IOUS, EvaluationConfig

ProtocolName = Literal["2d-tan", "moment-detr", "qvhighlights"]


@dataclass(frozen=True, slots=True)
class Protocol:
    """A published way to score moments.

    Attributes:
        evaluation: its options.
        rule: what it counts, in one line.
        source: who published it, and where its code is.
    """

    evaluation: EvaluationConfig
    rule: str
    source: str

    def of_a_network(self, own: EvaluationConfig) -> EvaluationConfig:
        """Return how a network's candidates are ranked and scored by the protocol.

        Predictions are what a network makes of its candidates: where the protocol has no NMS, the network's own stays.
        """
        if self.evaluation.nms_threshold is not None:
            return self.evaluation
        return replace(self.evaluation, nms=own.nms, nms_threshold=own.nms_threshold)


_MOMENT_DETR = EvaluationConfig(
    ious=(0.5, 0.7), recalls=(1,), nms_threshold=None, strict=False, top_k=10, map_ious=MAP_IOUS
)

PROTOCOLS: dict[ProtocolName, Protocol] = {
    "2d-tan": Protocol(
        EvaluationConfig(ious=(0.1, 0.3, 0.5, 0.7), recalls=(1, 5), nms="greedy", nms_threshold=0.5, strict=True),
        "greedy NMS at 0.5; R@1 and R@5 with IoU > 0.1, 0.3, 0.5 and 0.7; mIoU of the first answer",
        "2D-TAN (Zhang et al., AAAI 2020; lib/core/eval.py of github.com/microsoft/VideoX, whose NMS threshold is 0.5 "
        "on ActivityNet Captions, 0.45 on Charades-STA and 0.4 on TACoS), and LEORN, 0.5 everywhere",
    ),
    "moment-detr": Protocol(
        _MOMENT_DETR,
        "no NMS; R@1 with IoU ≥ 0.5 and 0.7; mAP of ten answers over IoU ≥ 0.5, 0.55, …, 0.95",
        "Moment-DETR (Lei et al., NeurIPS 2021; standalone_eval/eval.py of github.com/jayleicn/moment_detr)",
    ),
    "qvhighlights": Protocol(
        replace(_MOMENT_DETR, length_ranges=True),
        "as moment-detr, and mAP by length: short (≤ 10 s), middle (≤ 30 s) and long (≤ 150 s) moments",
        "QVHighlights (Lei et al., NeurIPS 2021; standalone_eval/eval.py of github.com/jayleicn/moment_detr)",
    ),
}
"""A protocol's name → its rules."""
