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
from typing import Any, TypeVar, cast

import torch
import yaml
from asking import DURATION_SECONDS, WORDS, asking_seconds, make_retriever, random_queries, random_video
from matplotlib.figure import Figure
from memory import peak_bytes
from torch import Tensor

from leorn.config import ModelConfig, NetworkConfig, PyramidConfig
from leorn.files import write_text
from leorn.model.networks import Encoded, Network, make_network
from leorn.records import VideoObjects
from leorn.restore import restore
from leorn.retrieval.retriever import Retriever
from leorn.scoring.ranking import rank

ROOT = Path(__file__).parents[1]
Model = TypeVar("Model", ModelConfig, PyramidConfig)
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
    configs = {"LEORN": read_model(ModelConfig, experiment), "LEORN-P": read_model(PyramidConfig, pyramid)}
    sides = {name: Side(config, objects) for name, config in configs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(RUNS):
        for name, side in sides.items():
            seconds[name].append(side.query_seconds())
    medians = {f"{name} query_seconds": statistics.median(of) for name, of in seconds.items()}
    ratio = statistics.median(one / other for one, other in zip(seconds["LEORN"], seconds["LEORN-P"], strict=True))
    return {
        **{name: round(value, 4) for name, value in medians.items()},
        "times faster": round(ratio, 1),
        **{f"{name} preparing_seconds": round(side.preparing_seconds, 3) for name, side in sides.items()},
    }


def read_model(kind: type[Model], experiment: str) -> Model:
    """Return the network of an experiment."""
    return restore(kind, yaml.safe_load((ROOT / experiment).read_text())["model"], experiment)


class Side:
    """A network with random weights, and a random video prepared for it."""

    def __init__(self, config: NetworkConfig, objects: int) -> None:
        torch.manual_seed(0)
        self.network: Network = make_network(config).eval()
        video = random_tensors(config, objects)
        with torch.inference_mode():
            self.network.encode_video(*video)  # what is made once
            started = time.perf_counter()
            self.encoded: Encoded = self.network.encode_video(*video)
            self.preparing_seconds = time.perf_counter() - started
        self.words = torch.randn(1, WORDS, config.word_size)
        self.query_seconds()

    def query_seconds(self) -> float:
        """Answer one query, from word vectors to ranked moments."""
        mask = torch.ones(1, WORDS, dtype=torch.bool)
        started = time.perf_counter()
        with torch.inference_mode():
            # what a network made of the video goes back to that network alone
            scored: Any = self.network.score(cast(Any, self.encoded), self.words, mask)
            candidates = self.network.candidates(scored)
        method = "soft" if isinstance(self.network.config, PyramidConfig) else "greedy"
        rank(candidates.spans[0].numpy() * DURATION_SECONDS, candidates.scores[0].numpy(), 0.5, 10, method=method)
        return time.perf_counter() - started


def random_tensors(config: NetworkConfig, objects: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return objects, their mask and their boxes."""
    features = torch.nn.functional.normalize(torch.randn(1, config.frames, objects, config.object_size), dim=-1)
    corners = torch.rand(1, config.frames, objects, 2, 2).sort(dim=3).values
    return features, torch.ones(1, config.frames, objects, dtype=torch.bool), corners.flatten(3)


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
