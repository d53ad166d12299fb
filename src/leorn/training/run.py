"""A training run: a folder with its configuration, logs, and the best and the last checkpoint."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import lightning
import yaml
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger

from leorn.checkpoints import RECORD_KEY, NetworkRecord, load_network, read_checkpoint
from leorn.config import ExperimentConfig
from leorn.data.corpus import Corpus, open_corpus
from leorn.errors import InputError
from leorn.features.sources import Progress
from leorn.files import write_text
from leorn.model.leorn import LEORN
from leorn.training.callbacks import BEST, LAST, EpochSeed, ExamplesPerSecond, ValidationTable, checkpoints
from leorn.training.loaders import Loaders
from leorn.training.module import LEORNModule
from leorn.training.trainer import make_trainer

CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"
# what may change when a run is taken up again: it does not change what is learned
_FREE = {"devices", "accelerator", "workers", "loggers"}


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
    out = Path(config.out)
    last = _place(config, resume=resume)
    corpus = open_corpus(config.data, config.model, ("train", "val"), progress)
    for note in corpus.notes:
        say(note)
    lightning.seed_everything(config.training.seed, verbose=False)
    network = LEORN(config.model)
    if config.training.initial_network is not None:
        say(_start_from(network, config.training.initial_network))
    module = LEORNModule(network, _record(config, corpus), corpus.queries["val"], config.evaluation, config.training)
    loaders = Loaders(
        corpus.collate(config.data, config.model),
        batch_size=config.training.batch_size,
        workers=config.training.workers,
        seed=config.training.seed,
        train=corpus.queries["train"],
        evaluate=corpus.queries["val"],
    )
    if int(os.environ.get("LOCAL_RANK", 0)) == 0:
        write_text(out / CONFIG, yaml.safe_dump(_plain(config), sort_keys=False))
    trainer = make_trainer(
        devices=config.training.devices,
        accelerator=config.training.accelerator,
        precision=config.training.precision,
        max_epochs=config.training.epochs,
        accumulate_grad_batches=config.training.accumulate,
        gradient_clip_val=config.training.gradient_clip,
        log_every_n_steps=10,
        callbacks=[
            *checkpoints(out / CHECKPOINTS, config.training.monitor),
            EpochSeed(config.training.seed),
            ExamplesPerSecond(),
            ValidationTable(),
            LearningRateMonitor(),
        ],
        loggers=_loggers(config),
    )
    trainer.fit(module, loaders, ckpt_path=last, weights_only=True)
    return out / CHECKPOINTS / f"{BEST}.ckpt"


def _place(config: ExperimentConfig, *, resume: bool) -> Path | None:
    """Return the checkpoint to go on from, having looked at what the run's folder holds already."""
    last = Path(config.out) / CHECKPOINTS / f"{LAST}.ckpt"
    if not last.exists():
        return None
    if not resume:
        raise InputError(f"{config.out} holds a run already; go on with --resume, or choose another --out")
    then = read_checkpoint(last).get(RECORD_KEY, {}).get("experiment") or {}
    changed = [
        f"{section}.{key}"
        for section, values in _plain(config).items()
        if isinstance(values, dict)
        for key, value in values.items()
        if key not in _FREE and then.get(section, {}).get(key) != value
    ]
    if changed:
        raise InputError(f"{last} is of another configuration: {', '.join(changed)} differ; choose another --out")
    return last


def _plain(config: ExperimentConfig) -> dict[str, object]:
    return json.loads(json.dumps(asdict(config)))


def _record(config: ExperimentConfig, corpus: Corpus) -> NetworkRecord:
    return NetworkRecord(
        model=config.model, experiment=config, fingerprint=corpus.source.fingerprint, words=corpus.words.source
    )


def _start_from(network: LEORN, path: str) -> str:
    """Take over what fits of another network's weights, and say how much that is."""
    other = load_network(path)[0].state_dict()
    own = network.state_dict()
    fitting = {name: value for name, value in other.items() if name in own and value.shape == own[name].shape}
    if not fitting:
        raise InputError(f"training.initial_network {path}: none of its weights fits this network")
    network.load_state_dict({**own, **fitting})
    return f"start: {len(fitting)} of {len(own)} weights from {path}"


def _loggers(config: ExperimentConfig) -> list[Logger]:
    makers: dict[str, Callable[[], Logger]] = {
        "tensorboard": lambda: TensorBoardLogger(config.out, name="tensorboard", version=""),
        "csv": lambda: CSVLogger(config.out, name="csv", version=""),
        "wandb": lambda: WandbLogger(save_dir=config.out, project="leorn", name=Path(config.out).name),
    }
    try:
        return [makers[name]() for name in config.training.loggers]
    except ModuleNotFoundError as error:
        raise InputError(f"training.loggers: {error}; pip install leorn[wandb] adds Weights & Biases") from error
