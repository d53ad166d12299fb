"""What a query of LEORN costs on a prepared video: on the plain path, the fast one, in bfloat16, many in a call.

    python benchmarks/map_query.py --out runs/map-query.json

Networks of full size with random weights; seconds of a query are medians of runs in turns, ranking included, and each
ratio is the median over runs. The plain path computes the map's convolutions directly, in single precision.
"""

import argparse
import json
import statistics
from pathlib import Path

import torch
from sides import Side, in_turns, median_ratio, read_model

from leorn.config import ModelConfig
from leorn.files import write_text

CONFIGS = {
    "K9L4, 64 x 64": ("experiments/charades/LEORN-64x64-K9L4.yaml", 18),
    "K5L8, 128 x 128": ("experiments/tacos/LEORN-128x128-K5L8.yaml", 36),
}
"""Experiments, and the objects of a frame."""
RUNS = 5
MANY = 16


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/map-query.json"))
    options = parser.parse_args()
    found = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        **{name: compare(*config) for name, config in CONFIGS.items()},
    }
    write_text(options.out, json.dumps(found, indent=2))
    print(json.dumps(found, indent=2))


def compare(experiment: str, objects: int) -> dict[str, dict[str, float]]:
    """Return seconds of a query on each path, and how many times faster it is than the plain one."""
    config = read_model(ModelConfig, experiment)
    sides = {
        "plain": Side(config, objects, way="direct"),
        "fast": Side(config, objects),
        "fast, bf16": Side(config, objects, bf16=True),
        f"fast, {MANY} queries": Side(config, objects, queries=MANY),
        f"fast, bf16, {MANY} queries": Side(config, objects, queries=MANY, bf16=True),
    }
    seconds = in_turns(sides, RUNS)
    return {
        name: {
            "query_seconds": round(statistics.median(of), 4),
            "times faster": round(median_ratio(seconds["plain"], of), 2),
            "times faster than one query": round(median_ratio(seconds[name.removesuffix(f", {MANY} queries")], of), 2),
        }
        for name, of in seconds.items()
    }


if __name__ == "__main__":
    main()
