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
from floor import wait
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
        self,
        config: NetworkConfig,
        objects: int,
        *,
        queries: int = 1,
        bf16: bool = False,
        way: str = "measured",
        device: str = "cpu",
    ) -> None:
        """Prepare a video of so many objects in each frame.

        Args:
            config: the network.
            objects: N.
            queries: so many are asked in one call.
            bf16: matrix products in bfloat16.
            way: how LEORN's map convolutions are computed, see `MapConv.way`.
            device: torch's name of what it runs on.
        """
        torch.manual_seed(0)
        self.network: Network = make_network(config).to(device).eval()
        if isinstance(self.network, LEORN):
            self.network.map_conv.way = way
        self.dtype = torch.bfloat16 if bf16 else torch.float32
        self.device = device
        self.video = [tensor.to(device) for tensor in random_tensors(config, objects)]
        self.prepare()  # what is made once
        self.preparing_seconds = self.prepare()
        with arithmetic(device, self.dtype):
            encoded: Encoded = self.network.encode_video(*self.video)
            self.encoded: Any = encoded.repeat(queries)
        self.words = torch.randn(queries, WORDS, config.word_size, device=device)
        self.answer()

    def prepare(self) -> float:
        """Do the video's part, and return its seconds."""
        wait(self.device)
        started = time.perf_counter()
        with arithmetic(self.device, self.dtype):
            self.network.encode_video(*self.video)
        wait(self.device)
        return time.perf_counter() - started

    def answer(self) -> None:
        """Answer the queries, from word vectors to ranked moments."""
        mask = torch.ones(len(self.words), WORDS, dtype=torch.bool, device=self.device)
        method = "soft" if isinstance(self.network.config, PyramidConfig) else "greedy"
        with arithmetic(self.device, self.dtype):
            scored: Any = self.network.score(self.encoded, self.words, mask)
            candidates = self.network.candidates(scored)
        for spans, scores in zip(candidates.spans.numpy(), candidates.scores.float().cpu().numpy(), strict=True):
            rank(spans * DURATION_SECONDS, scores, 0.5, 10, method=method)

    def query_seconds(self) -> float:
        """Answer the queries, and return the seconds of each."""
        started = time.perf_counter()
        self.answer()
        return (time.perf_counter() - started) / len(self.words)


@contextmanager
def arithmetic(device: str, dtype: torch.dtype, *, gradients: bool = False) -> Iterator[None]:
    """Multiply matrices in this precision, without gradients unless they are asked for."""
    autocast = torch.autocast(torch.device(device).type, torch.bfloat16, enabled=dtype == torch.bfloat16)
    with torch.inference_mode(not gradients), autocast:
        yield


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
