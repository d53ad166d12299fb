import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.records import Moment, Query
from leorn.scoring.baselines import constant_window_predictions, constant_windows
from leorn.scoring.metrics import recall_table

# shares of the duration in hundredths, so that the slow version can reckon in whole numbers
SHARES = st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True).map(lambda ends: (min(ends), max(ends)))
QUERIES = st.lists(st.lists(SHARES, min_size=1, max_size=2), min_size=1, max_size=4)
GRID = [(start, end) for start in range(0, 100, 2) for end in range(start + 2, 101, 2)]


def make_queries(shares: list[list[tuple[int, int]]], duration: float = 100.0) -> list[Query]:
    """Queries whose moments are given in hundredths of the duration."""
    return [
        Query(
            str(index),
            "v",
            "a person sits",
            duration,
            tuple(Moment(start / 100 * duration, end / 100 * duration) for start, end in moments),
        )
        for index, moments in enumerate(shares)
    ]


def slow_hit(window: tuple[int, int], moments: list[tuple[int, int]]) -> bool:
    """More than 503 thousandths of the union are shared, in whole numbers: hundredths never share exactly that much."""
    for start, end in moments:
        shared = max(0, min(end, window[1]) - max(start, window[0]))
        if 1000 * shared > 503 * ((end - start) + (window[1] - window[0]) - shared):
            return True
    return False


@settings(max_examples=30, deadline=None)
@given(QUERIES)
def test_windows_are_those_of_a_slow_greedy_search(shares: list[list[tuple[int, int]]]) -> None:
    expected: list[tuple[int, int]] = []
    missed = shares
    while len(expected) < 3 and missed:
        gains = [sum(slow_hit(window, moments) for moments in missed) for window in GRID]
        if expected and max(gains) == 0:
            break
        expected.append(GRID[gains.index(max(gains))])
        missed = [moments for moments in missed if not slow_hit(expected[-1], moments)]

    found = constant_windows(make_queries(shares), 3, 0.503)

    assert found == [(start / 100, end / 100) for start, end in expected]


def test_the_one_window_is_the_most_common_moment() -> None:
    queries = make_queries([[(0, 2)], [(60, 62)], [(60, 62)]], duration=264.233)

    assert constant_windows(queries, 1, 0.9) == [(0.6, 0.62)]


def test_the_next_window_adds_most_to_those_before() -> None:
    common, second, rare = (0, 2), (4, 6), (8, 10)
    queries = make_queries([[common, second]] * 3 + [[common]] * 2 + [[second]] + [[rare]] * 2)

    assert constant_windows(queries, 3, 0.9) == [(0.0, 0.02), (0.08, 0.1), (0.04, 0.06)]


def test_windows_stop_when_no_further_one_adds_a_hit() -> None:
    assert constant_windows(make_queries([[(10, 20)], [(10, 20)]]), 5, 0.99) == [(0.1, 0.2)]


def test_a_hit_at_the_threshold_counts_when_not_strict() -> None:
    queries = make_queries([[(0, 100)]])

    assert constant_windows(queries, 1, 0.5, strict=False) == [(0.0, 0.5)]
    assert constant_windows(queries, 1, 0.5) == [(0.0, 0.52)]


def test_queries_without_a_moment_do_not_count() -> None:
    assert constant_windows(make_queries([[], [(10, 20)], []]), 1, 0.99) == [(0.1, 0.2)]


def test_no_query_with_a_moment_is_refused() -> None:
    with pytest.raises(InputError, match="no training query has a moment"):
        constant_windows(make_queries([[]]))


def test_predictions_are_the_same_shares_of_every_video() -> None:
    queries = [Query("a", "v", "x", 10.0), Query("b", "w", "y", 30.0)]

    first, second = constant_window_predictions(queries, [(0.0, 0.5), (0.8, 1.0)])

    assert (first.query_id, first.video, second.query_id, second.video) == ("a", "v", "b", "w")
    assert [moment.span for moment in first.moments] == [(0.0, 5.0), (8.0, 10.0)]
    assert [moment.span for moment in second.moments] == [(0.0, 15.0), (24.0, 30.0)]


def read_charades(folder: Path, split: str) -> list[Query]:
    """A reader of its own, so that scoring is tested without the data room."""
    with (folder / f"Charades_v1_{split}.csv").open() as file:
        durations = {row["id"]: float(row["length"]) for row in csv.DictReader(file)}
    queries = []
    for number, line in enumerate((folder / f"charades_sta_{split}.txt").read_text().splitlines()):
        head, text = line.split("##")
        video, start, end = head.split()
        span = float(start), min(float(end), durations[video])
        moments = (Moment(*span),) if span[0] < span[1] else ()
        queries.append(Query(str(number), video, text, durations[video], moments))
    return queries


def test_charades_sta_is_biased_as_is_known(shared: Path) -> None:
    folder = shared / "data" / "charades_sta"
    train, test = read_charades(folder, "train"), read_charades(folder, "test")

    def recalls(threshold: float) -> dict[str, float]:
        windows = constant_windows(train, 5, threshold)
        return recall_table(constant_window_predictions(test, windows), test, [threshold], [1, 2, 3, 4, 5])

    at_half, at_high = recalls(0.5), recalls(0.7)
    assert at_half["R1@0.5"] == pytest.approx(30.6, abs=0.1)
    assert at_high["R1@0.7"] == pytest.approx(17.0, abs=0.2)
    assert all(np.greater(more, fewer) for fewer, more in pairwise(at_half.values()))
