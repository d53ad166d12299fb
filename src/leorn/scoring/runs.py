"""What `leorn evaluate` says of a run in `metrics.json`, read again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leorn.config import EvaluationConfig, Precision
from leorn.errors import InputError
from leorn.restore import restore

CONDITIONS = (
    "network", "queries", "precision", "selected_by", "features", "frame_features", "words", "evaluation",
)  # fmt: skip
"""What runs of one experiment have in common."""


@dataclass(frozen=True)
class Run:
    """A trained network's figures on a split, with all that they depend on; the keys of `metrics.json`.

    Attributes:
        checkpoint: where its weights were.
        split: what was asked.
        queries: how many.
        network: its name, and that of its row in `metrics`.
        seed: of its training.
        selected_by: the figure that chose its weights, and on which split.
        features: how its objects were made.
        frame_features: how its frame features were made; empty where it has none.
        words: where its word vectors come from.
        evaluation: how its candidates were ranked and scored.
        constant_windows: those of the baseline, start and end as shares of a video.
        metrics: the network and its baselines → figure → percent.
        protocol: the published way to score that was asked for, if any.
        rule: what that counts.
        source: who published it.
        precision: arithmetic of the network.
    """

    checkpoint: str
    split: str
    queries: int
    network: str
    seed: int
    selected_by: str
    features: Mapping[str, Any]
    frame_features: Mapping[str, Any]
    words: str | None
    evaluation: EvaluationConfig
    constant_windows: tuple[Sequence[float], ...]
    metrics: Mapping[str, Mapping[str, float]]
    protocol: str | None = None
    rule: str | None = None
    source: str | None = None
    precision: Precision = "32-true"


def restore_run(values: object, where: str) -> Run:
    """Make a run of the content of a `metrics.json`.

    Raises:
        InputError: another form, or no row of the network; `where` names the place.
    """
    run = restore(Run, values, where)
    if run.network not in run.metrics:
        raise InputError(f"{where}: metrics of {', '.join(run.metrics) or 'nothing'}; expected also {run.network}")
    return run


def check_one_experiment(runs: Sequence[Run], where: str) -> None:
    """See that runs differ in their seeds and in nothing else that their figures depend on.

    Raises:
        InputError: naming the first key in which two differ, or a seed that comes twice.
    """
    for run in runs[1:]:
        for key in CONDITIONS:
            if getattr(run, key) != getattr(runs[0], key):
                raise InputError(f"{where}: {key} of {run.checkpoint} is not that of {runs[0].checkpoint}")
    seeds = [run.seed for run in runs]
    if len(set(seeds)) < len(seeds):
        raise InputError(f"{where}: runs of seeds {', '.join(map(str, seeds))}; expected each seed once")
