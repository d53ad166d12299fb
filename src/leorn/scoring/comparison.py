"""Published figures beside ours, a table for each kind of features: figures of different features do not compare."""

from collections.abc import Sequence
from dataclasses import dataclass

from leorn.errors import InputError
from leorn.scoring.published_results import PublishedResult, all_published
from leorn.scoring.report import NO_VALUE, mean_and_spread
from leorn.scoring.runs import Run
from leorn.wording import counted

HITS = {True: ">", False: "≥", None: NO_VALUE}
"""How the IoU of a hit stands to the threshold; of some nobody saw it."""
FIGURES = ("R1", "R5", "mIoU", "mAP")
"""The order of columns; within each, by threshold."""


@dataclass(frozen=True)
class Ours:
    """A network of ours that belongs beside published ones.

    Attributes:
        features: what it sees of a video, as the published rows name it.
        network: its name.
        runs: of each seed, on the split; none where it is not measured.
    """

    features: str
    network: str
    runs: Sequence[Run] = ()


def comparison_tables(dataset: str, split: str = "test", ours: Sequence[Ours] = ()) -> str:
    """Give a table in Markdown for each kind of features, under its name, ours first.

    Args:
        dataset: its name in the configuration.
        split: the split of the queries.
        ours: networks of ours, measured or not.

    Raises:
        InputError: nothing is published there, or runs of another network than their row's.
    """
    rows = [row for row in all_published() if (row.dataset, row.split) == (dataset, split)]
    if not rows:
        raise InputError(f"no published figures on split {split} of {dataset}")
    tables = []
    for kind in dict.fromkeys([row.features for row in rows] + [one.features for one in ours]):
        theirs = [row for row in rows if row.features == kind]
        columns = _columns(theirs or rows)
        tables.append(f"Features: {kind}\n\n{_table(theirs, [one for one in ours if one.features == kind], columns)}")
    return "\n".join(tables)


def _table(published: Sequence[PublishedResult], ours: Sequence[Ours], columns: Sequence[str]) -> str:
    lines = [["", *columns, "hit", "source"], ["---", *["---:"] * len(columns), ":---:", "---"]]
    lines += [[f"{one.network}, ours", *_our_cells(one, columns)] for one in ours]
    for row in published:
        figures = [f"{row.metrics[name]:.2f}" if name in row.metrics else NO_VALUE for name in columns]
        lines.append([row.network, *figures, HITS[row.strict], f"[{row.paper}]({row.source})"])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _columns(published: Sequence[PublishedResult]) -> list[str]:
    names = {name for row in published for name in row.metrics}
    return sorted(names, key=lambda name: (FIGURES.index(name.split("@")[0]), name))


def _our_cells(ours: Ours, columns: Sequence[str]) -> list[str]:
    if not ours.runs:
        return [NO_VALUE] * (len(columns) + 1) + ["not measured"]
    if strangers := [run.network for run in ours.runs if run.network != ours.network]:
        raise InputError(f"runs of {strangers[0]} in the row of {ours.network}")
    figures = mean_and_spread([run.metrics[ours.network] for run in ours.runs])
    cells = [str(figures[name]) if name in figures else NO_VALUE for name in columns]
    return [*cells, HITS[ours.runs[0].evaluation.strict], counted(len(ours.runs), "seed")]
