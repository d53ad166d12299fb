"""Convolutions over the moment map, weighted by how much of each kernel lies on cells that exist.

Letters: B batch, C clips, H hidden width.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F


class MapConv(nn.Module):
    """Residual convolutions over the sparse map (2D-TAN's map network with residuals)."""

    def __init__(self, hidden_size: int, kernel_sizes: Sequence[int], mask: Bool[Tensor, "C C"]) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(hidden_size) for _ in range(len(kernel_sizes) + 1))
        self.convs = nn.ModuleList(
            nn.Conv2d(hidden_size, hidden_size, size, padding=size // 2) for size in kernel_sizes
        )
        self.weights: Tensor
        self.register_buffer("weights", kernel_weights(mask, kernel_sizes), persistent=False)

    def forward(self, cells: Float[Tensor, "B H C C"]) -> Float[Tensor, "B H C C"]:
        """Let every cell see its neighbours, once a layer."""
        cells = self.norms[0](cells)
        for conv, norm, weight in zip(self.convs, self.norms[1:], self.weights, strict=True):
            cells = norm(conv(cells) + cells).relu() * weight
        return cells


def kernel_weights(mask: Bool[Tensor, "C C"], kernel_sizes: Sequence[int]) -> Float[Tensor, "layers C C"]:
    """Return each layer's weight of a cell: 1 / (valid cells under the kernel), 0 where there is none.

    The valid set grows by the kernel at each layer: a cell that saw a valid one is valid for the next layer.
    """
    valid = mask[None, None].double()
    weights = []
    for size in kernel_sizes:
        count = F.conv2d(valid, valid.new_ones(1, 1, size, size), padding=size // 2).round()
        weights.append(torch.where(count > 0, 1 / count.clamp(min=1), 0.0)[0, 0])
        valid = (count > 0).double()
    return torch.stack(weights).float()
