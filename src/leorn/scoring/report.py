"""Results as a table, in the terminal and in Markdown, and their spread over seeds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leorn.errors import InputError
from leorn.scoring.bootstrap import Interval

if TYPE_CHECKING:
    from rich.table import Table

NO_VALUE = "–"


@dataclass(frozen=True, slots=True)
class MeanAndSpread:
    """A figure over several runs: its mean and sample standard deviation (None for a single run)."""

    mean: float
    spread: float | None

    def __str__(self) -> str:
        return f"{self.mean:.2f}" if self.spread is None else f"{self.mean:.2f} ± {self.spread:.2f}"


Metrics = Mapping[str, float | MeanAndSpread | Interval]


def mean_and_spread(runs: Sequence[Mapping[str, float]]) -> dict[str, MeanAndSpread]:
    """Each figure's mean ± sample standard deviation over runs, such as seeds.

    Raises:
        InputError: no run, or runs whose figures differ in name.
    """
    if not runs:
        raise InputError("no runs to summarise; expected at least one")
    for run in runs[1:]:
        if run.keys() != runs[0].keys():
            raise InputError(f"runs with different figures: {', '.join(runs[0])} and {', '.join(run)}")
    columns = {name: [run[name] for run in runs] for name in runs[0]}
    return {
        name: MeanAndSpread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)
        for name, values in columns.items()
    }


def summarise(runs: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, Metrics]:
    """Each method's figures: of one run as they are, of several their mean and spread.

    Args:
        runs: for each run, a method's name → its figures.

    Raises:
        InputError: no run, or runs of different methods or figures.
    """
    if len(runs) == 1:
        return dict(runs[0])
    if any(run.keys() != runs[0].keys() for run in runs):
        raise InputError(f"runs of different methods: {'; '.join(', '.join(run) for run in runs)}")
    return {name: mean_and_spread([run[name] for run in runs]) for name in (runs[0] if runs else ())}


def results_table(
    rows: Mapping[str, Metrics], published: Mapping[str, Metrics] | None = None, title: str | None = None
) -> Table:
    """A table for the terminal: a row a method, a column a figure, published results under a line.

    The columns are the figures of `rows`; published rows that share none of them are left out.

    Args:
        rows: a method's name → its figures.
        published: the same for results to compare with, as from `published_results`.
        title: stands above the table.
    """
    # rich takes time to import, and only the terminal needs it
    from rich.table import Table
    from rich.text import Text

    ours, theirs = _cells(rows, published or {})
    # Text, because names may hold square brackets, which a plain string would turn into markup
    table = Table(title=None if title is None else Text(title))
    table.add_column("")
    for column in _columns(rows):
        table.add_column(Text(column), justify="right", no_wrap=True)
    for index, (name, *values) in enumerate(ours):
        table.add_row(Text(name), *values, end_section=index == len(ours) - 1)
    for name, *values in theirs:
        table.add_row(Text(name), *values, style="dim")
    return table


def markdown_table(rows: Mapping[str, Metrics], published: Mapping[str, Metrics] | None = None) -> str:
    """The table of `results_table` in Markdown, ending in a newline."""
    ours, theirs = _cells(rows, published or {})
    columns = _columns(rows)
    lines = [["", *columns], ["---", *["---:"] * len(columns)], *ours, *theirs]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _columns(rows: Mapping[str, Metrics]) -> list[str]:
    return list(dict.fromkeys(name for metrics in rows.values() for name in metrics))


def _cells(rows: Mapping[str, Metrics], published: Mapping[str, Metrics]) -> tuple[list[list[str]], list[list[str]]]:
    columns = _columns(rows)
    ours = [[name, *_values(metrics, columns)] for name, metrics in rows.items()]
    theirs = [[name, *_values(metrics, columns)] for name, metrics in published.items() if metrics.keys() & {*columns}]
    return ours, theirs


def _values(metrics: Metrics, columns: Sequence[str]) -> list[str]:
    return [_format(metrics[column]) if column in metrics else NO_VALUE for column in columns]


def _format(value: float | MeanAndSpread | Interval) -> str:
    return f"{value:.2f}" if isinstance(value, float) else str(value)
