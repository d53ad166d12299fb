"""What happens beside the steps of a run."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from leorn.data.dataset import Batch
from leorn.files import replace_atomically
from leorn.scoring.report import markdown_table
from leorn.training.checks import LOSS
from leorn.wording import counted

BEST = "best"
LAST = "last"
VALIDATION = "val/"
"""What the names of validation figures begin with in the logs."""


def checkpoints(folder: Path, monitor: str) -> list[ModelCheckpoint]:
    """Keep the best checkpoint by a validation figure, and the last."""
    settings: dict[str, Any] = {
        "dirpath": folder,
        "enable_version_counter": False,
        "save_on_train_epoch_end": True,
        "auto_insert_metric_name": False,
    }
    smaller_is_better = monitor == LOSS
    best = BestCheckpoint(
        filename=BEST, monitor=f"{VALIDATION}{monitor}", mode="min" if smaller_is_better else "max", **settings
    )
    last = ModelCheckpoint(filename=LAST, every_n_epochs=1, **settings)
    return [best, last]


class BestCheckpoint(ModelCheckpoint):
    """The best checkpoint, known again where the run's folder was moved: Lightning forgets its figure then."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up the state of the run that goes on; see the base class."""
        before, here = str(state_dict["dirpath"]), str(self.dirpath)

        def move(value: object) -> object:
            return here + value.removeprefix(before) if isinstance(value, str) and value.startswith(before) else value

        known = {move(path): figure for path, figure in state_dict["best_k_models"].items()}
        super().load_state_dict({key: move(value) for key, value in state_dict.items()} | {"best_k_models": known})


def validation_figures(trainer: lightning.Trainer) -> dict[str, float]:
    """Return the figures of the last validation by their plain names."""
    return {
        name.removeprefix(VALIDATION): float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith(VALIDATION)
    }


class AtomicCheckpoints(TorchCheckpointIO):
    """Checkpoints that are whole or absent, even when the machine stops while one is written."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Write a checkpoint; see the base class."""
        del storage_options
        # through memory: on a full disk torch's own writer fails with anything but an OSError
        content = io.BytesIO()
        torch.save(checkpoint, content)
        with replace_atomically(path) as temporary:
            temporary.write_bytes(content.getbuffer())


class EpochSeed(Callback):
    """Fix the random numbers of every epoch by its number, so that a resumed run draws the same ones."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        """Seed dropout for this epoch and process, after the loaders have drawn seeds of their own."""
        del pl_module, batch
        if batch_idx == 0:
            draw = torch.Generator().manual_seed(self.seed)
            base = int(torch.randint(2**40, (1,), generator=draw))
            torch.manual_seed(base + trainer.current_epoch * trainer.world_size + trainer.global_rank)


class ExamplesPerSecond(Callback):
    """Show and log how many queries are trained on in a second, over all processes."""

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock."""
        del trainer, pl_module
        self.start_seconds = time.perf_counter()
        self.examples = 0

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count a batch."""
        del outputs, batch_idx
        self.examples += len(batch.query_ids) * trainer.world_size
        rate = self.examples / (time.perf_counter() - self.start_seconds)
        # a tensor on the CPU: Lightning would send a number to the device, and wait for it
        pl_module.log("examples/s", torch.tensor(rate), prog_bar=True, on_step=True, batch_size=len(batch.query_ids))


class EpochLines(Callback):
    """Say in a line what will be trained, and in one each how an epoch ended and how long the rest will take."""

    def __init__(self, say: Callable[[str], None], monitor: str, batch_size: int) -> None:
        self.say = say
        self.monitor = monitor
        self.batch_size = batch_size
        self.first_epoch: int | None = None

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Say what begins, and start the clock."""
        epochs, done = trainer.max_epochs or 0, trainer.current_epoch
        if done:
            self.say(f"going on after epoch {done} of {epochs}")
        kind, devices = trainer.strategy.root_device.type, trainer.world_size
        parameters = sum(parameter.numel() for parameter in pl_module.parameters())
        self.say(
            f"training {counted(epochs - done, 'epoch')} "
            f"on {kind if devices == 1 else f'{devices} × {kind}'} in {trainer.precision}: "
            f"{counted(parameters, 'parameter')}, {counted(int(trainer.num_training_batches), 'step')} "
            f"of {counted(self.batch_size * devices, 'query')} an epoch"
        )
        self.first_epoch, self.start_seconds = done, time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Say the line of this epoch."""
        del pl_module
        epochs, done = trainer.max_epochs or 0, trainer.current_epoch + 1
        epoch_seconds = (time.perf_counter() - self.start_seconds) / (done - (self.first_epoch or 0))
        figures = validation_figures(trainer)
        monitored = "" if self.monitor == LOSS else f"{self.monitor} {figures[self.monitor]:.2f}, "
        left = f", {_time((epochs - done) * epoch_seconds)} left" if done < epochs else ""
        told = f"validation {monitored}loss {figures[LOSS]:.4f}; {_time(epoch_seconds)} an epoch{left}"
        self.say(f"epoch {done}/{epochs}: {told}")

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Say so where nothing was left to train."""
        del pl_module
        if self.first_epoch is None:
            self.say(f"finished already: {trainer.current_epoch} of {trainer.max_epochs} epochs")


def _time(seconds: float) -> str:
    """Return a time with as many digits as one cares for."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"


class ValidationTable(Callback):
    """Put the validation figures into TensorBoard as a table, beside the scalars."""

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Write the table of this epoch."""
        del pl_module
        metrics = validation_figures(trainer)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                table = markdown_table({f"epoch {trainer.current_epoch}": metrics})
                logger.experiment.add_text("validation", table, trainer.global_step)
