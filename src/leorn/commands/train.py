"""`leorn train`."""

from typing import TYPE_CHECKING

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import ExperimentFile, Parser, add_experiment, make
from leorn.config import ExperimentConfig
from leorn.terminal import is_first_process, progress, say, show, stop
from leorn.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run(options: Namespace) -> None:
    """Train a network, and keep the checkpoint that is best on validation."""
    from leorn.training.checks import check_experiment

    config = make(ExperimentConfig, options)
    check_experiment(config)
    # torch only now: what is wrong with a configuration is said at once
    from leorn.training.run import train
    from leorn.training.sweep import train_seeds

    run_options = {"resume": options.resume, "say": say, "progress": progress("checking videos")}
    try:
        if options.seeds is None:
            say(f"best checkpoint: {train(config, **run_options)}")
        else:
            show_seeds(train_seeds(config, options.seeds, **run_options), config)
    except KeyboardInterrupt:
        stop("; the same command with --resume goes on after the last finished epoch")


def show_seeds(checkpoints: "Sequence[Path]", config: ExperimentConfig) -> None:
    """Print what each seed reached on validation, and mean and spread of them all."""
    from leorn.checkpoints import load_network
    from leorn.scoring.report import mean_and_spread

    if not is_first_process():
        return
    runs = {checkpoint.parents[1].name: load_network(checkpoint)[1].metrics for checkpoint in checkpoints}
    rows = dict(runs) | {f"mean of {counted(len(runs), 'seed')}": mean_and_spread(list(runs.values()))}
    show(rows, {}, f"validation, the epoch with the best {config.training.monitor}; mean ± standard deviation")
    say(f"on another split: leorn evaluate {config.out}/seed-*/checkpoints/best.ckpt --split test")


def add_options(parser: Parser) -> None:
    """Options of `leorn train`: those of the experiment, from a file or one by one."""
    parser.add_argument("--config", action=ExperimentFile, help="Experiment file, such as those in experiments/.")
    parser.add_argument("--resume", action="store_true", help="Go on after the last epoch that the run finished.")
    parser.add_argument(
        "--seeds",
        type=PositiveInt,
        help="Train from so many seeds, training.seed and those after it, each in a folder seed-… of its own, and "
        "print mean and spread of what they reach on validation.",
    )
    add_experiment(parser)
