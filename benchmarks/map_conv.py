"""How long each way of computing the map's convolutions takes, for the table that chooses among them.

    python benchmarks/map_conv.py --out src/leorn/model/map_conv_ways.json

Random weights and the cells of one query, evaluation mode, one case after the other; of each way the least seconds of
several runs behind a first one, which transforms the kernels.
"""

import argparse
import json
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import torch
from machine import processor

from leorn.files import write_text
from leorn.model.map_conv import MapConv
from leorn.model.moment_map import valid_cells

MAPS = {
    (32, 3, 2): (16, 8),
    (64, 5, 4): (16, 8, 8),
    (64, 9, 4): (16, 8, 8),
    (128, 5, 8): (16, 8, 8, 8),
}
"""Clips, kernel and layers of the maps that experiments have, and their diagonals."""
HIDDEN = (64, 256, 512)
SIDES = (8, 12, 16, 20, 24)
DTYPES = (torch.float32, torch.bfloat16)
RUNS = 3
LONG_SECONDS = 4.0
"""Runs that take so long together are enough."""


def main() -> None:
    """Measure all cases and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/map-conv.json"))
    options = parser.parse_args()
    rows = []
    for row in measure():
        print(json.dumps(row), flush=True)
        rows.append(row)
    machine = {"torch": torch.__version__, "processor": processor(), "threads": torch.get_num_threads()}
    table = ",\n  ".join(json.dumps(row) for row in rows)
    write_text(options.out, f'{{"machine": {json.dumps(machine)},\n "rows": [\n  {table}\n]}}\n')


def measure() -> Iterator[dict[str, Any]]:
    """Time every way of every case."""
    for ((clips, kernel, layers), scales), hidden in product(MAPS.items(), HIDDEN):
        torch.manual_seed(0)
        mask = valid_cells(clips, scales)
        network = MapConv(hidden, (kernel,) * layers, mask).eval()
        for dtype in DTYPES:
            cells = torch.randn(1, int(mask.sum()), hidden)
            ways = ["direct", *(f"tiled-{side}" for side in SIDES if side > kernel)]
            yield {
                "kernel_size": kernel,
                "clips": clips,
                "hidden_size": hidden,
                "dtype": str(dtype).removeprefix("torch."),
                "seconds": {way: round(time_way(network, cells, way, dtype), 5) for way in ways},
            }


def time_way(network: MapConv, cells: torch.Tensor, way: str, dtype: torch.dtype) -> float:
    """Return the least seconds of several runs, fewer where they are long."""
    network.way = way
    seconds: list[float] = []
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        network(cells)
        while len(seconds) < RUNS and sum(seconds) < LONG_SECONDS:
            started = time.perf_counter()
            network(cells)
            seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
