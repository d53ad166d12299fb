import csv
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.config import Against
from leorn.errors import InputError
from leorn.records import Moment, Query
from leorn.scoring.baselines import BASELINES, CONSTANT_WINDOW, LENGTH_PRIOR, Baseline
from leorn.scoring.metrics import recall_table

# shares of the duration in hundredths, so that the slow version can reckon in whole numbers
SHARES = st.lists(st.integers(0, 100), min_size=2, max_size=2, unique=True).map(lambda ends: (min(ends), max(ends)))
QUERIES = st.lists(st.lists(SHARES, min_size=1, max_size=2), min_size=1, max_size=4)
THRESHOLD = 0.503123
"""No IoU in these tests is exactly this: as a fraction in lowest terms it has a denominator above every union."""
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


def slow_hit(window: tuple[int, int], moments: list[tuple[int, int]], kind: Callable[[list[bool]], bool] = any) -> bool:
    """Whether more than THRESHOLD of the union is shared, in whole numbers."""
    found = []
    for start, end in moments:
        shared = max(0, min(end, window[1]) - max(start, window[0]))
        union = (end - start) + (window[1] - window[0]) - shared
        found.append(10**6 * shared > round(THRESHOLD * 10**6) * union)
    return kind(found)


def slow_greedy(hits: list[list[bool]], count: int) -> list[int]:
    """Windows by number, from what each query is hit by."""
    chosen: list[int] = []
    while len(chosen) < count and hits:
        gains = [sum(column) for column in zip(*hits, strict=True)]
        if chosen and max(gains) == 0:
            break
        chosen.append(gains.index(max(gains)))
        hits = [row for row in hits if not row[chosen[-1]]]
    return chosen


@pytest.mark.parametrize(("against", "kind"), [("any", any), ("all", all)])
@settings(max_examples=20)
@given(shares=QUERIES)
def test_windows_are_those_of_a_slow_greedy_search(
    against: Against, kind: Callable[[list[bool]], bool], shares: list[list[tuple[int, int]]]
) -> None:
    expected = slow_greedy([[slow_hit(window, moments, kind) for window in GRID] for moments in shares], 3)

    found = CONSTANT_WINDOW.choose(make_queries(shares), 3, THRESHOLD, against=against)

    assert found == [(start / 100, end / 100) for start, end in (GRID[number] for number in expected)]


def slow_quantile(numbers: list[int], fiftieth: int) -> int:
    """In fiftieths, between the two nearest of the numbers."""
    below, beyond = divmod(fiftieth * (len(numbers) - 1), 50)
    ordered = [*sorted(numbers), 0]
    return (50 - beyond) * ordered[below] + beyond * ordered[below + 1]


def slow_place(length: int, share: int, duration: int) -> tuple[int, int]:
    """A window in 1/2500 of a second, from a length in fiftieths and the fiftieths of what is left that lie before."""
    if length >= 50 * duration:
        return 0, 2500 * duration
    start = share * (50 * duration - length)
    return start, start + 50 * length


@settings(max_examples=10)
@given(st.lists(st.tuples(SHARES, st.integers(0, 60)), min_size=1, max_size=4))
def test_lengths_and_places_are_those_of_a_slow_greedy_search(cases: list[tuple[tuple[int, int], int]]) -> None:
    lengths = [end - start for (start, end), _ in cases]
    grid = [(length, share) for length in sorted({slow_quantile(lengths, k) for k in range(51)}) for share in range(51)]
    rows = [
        [slow_hit(slow_place(length, share, end + after), [(2500 * start, 2500 * end)]) for length, share in grid]
        for (start, end), after in cases
    ]
    queries = [
        Query(str(number), "v", "a person sits", float(end + after), (Moment(float(start), float(end)),))
        for number, ((start, end), after) in enumerate(cases)
    ]

    found = LENGTH_PRIOR.choose(queries, 3, THRESHOLD)

    expected = [(grid[number][0] / 50, grid[number][1] / 50) for number in slow_greedy(rows, 3)]
    assert found == [pytest.approx(window) for window in expected]


def test_moments_of_one_length_in_videos_of_many_are_found_by_their_length() -> None:
    durations = [8.0, 20.0, 50.0, 120.0]
    # each in the middle of its video
    moments = [(Moment(duration / 2 - 3, duration / 2 + 3),) for duration in durations]
    queries = [Query(str(number), "v", "x", durations[number], moments[number]) for number in range(4)]

    windows = LENGTH_PRIOR.choose(queries, 1, 0.99)

    assert windows == [(6.0, 0.5)]
    assert [one.moments for one in LENGTH_PRIOR.answer(queries, windows)] == moments
    shares = CONSTANT_WINDOW.choose(queries, 1, 0.9)
    assert recall_table(CONSTANT_WINDOW.answer(queries, shares), queries, [0.9], [1]) == {"R1@0.9": 25.0}


def test_a_video_shorter_than_the_length_is_answered_whole() -> None:
    queries = [Query("a", "v", "x", 5.0), Query("b", "w", "y", 10.0)]

    first, second = LENGTH_PRIOR.answer(queries, [(8.0, 0.5), (4.0, 1.0), (8.0, 0.0)])

    assert (first.query_id, first.video, second.query_id, second.video) == ("a", "v", "b", "w")
    assert [moment.span for moment in first.moments] == [(0.0, 5.0), (1.0, 5.0), (0.0, 5.0)]
    assert [moment.span for moment in second.moments] == [(1.0, 9.0), (6.0, 10.0), (0.0, 8.0)]


@pytest.mark.parametrize("baseline", BASELINES)
def test_moments_of_less_than_a_millisecond_have_windows_too(baseline: Baseline) -> None:
    queries = [Query("q", "v", "any", 0.001, (Moment(0.0002, 0.0006),))]
    (window,) = baseline.choose(queries, 1)
    (prediction,) = baseline.answer(queries, [window])
    (answer,) = prediction.moments
    assert 0 <= answer.start_seconds < answer.end_seconds <= 0.001


def test_the_one_window_is_the_most_common_moment() -> None:
    queries = make_queries([[(0, 2)], [(60, 62)], [(60, 62)]], duration=264.233)

    assert CONSTANT_WINDOW.choose(queries, 1, 0.9) == [(0.6, 0.62)]


def test_the_next_window_adds_most_to_those_before() -> None:
    common, second, rare = (0, 2), (4, 6), (8, 10)
    queries = make_queries([[common, second]] * 3 + [[common]] * 2 + [[second]] + [[rare]] * 2)

    assert CONSTANT_WINDOW.choose(queries, 3, 0.9) == [(0.0, 0.02), (0.08, 0.1), (0.04, 0.06)]


def test_windows_stop_when_no_further_one_adds_a_hit() -> None:
    assert CONSTANT_WINDOW.choose(make_queries([[(10, 20)], [(10, 20)]]), 5, 0.99) == [(0.1, 0.2)]


def test_a_hit_at_the_threshold_counts_when_not_strict() -> None:
    queries = make_queries([[(0, 100)]])

    assert CONSTANT_WINDOW.choose(queries, 1, 0.5, strict=False) == [(0.0, 0.5)]
    assert CONSTANT_WINDOW.choose(queries, 1, 0.5) == [(0.0, 0.52)]


def test_queries_without_a_moment_do_not_count() -> None:
    assert CONSTANT_WINDOW.choose(make_queries([[], [(10, 20)], []]), 1, 0.99) == [(0.1, 0.2)]


@pytest.mark.parametrize("baseline", BASELINES, ids=lambda baseline: baseline.name)
def test_no_query_with_a_moment_is_refused(baseline: Baseline) -> None:
    with pytest.raises(InputError, match=f"{baseline.name}: no training query has a moment"):
        baseline.choose(make_queries([[]]))


def test_predictions_are_the_same_shares_of_every_video() -> None:
    queries = [Query("a", "v", "x", 10.0), Query("b", "w", "y", 30.0)]

    first, second = CONSTANT_WINDOW.answer(queries, [(0.0, 0.5), (0.8, 1.0)])

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
        windows = CONSTANT_WINDOW.choose(train, 5, threshold)
        return recall_table(CONSTANT_WINDOW.answer(test, windows), test, [threshold], [1, 2, 3, 4, 5])

    at_half, at_high = recalls(0.5), recalls(0.7)
    assert at_half["R1@0.5"] == pytest.approx(30.6, abs=0.1)
    assert at_high["R1@0.7"] == pytest.approx(17.0, abs=0.2)
    assert all(np.greater(more, fewer) for fewer, more in pairwise(at_half.values()))
