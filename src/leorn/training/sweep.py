"""Several trainings: an experiment from several seeds, and the variants of an ablation."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from leorn.config import ExperimentConfig
from leorn.features.sources import Progress
from leorn.training.run import train


def seed_experiments(config: ExperimentConfig, seeds: int) -> list[ExperimentConfig]:
    """Give the experiment for each of so many seeds, from its own on; each in a folder of its own."""
    first = config.training.seed
    return [
        replace(config, out=str(Path(config.out) / f"seed-{seed}"), training=replace(config.training, seed=seed))
        for seed in range(first, first + seeds)
    ]


def train_seeds(
    config: ExperimentConfig,
    seeds: int,
    *,
    resume: bool = False,
    say: Callable[[str], None] = print,
    progress: Progress | None = None,
) -> list[Path]:
    """Train an experiment from several seeds, one after another.

    Args:
        config: the experiment; its seed is the first.
        seeds: how many.
        resume: what is trained already is not trained again, and what was interrupted goes on.
        say: is told, line by line, what each run says.
        progress: is told how many videos are checked, of how many.

    Returns:
        The best checkpoint of each seed, `seed-…/checkpoints/best.ckpt` in the folder of the experiment.

    Raises:
        InputError: as `train`.
    """
    best = []
    for number, one in enumerate(seed_experiments(config, seeds), start=1):
        say(f"{one.out}: run {number} of {seeds}")
        best.append(train(one, resume=resume, say=say, progress=progress))
    return best
