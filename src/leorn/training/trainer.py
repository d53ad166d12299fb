"""Lightning's Trainer, set up for this machine."""

import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, RichProgressBar
from lightning.pytorch.loggers import Logger

from leorn.training.callbacks import AtomicCheckpoints

# torchrun tells each process how many there are
_LOCAL, _ALL = "LOCAL_WORLD_SIZE", "WORLD_SIZE"
_HINTS = (
    r".*does not have many workers.*",
    r".*number of training batches.*log_every_n_steps.*",
    r".*Checkpoint directory .* exists and is not empty.*",
    r".*treespec.*is deprecated.*",
    r".*GPU available but not used.*",
)


def make_trainer(
    *,
    devices: int,
    accelerator: str,
    callbacks: Sequence[Callback] = (),
    loggers: Sequence[Logger] = (),
    **options: Any,  # noqa: ANN401
) -> lightning.Trainer:
    """Return a trainer over `devices` processes of this machine, or over those that torchrun started.

    BatchNorm is synchronised between devices where there is a GPU, as in the published recipe.
    """
    _quieten()
    nodes = 1
    if _LOCAL in os.environ:
        devices = int(os.environ[_LOCAL])
        nodes = int(os.environ[_ALL]) // devices
    gpu = accelerator in {"gpu", "cuda"} or (accelerator == "auto" and torch.cuda.is_available())
    progress = [RichProgressBar()] if sys.stderr.isatty() or sys.stdout.isatty() else []
    return lightning.Trainer(
        devices=devices,
        num_nodes=nodes,
        accelerator=accelerator,
        strategy="ddp" if devices * nodes > 1 else "auto",
        sync_batchnorm=gpu and devices * nodes > 1,
        use_distributed_sampler=False,
        deterministic="warn",
        num_sanity_val_steps=0,
        enable_model_summary=False,
        enable_progress_bar=bool(progress),
        logger=list(loggers),
        callbacks=[*callbacks, *progress],
        plugins=[AtomicCheckpoints()],
        **options,
    )


def _quieten() -> None:
    """Leave Lightning's hints about itself out; what it has to say about the run stays."""
    for name in ("lightning.pytorch.utilities.rank_zero", "lightning.fabric.utilities.seed"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for hint in _HINTS:
        warnings.filterwarnings("ignore", hint)
