"""What an ablation shows: each variant's figures, and how much they differ from the first variant's."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from leorn.errors import InputError
from leorn.jsonlines import plain
from leorn.restore import restore
from leorn.scoring.bootstrap import Interval
from leorn.scoring.report import markdown_table, summarise
from leorn.wording import counted


@dataclass(frozen=True)
class AblatedSplit:
    """What an ablation shows on a split.

    Attributes:
        split: its name.
        queries: how many.
        rows: variant → the figures of each seed.
        differences: variant → figure → its mean over the seeds less the first variant's, with interval; the first
            variant is not among them.
    """

    split: str
    queries: int
    rows: Mapping[str, Sequence[Mapping[str, float]]]
    differences: Mapping[str, Mapping[str, Interval]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain dictionaries, lists, numbers and text, for JSON."""
        return plain(asdict(self))

    def tables(self) -> str:
        """Return the figures and, of several variants, the differences from the first, as tables in Markdown."""
        first, *_ = self.rows
        seeds = len(self.rows[first])
        runs = [{name: rows[seed] for name, rows in self.rows.items()} for seed in range(seeds)]
        spread = f"mean ± standard deviation of {counted(seeds, 'seed')}" if seeds > 1 else "one seed"
        figures = f"{self.split}, {counted(self.queries, 'query')}, {spread}\n\n{markdown_table(summarise(runs))}"
        if not self.differences:
            return figures
        return (
            f"{figures}\n"
            f"Difference from {first}, with the range that holds it at 95% confidence (resamples of whole videos)\n\n"
            f"{markdown_table(self.differences)}"
        )


@dataclass(frozen=True)
class _Plain:
    """`AblatedSplit` as JSON carries it."""

    split: str
    queries: int
    rows: Mapping[str, Sequence[Mapping[str, float]]]
    differences: Mapping[str, Mapping[str, Mapping[str, float | None]]]


def restore_ablated(values: object, where: str) -> AblatedSplit:
    """Make again what `AblatedSplit.to_dict` gave and JSON carried.

    Raises:
        InputError: another form, no variant, or variants of different numbers of seeds; `where` names the place.
    """
    plain = restore(_Plain, values, where)
    seeds = {name: len(rows) for name, rows in plain.rows.items()}
    if len(set(seeds.values())) != 1 or 0 in seeds.values():
        told = ", ".join(f"{name} has {count}" for name, count in seeds.items()) or "none"
        raise InputError(f"{where}: seeds of the variants: {told}; expected the same number of each, at least one")
    differences = {
        name: {
            figure: restore(Interval, _with_nan(interval), f"{where}: differences: {name}: {figure}")
            for figure, interval in figures.items()
        }
        for name, figures in plain.differences.items()
    }
    return AblatedSplit(plain.split, plain.queries, plain.rows, differences)


def _with_nan(interval: Mapping[str, float | None]) -> dict[str, float]:
    return {key: math.nan if value is None else value for key, value in interval.items()}
