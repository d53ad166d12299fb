"""Speed against the plain path: both in turns, in one run, so that what else the machine does hits them alike.

    make bench                                                # all of it, about half an hour on two cores
    python -m pytest benchmarks/test_query.py --device cuda   # some of it, on a GPU

Every benchmark says beside its own times what it is compared with, mostly the plain path, how long that took, and how
many times faster it is than that (medians over rounds); where its work is mostly matrix products, also its floor: the
floating-point operations that it asks for, at the rate of large matrix products in the same precision, measured in the
same run.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
import torch
from floor import matmul_rate, operations, wait
from machine import machine

ROUNDS = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the device be chosen."""
    parser.addoption("--device", default="cpu", help="torch's name of what networks run on")


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    """Say what was measured on, without the machine's own name."""
    machine_info.clear()
    machine_info.update(machine(config.getoption("--device")))


def pytest_benchmark_update_commit_info(config: pytest.Config, commit_info: dict[str, Any]) -> None:
    """Keep of the commit its id alone."""
    del config
    for key in commit_info.keys() - {"id"}:
        del commit_info[key]


@pytest.fixture(autouse=True)
def _no_hub() -> None:
    os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """What networks run on."""
    return request.config.getoption("--device")


class InTurns:
    """Times a function in turns with its plain counterpart."""

    def __init__(self, benchmark: Any, device: str) -> None:  # noqa: ANN401
        self.benchmark = benchmark
        self.device = device

    def __call__(
        self,
        fast: Callable[[], object],
        plain: Callable[[], object] | None = None,
        *,
        against: str = "plain path, fp32",
        examples: int = 1,
        plain_examples: int = 1,
        dtype: torch.dtype | None = None,
        counted: Callable[[], object] | None = None,
        rounds: int = ROUNDS,
    ) -> None:
        """Measure, and keep what was found beside the times.

        Args:
            fast: is timed; run once before, for what is made once.
            plain: is timed before each time of `fast`.
            against: what `plain` is, in a few words.
            examples: how many `fast` does at a time.
            plain_examples: how many `plain` does.
            dtype: precision of the matrix products of `fast`, for its floor; none where they are not most of its work.
            counted: does the same work where its operations can be counted; `fast` where not given.
            rounds: how often.
        """
        plain_seconds: list[float] = []

        def before() -> None:
            if plain is not None:
                plain_seconds.append(self._seconds(plain))

        def timed() -> None:
            fast()
            wait(self.device)

        for function in (fast, plain):
            if function is not None:
                function()
        info = self.benchmark.extra_info
        if dtype is not None:
            info["floor_seconds"] = operations(counted or fast) / matmul_rate(dtype, self.device)
        self.benchmark.pedantic(timed, setup=before, rounds=rounds)
        seconds = self.benchmark.stats.stats.data
        info["examples"] = examples
        if dtype is not None:
            info["share of the matmul rate"] = info["floor_seconds"] / statistics.median(seconds)
        if plain is not None:
            as_many = [one * examples / plain_examples for one in plain_seconds]
            info["against"], info["plain_seconds"] = against, statistics.median(as_many)
            info["times faster"] = statistics.median(one / other for one, other in zip(as_many, seconds, strict=True))

    def _seconds(self, function: Callable[[], object]) -> float:
        started = time.perf_counter()
        function()
        wait(self.device)
        return time.perf_counter() - started


@pytest.fixture
def in_turns(benchmark: Any, device: str) -> InTurns:  # noqa: ANN401
    """Time a function in turns with its plain counterpart."""
    return InTurns(benchmark, device)
