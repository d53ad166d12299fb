"""Results as others print them, to stand beside ours; the figures are in `published_results.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from leorn.config import DatasetName
from leorn.errors import InputError
from leorn.restore import restore
from leorn.yaml_files import check_yaml

PUBLISHED = "published_results.yaml"


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """One row of a published table.

    Attributes:
        dataset: the data set, by its name in the configuration.
        network: its name there.
        features: what it sees of a video.
        metrics: percent, named as `metrics.evaluate_predictions` names them.
        paper: whose figures these are, in few words.
        source: where they stand.
        strict: whether a hit is IoU > threshold, or IoU ≥ threshold; None where nobody saw which.
        split: the split of the queries.
    """

    dataset: DatasetName
    network: str
    features: str
    metrics: Mapping[str, float]
    paper: str
    source: str
    strict: bool | None
    split: str = "test"


@dataclass(frozen=True)
class _Source:
    """Rows that stand in one place, with what they have in common."""

    paper: str
    source: str
    strict: bool | None
    results: tuple[Mapping[str, Any], ...]
    split: str = "test"


def parse_published(text: str, where: str) -> tuple[PublishedResult, ...]:
    """Read rows from YAML, in the form of the file beside this module.

    Args:
        text: what the file holds.
        where: names it in errors.

    Raises:
        InputError: not YAML, or a row of another form; naming the place.
    """
    check_yaml(text, where)
    sources = yaml.safe_load(text)
    if not isinstance(sources, list):
        raise InputError(f"{where}: expected a list of sources, each with its results")
    rows = []
    for values in sources:
        source = restore(_Source, values, where)
        common = {"paper": source.paper, "source": source.source, "strict": source.strict, "split": source.split}
        rows += [restore(PublishedResult, {**common, **row}, f"{where}: {source.source}") for row in source.results]
    return tuple(rows)


@cache
def all_published() -> tuple[PublishedResult, ...]:
    """Return every published row that is known here."""
    return parse_published(files("leorn.scoring").joinpath(PUBLISHED).read_text(encoding="utf-8"), PUBLISHED)


def published_results(dataset: str, split: str = "test", *, strict: bool = True) -> dict[str, dict[str, float]]:
    """The published rows that figures of ours may stand beside, ready for `report.results_table`.

    Args:
        dataset: its name in the configuration, such as "charades-sta".
        split: the split that ours are of.
        strict: whether ours count IoU > threshold, or IoU ≥ threshold: rows that count otherwise are left out, and
            those of which nobody saw how they count.

    Returns:
        A row's name, with network, features and paper → its figures in percent; empty where nothing is published.
    """
    return {
        f"{row.network}, {row.features} ({row.paper})": dict(row.metrics)
        for row in all_published()
        if (row.dataset, row.split, row.strict) == (dataset, split, strict)
    }
