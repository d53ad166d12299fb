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
        pl_module.log("examples/s", rate, prog_bar=True, on_step=True, batch_size=len(batch.query_ids))


class EpochLines(Callback):
    """Say in a line how each epoch ended and how long the rest will take."""

    def __init__(self, say: Callable[[str], None], monitor: str) -> None:
        self.say = say
        self.monitor = monitor

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock."""
        del pl_module
        self.start_seconds = time.perf_counter()
        self.first_epoch = trainer.current_epoch

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Say the line of this epoch."""
        del pl_module
        epochs, done = trainer.max_epochs or 0, trainer.current_epoch + 1
        epoch_seconds = (time.perf_counter() - self.start_seconds) / (done - self.first_epoch)
        figures = validation_figures(trainer)
        named = {self.monitor: figures[self.monitor], LOSS: figures[LOSS]}
        told = ", ".join(f"{name} {value:.4g}" for name, value in named.items())
        self.say(
            f"epoch {done}/{epochs}: validation {told}; {epoch_seconds:.0f} s an epoch, "
            f"{(epochs - done) * epoch_seconds / 60:.1f} min left"
        )


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
