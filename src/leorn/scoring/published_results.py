"""Results as their papers print them, to stand beside ours: test split, strict IoU, percent."""

from collections.abc import Mapping
from dataclasses import dataclass

from leorn.config import DatasetName


@dataclass(frozen=True, slots=True)
class PublishedResult:
    """One row of a paper's results table.

    Attributes:
        dataset: the data set, by its name in the configuration.
        variant: the network's name.
        features: what it sees of the video.
        metrics: percent, named as `metrics.recall_table` names them.
        source: where the figures stand.
    """

    dataset: DatasetName
    variant: str
    features: str
    metrics: Mapping[str, float]
    source: str = "LEORN paper"


PUBLISHED_RESULTS = (
    PublishedResult(
        "charades-sta",
        "LEORN",
        "objects",
        {"R1@0.5": 50.27, "R1@0.7": 30.97, "R5@0.5": 85.73, "R5@0.7": 62.42},
    ),
    PublishedResult(
        "charades-sta",
        "LEORN-F",
        "I3D + objects",
        {"R1@0.5": 61.10, "R1@0.7": 40.97, "R5@0.5": 87.50, "R5@0.7": 70.54},
    ),
    PublishedResult(
        "tacos",
        "LEORN",
        "objects",
        {"R1@0.1": 55.81, "R1@0.3": 46.09, "R1@0.5": 35.29, "R5@0.1": 73.58, "R5@0.3": 64.08, "R5@0.5": 53.11},
    ),
)


def published_results(dataset: str) -> dict[str, dict[str, float]]:
    """The published rows of a data set, ready for `report.results_table`.

    Args:
        dataset: its name in the configuration, such as "charades-sta".

    Returns:
        A row's name, with variant, features and source → its figures in percent; empty where nothing is published.
    """
    return {
        f"{result.variant}, {result.features} ({result.source})": dict(result.metrics)
        for result in PUBLISHED_RESULTS
        if result.dataset == dataset
    }
