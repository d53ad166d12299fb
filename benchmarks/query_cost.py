"""What a query costs on a prepared video: LEORN-P beside LEORN, and how LEORN-P's cost grows with the video.

    python benchmarks/query_cost.py --out runs/query-cost.json --plot docs/images/query-cost.png

All networks have their full size and random weights. It prints and writes JSON: seconds (medians of alternating runs)
of preparing a video and of one query, ranking included, and their ratio. Then LEORN-P behind the retriever's door at
doubled lengths: the least seconds of several runs in turns, for what else a machine does is no property of the network,
and the most memory that a process ever held which did this for one length alone.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from asking import asking_seconds, make_retriever, random_queries, random_video
from matplotlib.figure import Figure
from memory import peak_bytes
from sides import Side, in_turns, median_ratio, read_model

from leorn.config import ModelConfig, PyramidConfig
from leorn.files import write_text
from leorn.records import VideoObjects
from leorn.retrieval.retriever import Retriever

PAIRS = {
    "T=256, N=18": ("experiments/charades/LEORN-64x64-K9L4.yaml", "experiments/charades/LEORN-P-256.yaml", 18),
    "T=2304, N=36": ("experiments/tacos/LEORN-128x128-K5L8.yaml", "experiments/tacos/LEORN-P-2304.yaml", 36),
}
"""Experiments of LEORN and of LEORN-P, and the objects of a frame."""
RUNS = 7
LENGTHS = [2**power for power in range(10, 16)]
OBJECTS = 18
"""Objects of a frame while the length grows."""


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/query-cost.json"))
    parser.add_argument("--plot", type=Path, help="Draw how time and memory grow.")
    parser.add_argument("--alone", nargs=2, type=int, metavar=("FRAMES", "OBJECTS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        print(alone(*options.alone))
        return
    found = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "against LEORN": {name: compare(*pair) for name, pair in PAIRS.items()},
        "LEORN-P by length": grow(LENGTHS, OBJECTS),
        "LEORN-P, T=2304, N=36": grow([2304], 36)[0],
    }
    write_text(options.out, json.dumps(found, indent=2))
    print(json.dumps(found, indent=2))
    if options.plot:
        plot(found["LEORN-P by length"], options.plot)


def compare(experiment: str, pyramid: str, objects: int) -> dict[str, float]:
    """Time one query with each network, in turns."""
    leorn = read_model(ModelConfig, experiment)
    sides = {
        "LEORN, plain": Side(leorn, objects, way="direct"),
        "LEORN": Side(leorn, objects),
        "LEORN-P": Side(read_model(PyramidConfig, pyramid), objects),
    }
    seconds = in_turns(sides, RUNS)
    return {
        **{f"{name} query_seconds": round(statistics.median(of), 4) for name, of in seconds.items()},
        **{
            f"times faster than {name}": round(median_ratio(seconds[name], seconds["LEORN-P"]), 1)
            for name in ("LEORN, plain", "LEORN")
        },
        **{f"{name} preparing_seconds": round(side.preparing_seconds, 3) for name, side in sides.items()},
    }


def grow(lengths: Sequence[int], objects: int) -> list[dict[str, float]]:
    """Say what videos of these lengths take to prepare and to ask; labels' word vectors stand for objects."""
    retriever, query = make_retriever(max(lengths), objects), random_queries(1)
    videos = {frames: random_video(frames, objects) for frames in lengths}
    prepared = {frames: retriever.prepare(video, {}) for frames, video in videos.items()}
    seconds: dict[int, list[tuple[float, float]]] = {frames: [] for frames in lengths}
    for _ in range(RUNS):
        for frames in lengths:
            preparing = _preparing_seconds(retriever, videos[frames])
            seconds[frames].append((preparing, asking_seconds(retriever, query, prepared[frames])))
    rows = []
    for frames in lengths:
        preparing, asking = (min(column) for column in zip(*seconds[frames], strict=True))
        row = {"frames": frames, "objects": objects}
        row |= {"preparing_seconds": round(preparing, 3), "query_seconds": round(asking, 4)}
        rows.append(row | {"peak_gigabytes": round(peak_alone(frames, objects) / 1e9, 3)})
    return rows


def peak_alone(frames: int, objects: int) -> int:
    """Measure the memory of a process that prepares one video and asks it."""
    command = [sys.executable, __file__, "--alone", str(frames), str(objects)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def alone(frames: int, objects: int) -> int:
    """Prepare a video, ask it, and return the most bytes ever held."""
    retriever = make_retriever(frames, objects)
    retriever.find(random_queries(1), retriever.prepare(random_video(frames, objects), {}))
    return peak_bytes()


def _preparing_seconds(retriever: Retriever, video: VideoObjects) -> float:
    started = time.perf_counter()
    retriever.prepare(video, {})
    return time.perf_counter() - started


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Draw time and memory over the number of frames, both axes logarithmic, with a line of slope 1."""
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots(1, 2)
    frames = [row["frames"] for row in rows]
    drawn = [
        (axes[0], "seconds", {"preparing the video": "preparing_seconds", "one query": "query_seconds"}),
        (axes[1], "gigabytes", {"most memory of the process": "peak_gigabytes"}),
    ]
    for panel, unit, lines in drawn:
        for name, key in lines.items():
            panel.loglog(frames, [row[key] for row in rows], "o-", base=2, label=name)
            panel.loglog(frames, [rows[-1][key] * count / frames[-1] for count in frames], ":", color="grey", base=2)
        panel.set(xlabel="frames (T)", ylabel=unit)
        panel.legend(frameon=False, fontsize=8, loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
