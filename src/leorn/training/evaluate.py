"""Evaluation of a trained network, beside the baselines that keep one honest."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from leorn.checkpoints import NetworkRecord, load_network
from leorn.config import EvaluationConfig, ExperimentConfig, Precision
from leorn.data.annotations import read_queries
from leorn.data.corpus import open_corpus
from leorn.data.dataset import shuffled_sentences, shuffled_videos
from leorn.errors import InputError
from leorn.features.sources import Progress
from leorn.records import Prediction, Query
from leorn.scoring.baselines import CONSTANT_WINDOW
from leorn.scoring.metrics import evaluate_predictions
from leorn.scoring.protocols import Protocol
from leorn.scoring.results import OTHER_OBJECTS, OTHER_SENTENCES
from leorn.training.loaders import Loaders
from leorn.training.module import LEORNModule
from leorn.training.trainer import make_trainer, one_line_errors

log = logging.getLogger(__name__)

SHUFFLED = f"same network, {OTHER_OBJECTS}"
CONSTANT = CONSTANT_WINDOW.name


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes:
        queries: what was asked.
        predictions: the network's answers, in the order of the queries.
        blind: what it was shown instead, `OTHER_OBJECTS` or `OTHER_SENTENCES` → its answers then, where asked for.
        rows: figures by name: the network, then its baselines.
        experiment: the configuration they were made with.
        split: the split they are of.
        windows: those of the baseline, start and end as shares of a video; none where no training queries are at hand.
        network: its name.
        record: what travels with the network.
        precision: arithmetic of the network.
    """

    queries: tuple[Query, ...]
    predictions: tuple[Prediction, ...]
    blind: Mapping[str, tuple[Prediction, ...]]
    rows: Mapping[str, Mapping[str, float]]
    experiment: ExperimentConfig
    split: str
    windows: tuple[tuple[float, float], ...]
    network: str
    record: NetworkRecord
    precision: Precision

    def to_dict(self) -> dict[str, Any]:
        """Return the figures with all that they depend on beside the network, for `metrics.json`."""
        return {
            "split": self.split,
            "queries": len(self.predictions),
            "network": self.network,
            "seed": self.experiment.training.seed,
            "precision": self.precision,
            "selected_by": f"{self.experiment.training.monitor} on val",
            "features": self.record.fingerprint,
            "frame_features": self.record.frame_fingerprint,
            "words": self.record.words,
            "evaluation": asdict(self.experiment.evaluation),
            "constant_windows": self.windows,
            "metrics": self.rows,
        }


def evaluate(
    checkpoint: str | Path,
    *,
    split: str = "test",
    data: Mapping[str, Any] | None = None,
    evaluation: EvaluationConfig | None = None,
    protocol: Protocol | None = None,
    shuffle_objects: bool = False,
    shuffle_sentences: bool = False,
    devices: int = 1,
    accelerator: str = "auto",
    precision: Precision = "32-true",
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a network on a split, and a constant window chosen on the training split.

    Args:
        checkpoint: a `.ckpt` or `.safetensors` that training wrote.
        split: the split of the queries.
        data: fields of `DataConfig` to read from elsewhere, such as `{"queries": "…"}`.
        evaluation: how to rank and score, where not as in training.
        protocol: a published way to score; where it has no NMS, that of `evaluation` or of training stays.
        shuffle_objects: also give the network the objects of another video of the split.
        shuffle_sentences: also ask the network what is asked about another video of the split.
        devices: processes to share the work; the figures do not depend on it.
        accelerator: Lightning's name for it.
        precision: arithmetic of the network.
        progress: is told how many videos are checked, of how many.

    Raises:
        InputError: a file is missing or wrong, or the features were made otherwise than those it was trained on.
    """
    trainer = make_trainer(devices=devices, accelerator=accelerator, precision=precision)
    network, record = load_network(checkpoint)
    experiment = experiment_of(record, checkpoint, data)
    evaluation = evaluation or experiment.evaluation
    experiment = replace(experiment, evaluation=protocol.of_a_network(evaluation) if protocol else evaluation)
    corpus = open_corpus(experiment.data, record.model, (split,), progress)
    corpus.check_same_features(record.fingerprint, record.words, str(checkpoint), record.frame_fingerprint)
    queries = corpus.queries[split]

    def predict(queries: Sequence[Query], objects_of: Mapping[str, str] | None = None) -> tuple[Prediction, ...]:
        module = LEORNModule(network, record, queries, experiment.evaluation)
        loaders = Loaders(
            corpus.collate(experiment.data, record.model, objects_of),
            batch_size=experiment.training.batch_size,
            workers=experiment.training.workers,
            evaluate=queries,
        )
        with one_line_errors(str(checkpoint), trainer.global_rank):
            trainer.test(module, loaders, verbose=False)
        return tuple(module.predictions.values())

    predictions = predict(queries)
    answers = {network.name: predictions}
    windows = _constant_windows(experiment)
    if windows:
        answers[CONSTANT] = tuple(CONSTANT_WINDOW.answer(queries, windows))
    blind, seed = {}, experiment.training.seed
    if shuffle_objects:
        blind[OTHER_OBJECTS] = predict(queries, shuffled_videos(queries, seed))
    if shuffle_sentences:
        blind[OTHER_SENTENCES] = predict(shuffled_sentences(queries, seed))
    answers |= {f"same network, {shown}": given for shown, given in blind.items()}
    rows = {name: evaluate_predictions(given, queries, experiment.evaluation) for name, given in answers.items()}
    return Evaluation(
        queries, predictions, blind, rows, experiment, split, tuple(windows), network.name, record, precision
    )


def experiment_of(
    record: NetworkRecord, checkpoint: str | Path, data: Mapping[str, Any] | None = None
) -> ExperimentConfig:
    """Return the experiment that a network was trained in.

    Args:
        record: what was kept with the network.
        checkpoint: names the network in errors.
        data: fields of `DataConfig` to read from elsewhere, such as `{"queries": "…"}`.

    Raises:
        InputError: it was not trained here, so nothing says how to read its data.
    """
    if record.experiment is None:
        raise InputError(f"{checkpoint}: carries no experiment, so nothing says how to read its data; train it first")
    return replace(record.experiment, data=replace(record.experiment.data, **(data or {})))


def _constant_windows(experiment: ExperimentConfig) -> list[tuple[float, float]]:
    """Return the windows that hit most training moments; none where no training queries are at hand."""
    data, evaluation = experiment.data, experiment.evaluation
    try:
        train = read_queries(data.queries, data.dataset, "train").queries
    except InputError as error:
        log.warning("no %s beside it, for want of training queries: %s", CONSTANT, error)
        return []
    threshold = 0.5 if 0.5 in evaluation.ious else evaluation.ious[0]
    return CONSTANT_WINDOW.choose(train, max(evaluation.recalls), threshold, evaluation.strict, evaluation.against)
