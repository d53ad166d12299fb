"""Lightning's Trainer, set up for this machine."""

import logging
import os
import re
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.exceptions import MisconfigurationException

from leorn.errors import InputError
from leorn.training.callbacks import AtomicCheckpoints
from leorn.training.progress_line import ProgressLine
from leorn.wording import counted

log = logging.getLogger(__name__)

# torchrun tells each process how many there are
_LOCAL, _ALL = "LOCAL_WORLD_SIZE", "WORLD_SIZE"
_HINTS = (
    r".*does not have many workers.*",
    r".*number of training batches.*log_every_n_steps.*",
    r".*Checkpoint directory .* exists and is not empty.*",
    r".*treespec.*is deprecated.*",
    r".*GPU available but not used.*",
    # of the GRU's directions, each of which runs alone
    r".*RNN module weights are not part of single contiguous chunk.*",
    # every process has all predictions, so its figures are everybody's
    r".*sync_dist=True.*",
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

    Raises:
        InputError: this machine has no such accelerator, or not as many.
    """
    _quieten()
    nodes = 1
    if _LOCAL in os.environ:
        devices = int(os.environ[_LOCAL])
        nodes = int(os.environ[_ALL]) // devices
    gpu = accelerator in {"gpu", "cuda"} or (accelerator == "auto" and torch.cuda.is_available())
    if accelerator in {"gpu", "cuda"} and not (torch.cuda.is_available() or torch.backends.mps.is_available()):
        raise InputError(f"accelerator {accelerator}: PyTorch finds no GPU on this machine; expected auto or cpu")
    progress = [ProgressLine()] if sys.stderr.isatty() else []
    try:
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
            enable_progress_bar=False,
            logger=list(loggers),
            callbacks=[*callbacks, *progress],
            plugins=[AtomicCheckpoints()],
            **options,
        )
    # the last of these where a library for the accelerator is missing
    except (MisconfigurationException, ValueError, ModuleNotFoundError) as error:
        asked = f"{counted(devices, 'device')}, accelerator {accelerator}"
        raise InputError(f"{asked}: {' '.join(str(error).split())}") from error


@contextmanager
def one_line_errors(what: str, process: int = 0) -> Iterator[None]:
    """Make an `InputError` of one line of what a run meets outside itself: a full disk, a video that went bad.

    Args:
        what: is run, for the message.
        process: its number, 0 for the first, which speaks for all.

    Raises:
        InputError: the disk failed, an `InputError` was raised in a loader's process, which wraps it in its traceback,
            or another process of the run has stopped.
        KeyboardInterrupt: the run was interrupted, where Lightning would leave Python with a status of its own.
    """
    try:
        yield
    except SystemExit as error:
        if not isinstance(error.__context__, KeyboardInterrupt):
            raise
        # Lightning leaves it ignored
        signal.signal(signal.SIGINT, signal.default_int_handler)
        raise KeyboardInterrupt from None
    except (InputError, OSError) as error:
        name = f"{InputError.__module__}.{InputError.__qualname__}: "
        message = str(error).rpartition(name)[2].strip() if isinstance(error, InputError) else f"{what}: {error}"
        if process > 0:
            # the first one may never hear of this
            log.error("process %d: %s", process, message)
        raise InputError(message) from error
    except RuntimeError as error:
        # gloo's words where another process of the run is gone
        if not re.search("closed by peer|reset by peer|Broken pipe", str(error)):
            raise
        raise InputError(f"{what}: another process of the run has stopped; it says why") from error


def _quieten() -> None:
    """Leave Lightning's hints about itself out; what it has to say about the run stays."""
    for name in ("pytorch.utilities.rank_zero", "fabric.utilities.seed", "fabric.utilities.distributed"):
        logging.getLogger(f"lightning.{name}").setLevel(logging.WARNING)
    for hint in _HINTS:
        warnings.filterwarnings("ignore", hint)
