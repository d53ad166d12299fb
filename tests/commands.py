"""Commands of the package as another process runs them, and what they leave behind."""

import signal
import sys
from collections.abc import Callable
from pathlib import Path

LEORN = [sys.executable, "-m", "leorn"]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", "-m", "leorn"]
Refused = Callable[..., str]
"""Run a command that must fail, and return what it says: the fixture `refused`."""


def only_line(stderr: str) -> str:
    """Return the one line of an error, without its beginning."""
    assert stderr.startswith("leorn: error: ")
    assert stderr.count("\n") == 1
    assert stderr.endswith("\n")
    return stderr.removeprefix("leorn: error: ").rstrip("\n")


def files(folder: Path) -> set[str]:
    """Return the paths of all files in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def heed_interrupts() -> None:
    """Let a child process be interrupted even where this one is not, as in the background (`preexec_fn`)."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
