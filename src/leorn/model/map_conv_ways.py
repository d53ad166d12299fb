"""Which way of computing the map's convolutions is fastest for a shape, by a table that was measured."""

import json
from functools import cache
from importlib.resources import files
from math import log2

import torch


@cache
def fastest_way(kernel_sizes: tuple[int, ...], clips: int, hidden_size: int, dtype: torch.dtype) -> str:
    """Return the way that took least time on a CPU in the nearest case that was measured.

    `benchmarks/map_conv.py` makes the table, of one query: the way does not depend on how many there are, so that all
    share one set of transformed kernels. Distances are in doublings of each quantity; precisions do not mix.

    Args:
        kernel_sizes: of the layers; the largest counts.
        clips: C.
        hidden_size: H.
        dtype: of the products.
    """
    wanted = (max(kernel_sizes), clips, hidden_size)
    rows = [row for row in measured_ways() if row["dtype"] == str(dtype).removeprefix("torch.")]

    def distance(row: dict) -> float:
        measured = (row["kernel_size"], row["clips"], row["hidden_size"])
        return sum(abs(log2(ours / theirs)) for ours, theirs in zip(wanted, measured, strict=True))

    seconds = min(rows, key=distance, default={"seconds": {"direct": 0.0}})["seconds"]
    # the nearest case may have had smaller kernels than fit here
    fitting = {way: took for way, took in seconds.items() if way == "direct" or _side(way) > max(kernel_sizes)}
    return min(fitting, key=fitting.__getitem__)


def _side(way: str) -> int:
    return int(way.removeprefix("tiled-"))


@cache
def measured_ways() -> list[dict]:
    """Return the rows of the table: a case, and the seconds of each way."""
    return json.loads((files("leorn.model") / "map_conv_ways.json").read_text())["rows"]
