"""Convolutions over the moment map, weighted by how much of each kernel lies on cells that exist.

Letters: B batch, C clips, V valid cells, H hidden width.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.map_conv_ways import fastest_way
from leorn.model.map_tiles import plan_tiles
from leorn.model.moment_map import gather, spread
from leorn.model.recompute import run_function
from leorn.model.tiled_conv import TiledConvs


class MapConv(nn.Module):
    """Residual convolutions over the sparse map (2D-TAN's map network with residuals).

    Attributes:
        way: how they are computed, to the same result but for rounding: `direct`, or `tiled-16` for tiles by Fourier
            transforms of 16 × 16 cells, which is for evaluation alone; `measured` for what was fastest when measured.
    """

    def __init__(self, hidden_size: int, kernel_sizes: Sequence[int], mask: Bool[Tensor, "C C"]) -> None:
        super().__init__()
        self.way = "measured"
        self.kernel_sizes = tuple(kernel_sizes)
        self.norms = nn.ModuleList(nn.BatchNorm2d(hidden_size) for _ in range(len(kernel_sizes) + 1))
        self.convs = nn.ModuleList(
            nn.Conv2d(hidden_size, hidden_size, size, padding=size // 2) for size in kernel_sizes
        )
        # the layout that convolutions of accelerators are fastest in; cells come in it, too
        nn.utils.convert_conv2d_weight_memory_format(self.convs, torch.channels_last)
        self.mask: Tensor
        self.cells: Tensor
        self.weights: Tensor
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("cells", mask.flatten().nonzero()[:, 0], persistent=False)
        self.register_buffer("weights", kernel_weights(mask, kernel_sizes), persistent=False)
        self._transforms: _Transforms | None = None

    def forward(self, cells: Float[Tensor, "B V H"], *, checkpoint_activations: bool = False) -> Float[Tensor, "B V H"]:
        """Let every valid cell see its neighbours, once a layer."""
        if torch.is_grad_enabled():
            # a step of an optimizer may follow, of which fused ones leave no trace on the weights
            self._transforms = None
        way = self._way(cells)
        if way == "direct":
            return self._direct(cells, checkpoint_activations)
        return self._tiled(cells, int(way.removeprefix("tiled-")))

    def train(self, mode: bool = True) -> "MapConv":
        """Set the mode; transformed kernels, which take many times the room of the weights, are for evaluation."""
        self._transforms = None
        return super().train(mode)

    def _way(self, cells: Float[Tensor, "B V H"]) -> str:
        # batch statistics are over all cells of the map, not only those that matter to valid ones
        if self.training or torch.compiler.is_compiling():
            return "direct"
        if self.way != "measured":
            return self.way
        if cells.device.type != "cpu" or torch.is_grad_enabled():
            return "direct"
        return fastest_way(self.kernel_sizes, len(self.mask), cells.shape[2], product_dtype(cells))

    def _direct(self, cells: Float[Tensor, "B V H"], again: bool) -> Float[Tensor, "B V H"]:
        x = self.norms[0](spread(cells, self.cells, len(self.mask)).permute(0, 3, 1, 2))
        for layer, norm in enumerate(self.norms[1:]):
            x = run_function(partial(self._layer, layer), norm, x, again=again)
        return gather(x.permute(0, 2, 3, 1), self.cells)

    def _layer(self, layer: int, x: Float[Tensor, "B H C C"]) -> Float[Tensor, "B H C C"]:
        return self.norms[layer + 1](self.convs[layer](x) + x).relu() * self.weights[layer]

    def _tiled(self, cells: Float[Tensor, "B V H"], size: int) -> Float[Tensor, "B V H"]:
        dtype = product_dtype(cells)
        with torch.autocast(cells.device.type, enabled=False):
            return self._tiled_convs(size, dtype)(cells)

    def _tiled_convs(self, size: int, dtype: torch.dtype) -> TiledConvs:
        """Transform the kernels, once until they change where no gradients are asked for."""
        tensors = [*self.parameters(), *self.buffers()]
        # each change of a tensor is counted, other than those through .data, which nobody should make
        key = (size, dtype, *((tensor.data_ptr(), tensor._version) for tensor in tensors))
        known = self._transforms  # read once: another thread may make others
        if known is not None and known.key == key:
            return known.convs
        self._transforms = None  # before more are made: they are large
        tiles = plan_tiles(self.mask, self.weights, self.kernel_sizes, size)
        convs = TiledConvs(list(self.norms), list(self.convs), tiles, size, dtype)
        if not torch.is_grad_enabled():
            self._transforms = _Transforms(key, convs, [tensor.detach() for tensor in tensors])
        return convs


class _Transforms(NamedTuple):
    """Transformed kernels, and what they were made of."""

    key: tuple[object, ...]
    convs: TiledConvs
    sources: list[Tensor]
    """Kept, that no other tensor can come to lie in their place."""


def product_dtype(cells: Tensor) -> torch.dtype:
    """Return the precision of matrix products: autocast's, where it is on."""
    device = cells.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else cells.dtype


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
