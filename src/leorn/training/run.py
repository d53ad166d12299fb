"""A training run: a folder with its configuration, logs, and the best and the last checkpoint."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import lightning
import yaml
from lightning.pytorch.callbacks import EMAWeightAveraging, LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from leorn.checkpoints import NetworkRecord, load_network
from leorn.config import ExperimentConfig
from leorn.data.corpus import Corpus, open_corpus
from leorn.errors import InputError
from leorn.features.sources import Progress
from leorn.files import write_text
from leorn.model.networks import Network, compile_network, make_network
from leorn.training.callbacks import BEST, LAST, EpochLines, EpochSeed, ExamplesPerSecond, ValidationTable, checkpoints
from leorn.training.checks import check_experiment
from leorn.training.evaluate import experiment_of
from leorn.training.loaders import Loaders
from leorn.training.module import LEORNModule
from leorn.training.trainer import make_trainer, one_line_errors

CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"
# what may change when a run is taken up again: it does not change what is learned
_FREE = {"training.accelerator", "training.workers", "training.loggers", "data.check_values"}


def train(
    config: ExperimentConfig,
    *,
    resume: bool = False,
    say: Callable[[str], None] = print,
    progress: Progress | None = None,
) -> Path:
    """Train a network and keep the checkpoint that is best on validation.

    Args:
        config: the experiment.
        resume: go on after the last epoch that the run in `config.out` finished; from the start where there is none.
        say: is told, line by line, what was read and what comes out.
        progress: is told how many videos are checked, of how many.

    Returns:
        The best checkpoint.

    Raises:
        InputError: something to read is missing or wrong, or the folder holds another run.
    """
    check_experiment(config)
    config = _with_torchrun(config)
    last = Path(config.out) / CHECKPOINTS / f"{LAST}.ckpt"
    before = _taken_up(config, last, resume=resume)
    if resume and before is None:
        say(f"nothing to resume in {config.out}: starting from the beginning")
    # before anything is read: this machine may not have the devices
    trainer = _trainer(config, say)
    lightning.seed_everything(config.training.seed, verbose=False)
    network = make_network(config.model)
    network.checkpoint_activations = config.training.checkpoint_activations
    if config.training.compile:
        compile_network(network)
    if config.training.initial_network is not None and before is None:
        say(_start_from(network, config.training.initial_network))
    corpus = open_corpus(config.data, config.model, ("train", "val"), progress)
    if before is not None:
        corpus.check_same_features(before.fingerprint, before.words, str(last), before.frame_fingerprint)
    for note in corpus.notes:
        say(note)
    module = LEORNModule(network, _record(config, corpus), corpus.queries["val"], config.evaluation, config.training)
    loaders = Loaders(
        corpus.collate(config.data, config.model),
        batch_size=config.training.batch_size,
        workers=config.training.workers,
        seed=config.training.seed,
        queries_per_video=config.training.queries_per_video,
        train=corpus.queries["train"],
        evaluate=corpus.queries["val"],
    )
    if trainer.is_global_zero:
        write_text(Path(config.out) / CONFIG, yaml.safe_dump(_plain(config), sort_keys=False))
    with one_line_errors(config.out, trainer.global_rank):
        trainer.fit(module, loaders, ckpt_path=None if before is None else last, weights_only=True)
    return last.with_name(f"{BEST}.ckpt")


def _trainer(config: ExperimentConfig, say: Callable[[str], None]) -> lightning.Trainer:
    loggers, average = _loggers(config), config.training.weight_average
    return make_trainer(
        devices=config.training.devices,
        accelerator=config.training.accelerator,
        precision=config.training.precision,
        max_epochs=config.training.epochs,
        accumulate_grad_batches=config.training.accumulate,
        gradient_clip_val=config.training.gradient_clip,
        log_every_n_steps=10,
        callbacks=[
            *checkpoints(Path(config.out) / CHECKPOINTS, config.training.monitor),
            EpochSeed(config.training.seed),
            ExamplesPerSecond(),
            EpochLines(say, config.training.monitor, config.training.batch_size),
            ValidationTable(),
            *([LearningRateMonitor()] if loggers else []),
            *([EMAWeightAveraging(decay=average)] if average is not None else []),
        ],
        loggers=loggers,
    )


def _with_torchrun(config: ExperimentConfig) -> ExperimentConfig:
    """Return the configuration with the number of processes that torchrun started, where it did."""
    processes = int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else config.training.devices
    return replace(config, training=replace(config.training, devices=processes))


def _taken_up(config: ExperimentConfig, last: Path, *, resume: bool) -> NetworkRecord | None:
    """Return the record of the run to go on with, having looked at what the run's folder holds already."""
    # os.path, because Path.exists() raises where a folder may not be looked into
    if not os.path.exists(last):
        return None
    if not resume:
        raise InputError(f"{config.out} holds a run already; go on with --resume, or choose another --out")
    record = load_network(last)[1]
    then = _options(experiment_of(record, last))
    changed = [key for key, value in _options(config).items() if value != then[key]]
    if changed:
        raise InputError(f"{last} is of another configuration: {', '.join(changed)} differ; expected another out")
    return record


def _options(config: ExperimentConfig) -> dict[str, object]:
    """Return by full name the options that a run must keep."""
    sections = {name: values for name, values in _plain(config).items() if isinstance(values, dict)}
    options = {f"{section}.{key}": value for section, values in sections.items() for key, value in values.items()}
    return {key: value for key, value in options.items() if key not in _FREE}


def _plain(config: ExperimentConfig) -> dict[str, object]:
    return json.loads(json.dumps(asdict(config)))


def _record(config: ExperimentConfig, corpus: Corpus) -> NetworkRecord:
    return NetworkRecord(
        model=config.model,
        experiment=config,
        fingerprint=corpus.source.fingerprint,
        words=corpus.words.source,
        frame_fingerprint=corpus.frame_fingerprint,
    )


def _start_from(network: Network, path: str) -> str:
    """Take over another network's weights, and say how many: all of one variant, else those that both variants share.

    Of LEORN these are the object reasoning's, as in the paper's fusion fine-tuning. Frames and clips may differ: no
    weight depends on them.
    """
    other, _ = load_network(path)
    if type(other) is not type(network):
        raise InputError(f"training.initial_network {path}: a network {other.name}; expected {network.name}")
    alike = (network.config.frame_size is None) == (other.config.frame_size is None)
    whole = network.state_dict()
    theirs = other.state_dict() if alike else other.object_state()
    own = {name: whole[name] for name in (whole if alike else network.object_state())}
    strange = [name for name, value in own.items() if name not in theirs or theirs[name].shape != value.shape]
    if strange:
        raise InputError(
            f"training.initial_network {path}: no {strange[0]} of shape {tuple(own[strange[0]].shape)} in it"
        )
    network.load_state_dict(theirs, strict=False)
    what = "all" if alike else "what both variants share"
    return f"start: {what}, {len(own)} of {len(whole)} weights, from {path}"


def _loggers(config: ExperimentConfig) -> list[Logger]:
    makers: dict[str, Callable[[], Logger]] = {
        "tensorboard": lambda: TensorBoardLogger(config.out, name="tensorboard", version=""),
        # a version of its own each time: CSVLogger deletes what is in its folder
        "csv": lambda: CSVLogger(config.out, name="csv"),
        "wandb": lambda: WandbLogger(save_dir=config.out, project="leorn", name=Path(config.out).name),
    }
    return [makers[name]() for name in config.training.loggers]
