"""The sparse two-dimensional map of candidate moments (2D-TAN, Zhang et al., AAAI 2020).

Cell (i, j) with i ≤ j stands for the moment from the start of clip i to the end of clip j. Letters: B batch,
C clips, V valid cells, H hidden width.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F


def valid_cells(clips: int, num_scale_layers: Sequence[int]) -> Bool[Tensor, "{clips} {clips}"]:
    """Say which cells of the map exist.

    The first scale has its diagonals one clip apart, each later scale twice as far apart, and starts twice as far
    apart along each diagonal.

    Args:
        clips: C, clips on a side.
        num_scale_layers: diagonals of each scale, such as (16, 8, 8).
    """
    mask = torch.zeros(clips, clips, dtype=torch.bool)
    for stride, offsets in _scales(num_scale_layers):
        start, offset = torch.meshgrid(torch.arange(0, clips, stride), offsets, indexing="ij")
        inside = start + offset < clips
        mask[start[inside], (start + offset)[inside]] = True
    return mask


def last_offset(num_scale_layers: Sequence[int]) -> int:
    """Return the largest j - i of a cell that the scales reach: C - 1 where they fill the map."""
    return int(_scales(num_scale_layers)[-1][1][-1])


def _scales(num_scale_layers: Sequence[int]) -> list[tuple[int, Tensor]]:
    """Return the stride of each scale and its diagonals' offsets j - i."""
    scales, offset = [], -1
    for scale, diagonals in enumerate(num_scale_layers):
        stride = 2**scale
        offsets = offset + stride * torch.arange(1, diagonals + 1)
        scales.append((stride, offsets))
        offset = int(offsets[-1])
    return scales


class MomentMap(nn.Module):
    """Max-pool the clips of every valid cell, and fuse with the sentence."""

    def __init__(self, hidden_size: int, clips: int, num_scale_layers: Sequence[int]) -> None:
        super().__init__()
        self.clips = clips
        self.cell = nn.Linear(hidden_size, hidden_size)
        self.sentence = nn.Linear(hidden_size, hidden_size)
        self.mask: Tensor
        self.cells: Tensor
        self.windows: Tensor
        self.register_buffer("mask", valid_cells(clips, num_scale_layers), persistent=False)
        first, last = self.mask.nonzero(as_tuple=True)
        self.register_buffer("cells", first * clips + last, persistent=False)
        # a cell's range is covered by two windows of the largest power of two that fits, which overlap
        level = torch.tensor([int(length).bit_length() - 1 for length in last - first + 1])
        windows = level * clips + torch.stack([first, last - 2**level + 1])
        self.register_buffer("windows", windows, persistent=False)
        self.num_levels = int(level.max()) + 1

    def forward(self, clips: Float[Tensor, "B C H"], sentence: Float[Tensor, "B H"]) -> Float[Tensor, "B V H"]:
        """Return the valid cells, fused with the sentence, in row-major order of the map."""
        return F.normalize(self.cell(self.pool(clips)) * self.sentence(sentence)[:, None], dim=-1)

    def pool(self, clips: Float[Tensor, "B C H"]) -> Float[Tensor, "B V H"]:
        """Return the maximum over the clips of each valid cell, in row-major order of the cells."""
        levels = [clips]
        for level in range(1, self.num_levels):
            below = levels[-1]
            # the last rows keep shorter windows, which no cell asks for
            levels.append(torch.maximum(below, F.pad(below[:, 2 ** (level - 1) :], (0, 0, 0, 2 ** (level - 1)))))
        table = torch.cat(levels, 1)
        return torch.maximum(table[:, self.windows[0]], table[:, self.windows[1]])

    def spread(self, cells: Float[Tensor, "B V *H"]) -> Float[Tensor, "B C C *H"]:
        """Lay the valid cells' values out on the map, 0 elsewhere."""
        return spread(cells, self.cells, self.clips)


def spread(
    cells: Float[Tensor, "B V *H"], where: Int[Tensor, "V"], clips: int
) -> Float[Tensor, "B {clips} {clips} *H"]:
    """Lay values out on a map, each at its place in row-major order, 0 elsewhere."""
    flat = cells.new_zeros(cells.shape[0], clips**2, *cells.shape[2:])
    return flat.index_copy(1, where, cells).unflatten(1, (clips, clips))


def gather(cells: Float[Tensor, "B C C *H"], where: Int[Tensor, "V"]) -> Float[Tensor, "B V *H"]:
    """Take values out of a map: undo `spread`."""
    return cells.flatten(1, 2)[:, where]
