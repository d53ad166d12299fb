"""The metrics are those of slow versions, on a thousand random files of predictions each."""

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.config import MAP_IOUS
from leorn.records import Moment, Prediction, Query
from leorn.scoring.average_precision import mean_average_precision
from leorn.scoring.metrics import mean_iou, recall_table
from leorn.scoring.predictions import read_predictions
from tests.scoring.slow_metrics import Case, of_lengths, slow_map, slow_mean_iou, slow_recall

RANGES = {"short": (0, 10), "middle": (10, 30), "long": (30, 150)}


# ends so few that moments repeat, IoUs equal thresholds, and lengths the ends of ranges
FINE = range(11)
COARSE = (0, 5, 10, 15, 20, 40, 50, 200)


def cases(ends: Sequence[int]) -> st.SearchStrategy[list[Case]]:
    """A few queries: answers that repeat, tie and are missing, and several moments, which may overlap or be equal."""
    spans = list(combinations(ends, 2))
    answers = [(start, end, score) for start, end in spans for score in range(3)]
    one = st.tuples(
        st.lists(st.sampled_from(answers), max_size=13), st.lists(st.sampled_from(spans), min_size=1, max_size=4)
    )
    return st.lists(one, min_size=1, max_size=3)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("random") / "predictions.jsonl"


def as_read(found: Sequence[Case], path: Path) -> tuple[list[Prediction], list[Query]]:
    """Write the answers as they stand, and read them as anybody's."""
    rows = [{"query_id": number, "video": "v", "moments": answers} for number, (answers, _) in enumerate(found)]
    path.write_text("\n".join(map(json.dumps, rows)))
    queries = [
        Query(str(number), "v", "any", 1000.0, tuple(Moment(float(start), float(end)) for start, end in moments))
        for number, (_, moments) in enumerate(found)
    ]
    return read_predictions(path), queries


@settings(max_examples=1000)
@given(found=cases(FINE), strict=st.booleans())
def test_recall_is_that_of_the_slow_version(path: Path, found: list[Case], strict: bool) -> None:
    ious, recalls = (0.25, 0.5, 0.7, 1.0), (1, 2, 5)

    table = recall_table(*as_read(found, path), ious, recalls, strict)

    expected = {
        f"R{n}@{iou:g}": float(slow_recall(found, n, Fraction(str(iou)), strict)) for n in recalls for iou in ious
    }
    assert table == pytest.approx(expected, abs=1e-9)
    assert list(table) == list(expected)


@settings(max_examples=1000)
@given(found=cases(FINE))
def test_mean_iou_is_that_of_the_slow_version(path: Path, found: list[Case]) -> None:
    assert mean_iou(*as_read(found, path)) == pytest.approx(float(slow_mean_iou(found)), abs=1e-9)


@settings(max_examples=1000)
@given(found=cases(FINE) | cases(COARSE), strict=st.booleans())
def test_mean_average_precision_is_that_of_the_slow_version(path: Path, found: list[Case], strict: bool) -> None:
    ious = (0.5, 0.6, 0.75)
    exact = [Fraction(str(iou)) for iou in ious]

    figures = mean_average_precision(*as_read(found, path), ious, strict, length_ranges=True)

    expected = {f"mAP@{iou}": slow_map(found, [Fraction(str(iou))], strict) for iou in (0.5, 0.75)}
    expected["mAP"] = slow_map(found, exact, strict)
    for name, (longer_than, at_most) in RANGES.items():
        if inside := of_lengths(found, longer_than, at_most):
            expected[f"mAP-{name}"] = slow_map(inside, exact, strict)
    assert figures == pytest.approx({name: float(value) for name, value in expected.items()}, abs=1e-9)
    assert list(figures) == list(expected)


@settings(max_examples=100)
@given(found=cases(range(21)))
def test_the_published_thresholds_are_the_default(path: Path, found: list[Case]) -> None:
    exact = [Fraction(percent, 100) for percent in range(50, 100, 5)]
    assert tuple(map(float, exact)) == MAP_IOUS
    assert mean_average_precision(*as_read(found, path))["mAP"] == pytest.approx(float(slow_map(found, exact, False)))
