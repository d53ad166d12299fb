"""The network reproduces the numbers of the published one."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.lib.npyio import NpzFile
from torch import Tensor, nn

from leorn.model.leorn import LEORN
from leorn.model.loss import cell_iou, scaled_iou_loss
from leorn.model.published import load_published

FILES = [
    "leorn_object",
    "leorn_object_shift1_deep",
    "leorn_fusion",
    "ablation_mean_pool",
    "ablation_no_box",
    "ablation_no_object_attention",
    "ablation_no_reasoning",
    "ablation_no_sentinel",
    "ablation_no_shift",
    "ablation_no_text_attention",
]


def published_layout(meta: dict[str, Any]) -> dict[str, Any]:
    """Return the meta record of a golden file in the published YAML layout."""
    return {
        "MODEL": {"NAME": meta["model"]},
        "TAN": {name: {"NAME": part["name"], "PARAMS": part["params"]} for name, part in meta["modules"].items()},
        "LOSS": {"PARAMS": {"MIN_IOU": meta["loss"]["min_iou"], "MAX_IOU": meta["loss"]["max_iou"]}},
    }


class Golden:
    """A golden file: the network it describes, its inputs and its expected outputs."""

    def __init__(self, file: NpzFile) -> None:
        self.meta = json.loads(str(file["meta"]))
        self.file = file
        weights = {name.removeprefix("weights/"): file[name] for name in file.files if name.startswith("weights/")}
        self.network: LEORN = load_published(published_layout(self.meta), weights)

    def __getitem__(self, name: str) -> Tensor:
        return torch.from_numpy(self.file[name])

    def inputs(self) -> list[Tensor]:
        names = ["word_vectors", "word_mask", "object_features", "object_mask", "object_boxes"]
        if "inputs/frame_features" in self.file:
            names.append("frame_features")
        return [self[f"inputs/{name}"] for name in names]


@pytest.fixture(params=FILES)
def golden(request: pytest.FixtureRequest, shared: Path) -> Golden:
    return Golden(np.load(shared / "golden" / f"{request.param}.npz"))


@pytest.mark.parametrize("way", ["measured", "direct", "tiled-16", "tiled-24"])
def test_logits_mask_and_loss_in_evaluation_mode(golden: Golden, way: str) -> None:
    golden.network.map_conv.way = way
    with torch.no_grad():
        scored = golden.network(*golden.inputs())
    mask = golden["outputs/map_mask"][0, 0]
    assert torch.equal(scored.mask, mask)
    expected = golden["outputs/eval_logits"][:, 0]
    torch.testing.assert_close(scored.logits[:, mask], expected[:, mask], atol=1e-5, rtol=0)
    assert not scored.logits[:, ~mask].any()
    config = golden.network.config
    loss = scaled_iou_loss(scored.logits, scored.mask, golden["inputs/iou_map"][:, 0], config.min_iou, config.max_iou)
    torch.testing.assert_close(loss, golden["outputs/eval_loss"], atol=1e-5, rtol=0)


def test_iou_of_the_cells(golden: Golden) -> None:
    spans = golden["inputs/span"][:, None] / golden["inputs/duration"][:, None, None]
    iou = cell_iou(spans, torch.ones(spans.shape[:2], dtype=torch.bool), golden.network.config.clips)
    mask = golden["outputs/map_mask"][0, 0]
    torch.testing.assert_close(iou[:, mask], golden["inputs/iou_map"][:, 0][:, mask], atol=1e-5, rtol=0)


def test_five_training_steps(golden: Golden) -> None:
    network = golden.network.train()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(module, nn.MultiheadAttention):
            module.dropout = 0.0
    optimizer = torch.optim.Adam(network.parameters(), lr=golden.meta["optimizer"]["lr"])
    config = golden.network.config
    losses, norms = [], []
    for _ in range(golden.meta["steps"]):
        scored = network(*golden.inputs())
        loss = scaled_iou_loss(
            scored.logits, scored.mask, golden["inputs/iou_map"][:, 0], config.min_iou, config.max_iou
        )
        optimizer.zero_grad()
        loss.backward()
        norms.append(nn.utils.clip_grad_norm_(network.parameters(), golden.meta["optimizer"]["clip_grad_norm"]))
        optimizer.step()
        losses.append(loss.detach())
    torch.testing.assert_close(torch.stack(losses), golden["outputs/train_losses"], rtol=1e-4, atol=0)
    torch.testing.assert_close(torch.stack(norms), golden["outputs/train_grad_norms"], rtol=1e-4, atol=0)
