"""Networks of full size with random weights, each with a random video prepared for it, timed in turns."""

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
import yaml
from asking import DURATION_SECONDS, WORDS
from torch import Tensor

from leorn.config import ModelConfig, NetworkConfig, PyramidConfig
from leorn.model.leorn import LEORN
from leorn.model.networks import Encoded, Network, make_network
from leorn.restore import restore
from leorn.scoring.ranking import rank

ROOT = Path(__file__).parents[1]
Model = TypeVar("Model", ModelConfig, PyramidConfig)


def read_model(kind: type[Model], experiment: str) -> Model:
    """Return the network of an experiment."""
    return restore(kind, yaml.safe_load((ROOT / experiment).read_text())["model"], experiment)


class Side:
    """A network with random weights, and a random video prepared for it."""

    def __init__(
        self, config: NetworkConfig, objects: int, *, queries: int = 1, bf16: bool = False, way: str = "measured"
    ) -> None:
        """Prepare a video of so many objects in each frame.

        Args:
            config: the network.
            objects: N.
            queries: so many are asked in one call.
            bf16: matrix products in bfloat16.
            way: how LEORN's map convolutions are computed, see `MapConv.way`.
        """
        torch.manual_seed(0)
        self.network: Network = make_network(config).eval()
        if isinstance(self.network, LEORN):
            self.network.map_conv.way = way
        self.bf16 = bf16
        video = random_tensors(config, objects)
        with self.arithmetic():
            self.network.encode_video(*video)  # what is made once
            started = time.perf_counter()
            encoded: Encoded = self.network.encode_video(*video)
            self.preparing_seconds = time.perf_counter() - started
            self.encoded: Any = encoded.repeat(queries)
        self.words = torch.randn(queries, WORDS, config.word_size)
        self.query_seconds()

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Compute without gradients, in this side's precision."""
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            yield

    def query_seconds(self) -> float:
        """Answer the queries, from word vectors to ranked moments, and return the seconds of each."""
        queries = len(self.words)
        mask = torch.ones(queries, WORDS, dtype=torch.bool)
        method = "soft" if isinstance(self.network.config, PyramidConfig) else "greedy"
        started = time.perf_counter()
        with self.arithmetic():
            scored: Any = self.network.score(self.encoded, self.words, mask)
            candidates = self.network.candidates(scored)
        for spans, scores in zip(candidates.spans.numpy(), candidates.scores.float().numpy(), strict=True):
            rank(spans * DURATION_SECONDS, scores, 0.5, 10, method=method)
        return (time.perf_counter() - started) / queries


def random_tensors(config: NetworkConfig, objects: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return objects, their mask and their boxes."""
    features = torch.nn.functional.normalize(torch.randn(1, config.frames, objects, config.object_size), dim=-1)
    corners = torch.rand(1, config.frames, objects, 2, 2).sort(dim=3).values
    return features, torch.ones(1, config.frames, objects, dtype=torch.bool), corners.flatten(3)


def in_turns(sides: Mapping[str, Side], runs: int) -> dict[str, list[float]]:
    """Time every side so often, one after the other in each run."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            seconds[name].append(side.query_seconds())
    return seconds


def median_ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """Return the median over runs of how many times faster one is than the other."""
    return statistics.median(one / other for one, other in zip(slow, fast, strict=True))
