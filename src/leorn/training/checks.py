"""What does not fit together in an experiment, found before anything is read. Imports no torch."""

from importlib.util import find_spec
from math import inf
from typing import Any

from leorn.config import EvaluationConfig, ExperimentConfig
from leorn.errors import InputError
from leorn.ranges import check_model, check_range, check_share
from leorn.records import Moment, Prediction, Query
from leorn.scoring.average_precision import LENGTH_RANGES
from leorn.scoring.metrics import evaluate_predictions

LOSS = "loss"
ACCELERATORS = ("auto", "cpu", "gpu", "cuda", "mps", "tpu")
"""Lightning's names for them, which it tells only with torch."""
_RANGES = {
    "data.slots": (1, inf),
    "training.epochs": (1, inf),
    "training.batch_size": (1, inf),
    "training.queries_per_video": (1, inf),
    "training.accumulate": (1, inf),
    "training.learning_rate": (0, inf),
    "training.text_learning_rate": (0, inf),
    "training.object_learning_rate": (0, inf),
    "training.weight_decay": (0, inf),
    "training.gradient_clip": (0, inf),
    "training.devices": (1, inf),
    "training.workers": (0, inf),
    "training.seed": (0, 2**32 - 1),
}
_SHARES = ("data.min_score", "training.weight_average")


def check_experiment(config: ExperimentConfig) -> None:
    """Say what does not fit together in an experiment, as far as its configuration tells.

    Raises:
        InputError: naming the key and what would be right.
    """
    for key, (low, high) in _RANGES.items():
        check_range(key, _value(config, key), low, high)
    for key in _SHARES:
        check_share(key, _value(config, key))
    check_model(config.model)
    batch_size, together = config.training.batch_size, config.training.queries_per_video
    if batch_size % together:
        raise InputError(
            f"training.batch_size {batch_size} must be a multiple of training.queries_per_video {together}"
        )
    if config.training.compile and config.training.checkpoint_activations:
        raise InputError("training.compile and training.checkpoint_activations: both are true; expected one of them")
    check_range("training.warmup_epochs", config.training.warmup_epochs, 0, config.training.epochs)
    check_accelerator(config.training.accelerator, "training.accelerator")
    check_evaluation(config.evaluation)
    figures = (*figure_names(config.evaluation), LOSS)
    if config.training.monitor not in figures:
        raise InputError(f"training.monitor {config.training.monitor}: no such figure; expected {', '.join(figures)}")
    if "wandb" in config.training.loggers and find_spec("wandb") is None:
        raise InputError("training.loggers: wandb is not installed; pip install leorn[wandb] adds it")


def _value(config: ExperimentConfig, key: str) -> Any:  # noqa: ANN401
    section, name = key.split(".")
    return getattr(getattr(config, section), name)


def check_accelerator(name: str, key: str) -> None:
    """See that an accelerator's name is one of Lightning's; whether this machine has it, only torch can tell.

    Raises:
        InputError: naming the key, which may be an option, and what would be right.
    """
    if name not in ACCELERATORS:
        raise InputError(f"{key} {name}: no such accelerator; expected {', '.join(ACCELERATORS)}")


def check_evaluation(evaluation: EvaluationConfig, section: str = "evaluation.") -> None:
    """Say what does not fit together in how moments are ranked and scored.

    Args:
        evaluation: how that is done.
        section: what the names of its keys begin with where the user writes them.

    Raises:
        InputError: naming the key and what would be right.
    """
    check_figures(evaluation, section)
    check_range(f"{section}nms_threshold", evaluation.nms_threshold, 0, 1)
    if evaluation.top_k < max(evaluation.recalls):
        raise InputError(
            f"{section}top_k {evaluation.top_k}: too few moments for R@{max(evaluation.recalls)}; "
            f"expected {max(evaluation.recalls)} or more"
        )


def check_figures(evaluation: EvaluationConfig, section: str = "evaluation.") -> None:
    """Say what does not fit together in which figures are asked for; the arguments are those of `check_evaluation`.

    Raises:
        InputError: naming the key and what would be right.
    """
    figure_names(evaluation)
    if evaluation.length_ranges and not evaluation.map_ious:
        raise InputError(f"{section}length_ranges: without {section}map_ious there is no mAP; expected both or neither")


def figure_names(evaluation: EvaluationConfig) -> tuple[str, ...]:
    """Return the names of the figures that an evaluation gives, such as "R1@0.5".

    Raises:
        InputError: a threshold or a number of answers is out of range.
    """
    # one of each length, because mAP has a figure for each
    moments = tuple(Moment(0.0, float(longest)) for _, longest in LENGTH_RANGES.values())
    query = Query("", "", "any", max(moment.end_seconds for moment in moments), moments)
    return tuple(evaluate_predictions([Prediction("", "", moments)], [query], evaluation))
