"""The map's convolutions by tiles and their Fourier transforms (overlap-save), for evaluation.

The square that a tile's cells depend on is transformed, multiplied by the transformed kernel — one matrix product over
channels for each frequency — and transformed back; what wraps around is left out (Oppenheim and Schafer, Discrete-Time
Signal Processing, section 8.7). BatchNorm in evaluation mode and the residual are part of the kernel.

Letters: B queries, V valid cells, H hidden width, R rows of a layer's cells, n side of a transformed square, t side of
what it gives, P tiles, M pairs of numbers of a transform.
"""

from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from leorn.model.fourier import RealFourier, real_fourier
from leorn.model.map_tiles import LayerTiles, MapTiles

QUERIES_AT_ONCE = 4
"""Enough for the matrix products to pay; more would take memory in proportion."""
BYTES_AT_ONCE = 28 * 2**20
"""Of the squares of some tiles: glibc hands larger pieces back to the system each time, and gets them page by page."""


class TiledConvs:
    """A chain of residual map convolutions with fixed weights."""

    def __init__(
        self,
        norms: Sequence[nn.Module],
        convs: Sequence[nn.Module],
        tiles: MapTiles,
        size: int,
        dtype: torch.dtype,
    ) -> None:
        """Transform the kernels.

        Args:
            norms: one in front, and one behind each convolution.
            convs: each with as many channels out as in.
            tiles: for transforms of this size.
            size: n.
            dtype: precision of the products over channels; all else is in that of the kernels.
        """
        first, *behind = (cast(nn.BatchNorm2d, norm) for norm in norms)
        self.scale, self.shift = affine(first)
        self.fourier = real_fourier(size, like=self.scale)
        self.outputs = tiles.outputs
        self.layers = [
            _transform_kernel(cast(nn.Conv2d, conv), norm, layer, self.fourier, dtype)
            for conv, norm, layer in zip(convs, behind, tiles.layers, strict=True)
        ]

    def __call__(self, cells: Float[Tensor, "B V H"]) -> Float[Tensor, "B V H"]:
        """Return what the last layer makes of the valid cells."""
        return torch.cat([self._of_some(part) for part in cells.to(self.scale.dtype).split(QUERIES_AT_ONCE)])

    def _of_some(self, cells: Float[Tensor, "B V H"]) -> Float[Tensor, "B V H"]:
        shift = self.shift.expand(1, len(cells), -1)
        given = cells.transpose(0, 1) * self.scale + shift
        # other cells of the map were 0 before the first norm; outside of it there is nothing
        rows = torch.cat([given, shift, torch.zeros_like(shift)])
        for layer in self.layers:
            rows = _convolve(rows, layer, self.fourier)
        return rows[self.outputs].transpose(0, 1)


class _Layer(NamedTuple):
    """A layer's transformed kernel (channels in, channels out), and the way back to the cells of a tile."""

    tiles: LayerTiles
    real: Float[Tensor, "real H H"]
    cosine: Float[Tensor, "M H H"]
    sine: Float[Tensor, "M H H"]
    bias: Float[Tensor, "H"]
    of_real: Float[Tensor, "cells real"]
    of_cosine: Float[Tensor, "cells numbers"]
    of_sine: Float[Tensor, "cells numbers"]


def affine(norm: nn.BatchNorm2d) -> tuple[Float[Tensor, "H"], Float[Tensor, "H"]]:
    """Return what BatchNorm multiplies with and adds in evaluation mode."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return scale, norm.bias - norm.running_mean * scale


def _transform_kernel(
    conv: nn.Conv2d, norm: nn.BatchNorm2d, tiles: LayerTiles, fourier: RealFourier, dtype: torch.dtype
) -> _Layer:
    kernel_size, num_real = tiles.kernel_size, fourier.num_real
    size = round(len(fourier.forward) ** 0.5)
    scale, shift = affine(norm)
    assert conv.bias is not None
    kernel = conv.weight.permute(2, 3, 1, 0).clone()
    middle = kernel[kernel_size // 2, kernel_size // 2]
    middle.diagonal().add_(1)
    kernel = (kernel * scale).flatten(0, 1)
    taps = _corner(size, kernel_size, kernel.device)
    spectrum = (fourier.forward[:, taps] @ kernel.flatten(1)).view(-1, *kernel.shape[1:]).to(dtype)
    # contiguous: in bf16 torch would copy them for every product
    cosine, sine = spectrum[num_real::2].contiguous(), spectrum[num_real + 1 :: 2].contiguous()

    # convolutions of networks are correlations: the kernel's transform is conjugated, which the way back takes care of
    back = fourier.inverse[_corner(size, size - kernel_size + 1, kernel.device)]
    real, imaginary = back[:, num_real::2], back[:, num_real + 1 :: 2]
    return _Layer(
        tiles,
        spectrum[:num_real].clone(),
        cosine,
        sine,
        conv.bias * scale + shift,
        back[:, :num_real].contiguous(),
        back[:, num_real:].contiguous(),
        torch.stack([-imaginary, real], -1).flatten(1),
    )


def _corner(size: int, side: int, device: torch.device) -> Tensor:
    """Return the cells of the first `side` rows and columns of a square."""
    steps = torch.arange(side, device=device)
    return (steps[:, None] * size + steps).flatten()


def _convolve(rows: Float[Tensor, "R B H"], layer: _Layer, fourier: RealFourier) -> Float[Tensor, "gives B H"]:
    """Return the cells of a layer's tiles, and one that is 0."""
    batch, hidden = rows.shape[1:]
    # one column for each tile of each query
    queries = torch.arange(batch, device=rows.device)
    columns = (layer.tiles.inputs[:, None] * batch + queries).view(len(fourier.forward), -1)
    at_once = max(1, BYTES_AT_ONCE // (len(columns) * hidden * rows.element_size()))
    flat = rows.flatten(0, 1)
    cells = torch.cat([_tiles(flat, part, layer, fourier) for part in columns.split(at_once, 1)], 1)
    cells = (cells.view(-1, batch, hidden) + layer.bias).relu() * layer.tiles.shares[:, None, None]
    return torch.cat([cells, cells.new_zeros(1, batch, hidden)])


def _tiles(
    rows: Float[Tensor, "RB H"], inputs: Int[Tensor, "numbers tiles"], layer: _Layer, fourier: RealFourier
) -> Float[Tensor, "cells tiles H"]:
    """Return the cells of some tiles."""
    numbers, tiles = inputs.shape
    num_real, hidden = fourier.num_real, rows.shape[1]
    squares = rows[inputs.flatten()].view(numbers, -1)
    spectrum = (fourier.forward @ squares).to(layer.real.dtype)
    real = spectrum[:num_real].view(num_real, tiles, hidden)
    pairs = spectrum[num_real:].view(len(layer.cosine), 2 * tiles, hidden)

    cells = layer.of_real @ torch.bmm(real, layer.real).to(rows.dtype).view(-1, tiles * hidden)
    for kernel, back in ((layer.cosine, layer.of_cosine), (layer.sine, layer.of_sine)):
        cells.addmm_(back, torch.bmm(pairs, kernel).to(rows.dtype).view(-1, tiles * hidden))
    return cells.view(-1, tiles, hidden)
