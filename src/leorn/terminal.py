"""What a person sees of a command: lines, tables, progress, and one line when something is wrong."""

import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from leorn.files import write_text

if TYPE_CHECKING:
    from leorn.scoring.report import Metrics


def fail(message: str) -> NoReturn:
    """Print one line on stderr, and leave with status 2."""
    if is_first_process():
        print(f"leorn: error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(2)


def is_first_process() -> bool:
    """Say whether this is the process that speaks, of those that share a run."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0


def speak_with_one_voice() -> None:
    """Leave warnings to the first process, and a full disk to the thread that waits for the one that writes logs."""
    if not is_first_process():
        logging.disable(logging.WARNING)
        warnings.simplefilter("ignore")
    threading.excepthook = _leave_out_full_disks


def _leave_out_full_disks(arguments: threading.ExceptHookArgs) -> None:
    if not issubclass(arguments.exc_type, OSError):
        threading.__excepthook__(arguments)


def say(line: str) -> None:
    """Print a line, once however many processes there are."""
    if is_first_process():
        print(line, flush=True)


def show(
    rows: "Mapping[str, Metrics]", published: "Mapping[str, Metrics]", title: str, *, markdown: bool = False
) -> None:
    """Print figures as a table, published ones below ours."""
    from rich.console import Console

    from leorn.scoring.report import markdown_table, results_table

    if markdown:
        print(f"{title}\n\n{markdown_table(rows, published)}", end="")
        return
    console = Console()
    # a table in a file or a pipe keeps its columns whole
    console = console if console.is_terminal else Console(width=200)
    console.print(results_table(rows, published, title))


def write_json(path: Path, content: object) -> None:
    """Write a JSON file for people and programs, atomically."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def progress(what: str) -> Callable[[int, int], None]:
    """Return a function that shows, on a terminal, how many are done of how many and the time left."""
    if not (sys.stderr.isatty() and is_first_process()):
        return lambda done, total: None
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(what)

    def update(done: int, total: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=total)
        if done >= total:
            bar.stop()

    return update
