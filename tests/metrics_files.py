"""What `leorn evaluate` writes to `metrics.json`, made up."""

import json
from dataclasses import asdict
from typing import Any

from leorn.config import EvaluationConfig


def metrics_file(
    network: str = "LEORN-P", seed: int = 0, split: str = "test", recall: float = 70.0, **changes: object
) -> dict[str, Any]:
    """Return the content of a file: R1@0.5 is `recall`, and the constant window is the same in each."""
    content = {
        "checkpoint": f"runs/{seed}/best.ckpt",
        "split": split,
        "queries": 10,
        "network": network,
        "seed": seed,
        "selected_by": "mIoU on val",
        "features": {"extractor": "detections", "frames": 64},
        "frame_features": {},
        "words": "words.npz sha256:00",
        "evaluation": asdict(EvaluationConfig(ious=(0.5,))),
        "constant_windows": [(0.0, 0.5), (0.5, 1.0)],
        "metrics": {
            network: {"R1@0.5": recall, "R5@0.5": recall + 20},
            "constant window": {"R1@0.5": 11.0, "R5@0.5": 44.5},
        },
    }
    return json.loads(json.dumps(content | changes))
