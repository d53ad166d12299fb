"""`leorn train`."""

from jsonargparse import Namespace

from leorn.arguments import ExperimentFile, Parser, add_experiment, make
from leorn.config import ExperimentConfig
from leorn.terminal import progress, say, stop


def run(options: Namespace) -> None:
    """Train a network, and keep the checkpoint that is best on validation."""
    from leorn.training.checks import check_experiment

    config = make(ExperimentConfig, options)
    check_experiment(config)
    # torch only now: what is wrong with a configuration is said at once
    from leorn.training.run import train

    try:
        best = train(config, resume=options.resume, say=say, progress=progress("checking videos"))
    except KeyboardInterrupt:
        stop("; the same command with --resume goes on after the last finished epoch")
    say(f"best checkpoint: {best}")


def add_options(parser: Parser) -> None:
    """Options of `leorn train`: those of the experiment, from a file or one by one."""
    parser.add_argument("--config", action=ExperimentFile, help="Experiment file, such as those in experiments/.")
    parser.add_argument("--resume", action="store_true", help="Go on after the last epoch that the run finished.")
    add_experiment(parser)
