"""Which cells of the moment map each convolution has to compute, and the tiles that cover them.

Letters: C clips, V valid cells, n side of a transformed square, K kernel, t = n - K + 1 side of what it gives, P tiles.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F


class LayerTiles(NamedTuple):
    """Tiles of one layer: where their cells are read, and what each cell that they give counts."""

    kernel_size: int
    num_tiles: int
    inputs: Int[Tensor, "reads"]
    """Rows of what the layer before gave: first row of every square, then its second, …; tiles innermost."""
    shares: Float[Tensor, "gives"]
    """Weights of the cells that this layer gives; 0 where the next one must not see them."""


class MapTiles(NamedTuple):
    """The tiles of all layers, and the rows of the last one that are the valid cells, in row-major order."""

    layers: list[LayerTiles]
    outputs: Int[Tensor, "V"]


def plan_tiles(
    mask: Bool[Tensor, "C C"], weights: Float[Tensor, "layers C C"], kernel_sizes: Sequence[int], size: int
) -> MapTiles:
    """Lay tiles over the cells that any valid cell of the last layer depends on, layer by layer.

    The rows that the first layer reads are the valid cells in row-major order, one for all other cells of the map, and
    one for what lies outside; those of a later layer are the cells that the tiles before gave, and one for all others.

    Args:
        mask: the valid cells.
        weights: of each layer's cells, 0 where a cell sees no valid one.
        kernel_sizes: of each layer, all below `size`.
        size: n.
    """
    clips, device = len(mask), mask.device
    mask, weights = mask.cpu(), weights.cpu()
    valid = int(mask.sum())
    rows = torch.full((clips, clips), valid)
    rows[mask] = torch.arange(valid)
    outside, layers = valid + 1, []
    for kernel, share, needed in zip(kernel_sizes, weights, needed_cells(mask, weights, kernel_sizes), strict=True):
        side = size - kernel + 1
        corners = cover(needed, side)
        layer = LayerTiles(
            kernel,
            len(corners),
            _read(rows, corners - kernel // 2, size, outside).to(device),
            _read(share, corners, side, 0).to(device),
        )
        layers.append(layer)
        rows, outside = _given(corners, side, clips), side**2 * len(corners)
    return MapTiles(layers, rows[mask].to(device))


def needed_cells(
    mask: Bool[Tensor, "C C"], weights: Float[Tensor, "layers C C"], kernel_sizes: Sequence[int]
) -> list[Bool[Tensor, "C C"]]:
    """Return the cells of each layer that the valid cells of the last one depend on, and that are not 0 anyway."""
    needed = [mask & (weights[-1] > 0)]
    for kernel, weight in zip(reversed(kernel_sizes[1:]), reversed(weights[:-1]), strict=True):
        seen = F.max_pool2d(needed[0][None].float(), kernel, stride=1, padding=kernel // 2)[0] > 0
        needed.insert(0, seen & (weight > 0))
    return needed


def cover(needed: Bool[Tensor, "C C"], side: int) -> Int[Tensor, "P 2"]:
    """Return the first row and column of square tiles that cover all needed cells, in bands of rows."""
    corners = []
    for top in range(0, len(needed), side):
        columns = needed[top : top + side].any(0).nonzero()[:, 0].tolist()
        covered = 0
        for column in columns:
            if column >= covered:
                corners.append((top, column))
                covered = column + side
    return torch.tensor(corners, dtype=torch.long).reshape(-1, 2)


def _read(values: Tensor, corners: Int[Tensor, "P 2"], side: int, outside: int) -> Tensor:
    """Take squares out of a map, tiles innermost; beyond the map every value is `outside`."""
    clips = len(values)
    rows, columns = _squares(corners, side)
    inside = (rows >= 0) & (rows < clips) & (columns >= 0) & (columns < clips)
    found = values[rows.clamp(0, clips - 1), columns.clamp(0, clips - 1)]
    return torch.where(inside, found, torch.tensor(outside, dtype=values.dtype)).flatten()


def _given(corners: Int[Tensor, "P 2"], side: int, clips: int) -> Int[Tensor, "C C"]:
    """Return where tiles give each cell of the map; one behind the last where none does."""
    count = side**2 * len(corners)
    rows, columns = _squares(corners, side)
    inside = (rows < clips) & (columns < clips)
    given = torch.full((clips, clips), count)
    given[rows[inside], columns[inside]] = torch.arange(count).view_as(rows)[inside]
    return given


def _squares(corners: Int[Tensor, "P 2"], side: int) -> tuple[Int[Tensor, "side side P"], Int[Tensor, "side side P"]]:
    """Return row and column of every cell of the squares at these corners."""
    steps = torch.arange(side)
    rows, columns = corners[:, 0] + steps[:, None, None], corners[:, 1] + steps[None, :, None]
    return rows.expand(side, side, -1), columns.expand(side, side, -1)
