"""How fast a machine could be at most: the operations asked for, and the rate at which it multiplies matrices."""

import statistics
import time
from collections.abc import Callable
from functools import cache

import torch
from torch.utils.flop_counter import FlopCounterMode

RUNS = 9


@cache
def matmul_rate(dtype: torch.dtype, device: str) -> float:
    """Return operations a second of a large square matrix product, the median of several."""
    size = 8192 if device.startswith("cuda") else 2048
    left, right = (torch.randn(size, size, dtype=dtype, device=device) for _ in range(2))
    seconds = []
    for _ in range(RUNS):
        wait(device)
        started = time.perf_counter()
        torch.mm(left, right)
        wait(device)
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / statistics.median(seconds)


def operations(function: Callable[[], object]) -> int:
    """Return the floating-point operations of the matrix products and convolutions of a call."""
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()


def wait(device: str) -> None:
    """Wait until a device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize()
