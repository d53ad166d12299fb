"""The discrete Fourier transform of small real squares, as one matrix product each way.

A real n × n square has Q = n² independent numbers in its transform: the values at the frequencies that are their own
mirror images, which are real, and the real and imaginary parts at one of each other two. For squares of a dozen or two
dozen cells, a plain matrix product over many squares at once is faster than many small fast transforms, and leaves
the numbers in the order in which they are needed.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class RealFourier(NamedTuple):
    """The transform of real squares and its inverse; cells of a square are in row-major order.

    Rows of `forward`: `num_real` real values first, then real and imaginary part of each other frequency in turn.
    """

    forward: Float[Tensor, "Q Q"]
    inverse: Float[Tensor, "Q Q"]
    num_real: int


def real_fourier(size: int, like: Tensor) -> RealFourier:
    """Return the transform of squares of `size` cells on a side, in the precision and place of `like`."""
    cells = torch.cartesian_prod(torch.arange(size), torch.arange(size))
    number = cells @ torch.tensor([size, 1])
    mirrored = -cells % size @ torch.tensor([size, 1])
    real, paired = cells[number == mirrored], cells[number < mirrored]
    cosine, _ = _waves(real, cells, size)
    pairs = torch.stack(_waves(paired, cells, size), 1).flatten(0, 1)
    # a pair stands for its mirror image too, hence twice
    inverse = torch.cat([cosine, 2 * pairs]).T / size**2
    forward = torch.cat([cosine, pairs])
    return RealFourier(forward.to(like), inverse.contiguous().to(like), len(real))


def _waves(frequencies: Tensor, cells: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return real and imaginary part of exp(-2πi f·x / n), one row for each frequency."""
    # whole turns taken off while the numbers are whole
    angles = (frequencies @ cells.T % size).double() * (2 * math.pi / size)
    return angles.cos(), -angles.sin()
