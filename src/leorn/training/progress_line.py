"""How far an epoch or an evaluation is, in one line at the bottom of a terminal."""

import lightning
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from leorn.data.dataset import Batch

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(bar_width=None),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
    TextColumn("{task.fields[figures]}"),
)


class ProgressLine(Callback):
    """Show the epoch, how many of its steps are done, the time left for them, the loss and the queries a second.

    The line stands on stderr, only while there are steps, and nothing of it stays: what is printed between epochs goes
    its own way.
    """

    def __init__(self) -> None:
        self.progress: Progress | None = None

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Begin with the steps of an epoch."""
        del pl_module
        self._begin(trainer, f"epoch {trainer.current_epoch + 1}/{trainer.max_epochs}", trainer.num_training_batches)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count a step."""
        del pl_module, outputs, batch
        logged = trainer.progress_bar_metrics
        figures = f"loss {logged['train/loss_step']:.4f}"
        if "examples/s" in logged:
            figures += f" {logged['examples/s']:.1f} examples/s"
        self._count(batch_idx + 1, figures)

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Begin with the validation after an epoch."""
        del pl_module
        self._begin(trainer, "validation", sum(trainer.num_val_batches))

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Take the line away."""
        self.end()

    def on_test_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Begin with an evaluation."""
        del pl_module
        self._begin(trainer, "evaluating", sum(trainer.num_test_batches))

    def on_validation_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Count a batch that is evaluated."""
        del trainer, pl_module, outputs, batch, dataloader_idx
        self._count(batch_idx + 1)

    # testing is the same work on other queries
    on_test_batch_end = on_validation_batch_end
    on_test_end = on_validation_end

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        """Take the line away, before what went wrong is said."""
        self.end()

    def _begin(self, trainer: lightning.Trainer, what: str, steps: float) -> None:
        self.end()
        if not trainer.is_global_zero:
            return
        # what is printed on stdout may go to a file
        self.progress = Progress(
            *COLUMNS, console=Console(stderr=True), expand=True, transient=True, redirect_stdout=False
        )
        self.progress.add_task(what, total=steps, figures="")
        self.progress.start()

    def _count(self, done: int, figures: str = "") -> None:
        if self.progress is not None:
            (task,) = self.progress.task_ids
            self.progress.update(task, completed=done, figures=figures)

    def end(self) -> None:
        """Take the line away, where there is one."""
        if self.progress is not None:
            self.progress.stop()
            self.progress = None
