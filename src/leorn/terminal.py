"""What a person sees of a command: lines, tables, progress, and one line when something is wrong."""

import atexit
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from leorn.files import write_text

if TYPE_CHECKING:
    from rich.table import Table

    from leorn.assets import AssetState
    from leorn.data.parts import Part
    from leorn.scoring.report import Metrics


def fail(message: str) -> NoReturn:
    """Print one line on stderr, and leave with status 2."""
    if is_first_process():
        print(f"leorn: error: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(2)


def fail_after(lines: Iterable[str]) -> NoReturn:
    """Say on stderr what failed of a work that went on nevertheless, a line each, and leave with status 1."""
    for line in lines:
        print(f"leorn: failed: {' '.join(line.split())}", file=sys.stderr)
    raise SystemExit(1)


def stop(advice: str = "") -> NoReturn:
    """Say in one line that the person stopped the work, and leave as the shell expects of an interrupted command."""
    say(f"leorn: stopped{advice}", to_stderr=True)
    raise SystemExit(130)


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


def say(line: str, to_stderr: bool = False) -> None:
    """Print a line, once however many processes there are; on stderr where stdout is for a program."""
    if is_first_process():
        print(line, file=sys.stderr if to_stderr else sys.stdout, flush=True)


def show(
    rows: "Mapping[str, Metrics]", published: "Mapping[str, Metrics]", title: str, *, markdown: bool = False
) -> None:
    """Print figures as a table, published ones below ours."""
    from leorn.scoring.report import markdown_table, results_table

    if markdown:
        print(f"{title}\n\n{markdown_table(rows, published)}", end="")
        return
    _print_table(results_table(rows, published, title))


def show_answers(answers: Sequence[Mapping[str, Any]]) -> None:
    """Print what was found for each sentence, a table each, with the objects that carried it."""
    from rich.table import Table
    from rich.text import Text

    for answer in answers:
        title = f"“{answer['query']}” in {answer['video']}, {answer['duration_seconds']:.1f} s"
        note = None if answer["known_words"] else "no word of it is known: low confidence"
        # Text, because sentences and names may hold square brackets, which a plain string would turn into markup
        table = Table("#", title=Text(title), title_justify="left", caption=note)
        for column in ("start (s)", "end (s)", "score"):
            table.add_column(column, justify="right")
        table.add_column("objects, by attention")
        for rank, moment in enumerate(answer["moments"], start=1):
            times = (f"{moment[name]:.2f}" for name in ("start_seconds", "end_seconds", "score"))
            table.add_row(str(rank), *times, Text(", ".join(map(_object, moment["objects"]))))
        _print_table(table)


def show_found(result: Mapping[str, Any]) -> None:
    """Print the moments that were found in many videos, and whether they are likely to be what was asked for."""
    from rich.table import Table
    from rich.text import Text

    notes = [] if result["known_words"] else ["no word of it is known: low confidence"]
    if not result["found"]:
        notes.insert(0, "not found: nothing in the library is likely to show it; these are the best guesses")
    table = Table(
        "#", "video", title=Text(f"“{result['query']}”"), title_justify="left", caption="\n".join(notes) or None
    )
    columns = ("start (s)", "end (s)", "confidence", "score", "similarity")
    for column in columns:
        table.add_column(column, justify="right")
    for rank, moment in enumerate(result["moments"], start=1):
        names = ("start_seconds", "end_seconds", "confidence", "score", "similarity")
        table.add_row(str(rank), Text(moment["name"]), *(f"{moment[name]:.2f}" for name in names))
    _print_table(table)


def show_assets(states: "Sequence[AssetState]") -> None:
    """Print where each asset lies, and whether it is whole."""
    from rich.table import Table
    from rich.text import Text

    from leorn.assets import cache_folder

    table = Table("asset", "group", "state", "MB", "what for", "licence")
    for state in states:
        told = "intact" if state.intact else "damaged" if state.present else "not fetched"
        asset = state.asset
        cells = asset.name, asset.group, told, f"{asset.size / 1e6:.1f}", asset.purpose, asset.licence
        table.add_row(*map(Text, cells))
    print(cache_folder() / "assets")
    _print_table(table)


def show_parts(parts: "Sequence[Part]") -> None:
    """Print what there is of a data set; then what is wrong with it, and how to get what is missing."""
    from rich.table import Table
    from rich.text import Text

    note = "Any one of the objects is enough; frame features are for the fusion variant."
    table = Table("what", "state", "found", "expected", "needed for", caption=note)
    for part in parts:
        table.add_row(*map(Text, (part.name, part.state, part.found, part.expected, part.needed_for)))
    _print_table(table)
    for line in dict.fromkeys(f"{part.state}: {part.problem}" for part in parts if part.problem):
        print(f"\n{line}")
    for offer in dict.fromkeys(offer for part in parts for offer in part.offers):
        print(f"\n{', '.join(offer.files)}\n  from {offer.page}")
        for address in offer.downloads:
            print(f"  download {address} (size: {offer.size}; licence: {offer.licence})")
        for step in offer.steps:
            print(f"  - {step}")


def _object(found: Mapping[str, Any]) -> str:
    answers = f" → “{found['answers']}”" if found["answers"] else ""
    return f"{found['label']} {found['attention']:.2f}{answers}"


def _print_table(table: "Table") -> None:
    from rich.console import Console

    console = Console()
    # a table in a file or a pipe keeps its columns whole
    console = console if console.is_terminal else Console(width=200)
    console.print(table)


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
    # whoever interrupts the work wants the cursor back
    atexit.register(bar.stop)

    def update(done: int, total: int) -> None:
        bar.update(task, completed=done, total=total)
        bar.start()
        if done >= total:
            bar.stop()

    return update
