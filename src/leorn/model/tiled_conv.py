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

from leorn.model.buffers import Buffers
from leorn.model.fourier import RealFourier, real_fourier
from leorn.model.map_tiles import LayerTiles, MapTiles

QUERIES_AT_ONCE = 4
"""Enough for the matrix products to pay, at most."""
CELL_BYTES_AT_ONCE = 24 * 2**20
"""Of the cells of a layer, for all queries of a part: glibc hands larger pieces back to the system each time."""
BYTES_AT_ONCE = 64 * 2**20
"""Of the squares of some tiles, for all of which each kernel is read once. What is made of them takes four times that:
a call needs 300 MB at most, which a network keeps for the next one."""


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
            dtype: precision of products, and of what they give.
        """
        first, *behind = (cast(nn.BatchNorm2d, norm) for norm in norms)
        self.scale, self.shift = affine(first)
        fourier = real_fourier(size, like=self.scale)
        self.forward = fourier.forward.to(dtype)
        self.outputs = tiles.outputs
        self.layers = [
            _transform_kernel(cast(nn.Conv2d, conv), norm, layer, fourier, dtype)
            for conv, norm, layer in zip(convs, behind, tiles.layers, strict=True)
        ]
        # those of the last call that is over; calls of several threads may run at a time
        self._spare: list[Buffers] = []

    def __call__(self, cells: Float[Tensor, "B V H"]) -> Float[Tensor, "B V H"]:
        """Return what the last layer makes of the valid cells."""
        try:
            buffers = self._spare.pop()
        except IndexError:
            buffers = Buffers()
        parts = [self._of_some(part, buffers) for part in cells.to(self.scale.dtype).split(self._queries_at_once())]
        self._spare[:] = [buffers]
        return torch.cat(parts)

    def _queries_at_once(self) -> int:
        most = max(len(layer.tiles.shares) for layer in self.layers)
        bytes_of_each = most * len(self.scale) * self.forward.element_size()
        return min(QUERIES_AT_ONCE, max(1, CELL_BYTES_AT_ONCE // bytes_of_each))

    def _of_some(self, cells: Float[Tensor, "B V H"], buffers: Buffers) -> Float[Tensor, "B V H"]:
        shift = self.shift.expand(1, len(cells), -1)
        given = cells.transpose(0, 1) * self.scale + shift
        # other cells of the map were 0 before the first norm; outside of it there is nothing
        rows = torch.cat([given, shift, torch.zeros_like(shift)]).to(self.forward.dtype)
        for layer in self.layers:
            rows = _convolve(rows, layer, self.forward, buffers)
        return rows[self.outputs].transpose(0, 1).to(cells.dtype)


class _Layer(NamedTuple):
    """A layer's transformed kernel (channels in, channels out), and the way back to the cells of a tile."""

    tiles: LayerTiles
    real: Float[Tensor, "real H H"]
    cosine: Float[Tensor, "M H H"]
    sine: Float[Tensor, "M H H"]
    back: Float[Tensor, "cells products"]
    """From products with each of these in turn."""
    bias: Float[Tensor, "H"]


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
    given = _corner(size, size - kernel_size + 1, kernel.device)
    of_real, of_pairs = fourier.inverse[given].tensor_split([num_real], 1)
    of_sine = torch.stack([-of_pairs[:, 1::2], of_pairs[:, ::2]], -1).flatten(1)
    back = torch.cat([of_real, of_pairs, of_sine], 1).to(dtype)
    return _Layer(tiles, spectrum[:num_real].clone(), cosine, sine, back, (conv.bias * scale + shift).to(dtype))


def _corner(size: int, side: int, device: torch.device) -> Tensor:
    """Return the cells of the first `side` rows and columns of a square."""
    steps = torch.arange(side, device=device)
    return (steps[:, None] * size + steps).flatten()


def _convolve(
    rows: Float[Tensor, "R B H"], layer: _Layer, forward: Float[Tensor, "numbers numbers"], buffers: Buffers
) -> Float[Tensor, "gives B H"]:
    """Return the cells of a layer's tiles, and one that is 0."""
    batch, hidden = rows.shape[1:]
    # one column for each tile of each query
    queries, tiles = torch.arange(batch, device=rows.device), layer.tiles.num_tiles
    inputs = (layer.tiles.inputs[:, None] * batch + queries).view(-1, tiles * batch)
    shares = layer.tiles.shares.to(rows.dtype).view(-1, tiles).repeat_interleave(batch, 1)
    at_once = max(1, BYTES_AT_ONCE // (len(inputs) * hidden * rows.element_size()))
    parts = zip(inputs.split(at_once, 1), shares.split(at_once, 1), strict=True)
    cells = torch.cat([_tiles(rows.flatten(0, 1), *part, layer, forward, buffers) for part in parts], 1)
    return torch.cat([cells.view(-1, batch, hidden), cells.new_zeros(1, batch, hidden)])


def _tiles(
    rows: Float[Tensor, "RB H"],
    inputs: Int[Tensor, "numbers tiles"],
    shares: Float[Tensor, "cells tiles"],
    layer: _Layer,
    forward: Float[Tensor, "numbers numbers"],
    buffers: Buffers,
) -> Float[Tensor, "cells tiles H"]:
    """Return the cells of some tiles."""
    (numbers, tiles), hidden = inputs.shape, rows.shape[1]
    squares = torch.index_select(rows, 0, inputs.flatten(), out=buffers.take("squares", rows, numbers * tiles, hidden))
    columns = tiles * hidden
    spectrum = torch.mm(forward, squares.view(numbers, columns), out=buffers.take("spectrum", rows, numbers, columns))
    products = _multiply(spectrum, layer, tiles, buffers)
    cells = torch.mm(layer.back, products, out=buffers.take("cells", rows, len(layer.back), columns))
    return cells.view(-1, tiles, hidden).add_(layer.bias).relu_() * shares[..., None]


def _multiply(
    spectrum: Float[Tensor, "numbers columns"], layer: _Layer, tiles: int, buffers: Buffers
) -> Float[Tensor, "products columns"]:
    """Multiply every number with the transformed kernel, both of a pair with its cosine and with its sine."""
    real, pairs = spectrum.tensor_split([len(layer.real)])
    factors = ((real, tiles, layer.real), (pairs, 2 * tiles, layer.cosine), (pairs, 2 * tiles, layer.sine))
    products = buffers.take("products", spectrum, layer.back.shape[1], spectrum.shape[1])
    if products is None:
        return torch.cat([torch.bmm(of.view(len(by), size, by.shape[1]), by).view_as(of) for of, size, by in factors])
    for (of, size, by), into in zip(factors, products.split([len(of) for of, _, _ in factors]), strict=True):
        shape = (len(by), size, by.shape[2])
        torch.bmm(of.view(shape), by, out=into.view(shape))
    return products
