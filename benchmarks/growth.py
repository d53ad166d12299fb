"""How LEORN's cost grows: with frames, objects, clips, queries of a video and videos.

    python benchmarks/growth.py --out benchmarks/results/growth.json --plot docs/images/growth.png

Networks of full width with random weights, K5, four layers, in single precision. From the middle of each range one
quantity is changed at a time: seconds of preparing a video, of a query, ranking included, or of all queries; the least
of several runs in turns, for what else a machine does is no property of the network.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from machine import machine
from matplotlib.figure import Figure
from sides import Side

from leorn.config import ModelConfig
from leorn.files import write_text

CONFIG = ModelConfig(map_kernel_sizes=(5, 5, 5, 5))
OBJECTS = 18
SCALES = {16: (8, 4), 32: (16, 8), 64: (16, 8, 8), 128: (16, 8, 8, 8), 256: (16, 8, 8, 8, 8)}
"""Diagonals of a map of so many clips."""
RUNS = 5


class Case(NamedTuple):
    """A network, and what it is asked."""

    config: ModelConfig = CONFIG
    objects: int = OBJECTS
    queries: int = 1
    videos: int = 1

    def side(self) -> Side:
        """Return a video, prepared; several are asked as often, one after the other, as a search does."""
        return Side(self.config, self.objects, queries=self.queries)


CASES: dict[str, dict[int, Case]] = {
    "frames (T)": {frames: Case(replace(CONFIG, frames=frames)) for frames in (64, 128, 256, 512, 1024)},
    "objects of a frame (N)": {objects: Case(objects=objects) for objects in (9, 18, 36, 72)},
    "clips (C)": {
        clips: Case(replace(CONFIG, clips=clips, num_scale_layers=scales)) for clips, scales in SCALES.items()
    },
    "queries of a video": {queries: Case(queries=queries) for queries in (1, 2, 4, 8, 16, 32)},
    "videos": {videos: Case(videos=videos) for videos in (1, 2, 4, 8)},
}


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/growth.json"))
    parser.add_argument("--plot", type=Path, help="draw how time grows")
    options = parser.parse_args()
    found: dict[str, Any] = {"machine": machine()}
    for quantity, cases in CASES.items():
        found[quantity] = list(measure(cases))
        print(json.dumps({quantity: found[quantity]}), flush=True)
    write_text(options.out, json.dumps(found, indent=1) + "\n")
    if options.plot:
        plot({quantity: found[quantity] for quantity in CASES}, options.plot)


def measure(cases: dict[int, Case]) -> Iterator[dict[str, float]]:
    """Time the cases of one quantity, in turns."""
    sides = {number: case.side() for number, case in cases.items()}
    asking: dict[int, list[float]] = {number: [] for number in cases}
    preparing: dict[int, list[float]] = {number: [] for number in cases}
    for _ in range(RUNS):
        for number, side in sides.items():
            case = cases[number]
            asking[number].append(sum(side.query_seconds() * case.queries for _ in range(case.videos)))
            preparing[number].append(sum(side.prepare() for _ in range(case.videos)))
    for number in cases:
        yield {
            "number": number,
            "preparing_seconds": round(min(preparing[number]), 4),
            "seconds": round(min(asking[number]), 4),
        }


def plot(found: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Draw seconds over each quantity, both axes logarithmic, with lines of slope 1."""
    figure = Figure(figsize=(11, 2.8), layout="constrained")
    for axes, (quantity, rows) in zip(figure.subplots(1, len(found), sharey=True), found.items(), strict=True):
        numbers = [row["number"] for row in rows]
        for name, key in (("preparing", "preparing_seconds"), ("queries", "seconds")):
            values = [row[key] for row in rows]
            axes.loglog(numbers, values, "o-", base=2, label=name)
            axes.loglog(numbers, [values[-1] * number / numbers[-1] for number in numbers], ":", color="grey", base=2)
        axes.set(xlabel=quantity)
        axes.set_xticks(numbers, [str(number) for number in numbers])
        axes.set_yscale("log", base=10)
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    figure.axes[0].set_ylabel("seconds")
    figure.axes[0].legend(frameon=False, fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
