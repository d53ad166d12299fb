import statistics
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.config import Against, EvaluationConfig
from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.metrics import answer_ious, evaluate_predictions, mean_iou, recall_table
from leorn.scoring.ranking import hits, iou

Span = tuple[float, float]
Case = tuple[list[Span], list[Span]]

# small whole numbers make repeated moments and IoUs at a threshold common
SPANS = st.lists(st.integers(0, 8), min_size=2, max_size=2, unique=True).map(
    lambda ends: (float(min(ends)), float(max(ends)))
)
QUERY_CASES = st.tuples(st.lists(SPANS, max_size=6), st.lists(SPANS, min_size=1, max_size=3))
CASES = st.lists(QUERY_CASES, min_size=1, max_size=6)


def make_moments(spans: Sequence[Span]) -> tuple[Moment, ...]:
    return tuple(Moment(float(start), float(end)) for start, end in spans)


def make_query(query_id: str, *spans: Span, video: str = "v") -> Query:
    return Query(
        query_id, video, "a person sits", 1000.0, tuple(Moment(float(start), float(end)) for start, end in spans)
    )


def make_prediction(query_id: str, *spans: Span, video: str = "v") -> Prediction:
    return Prediction(query_id, video, make_moments(spans))


def make_records(cases: Sequence[Case]) -> tuple[list[Prediction], list[Query]]:
    predictions = [make_prediction(f"q{index}", *answers) for index, (answers, _) in enumerate(cases)]
    return predictions, [make_query(f"q{index}", *targets) for index, (_, targets) in enumerate(cases)]


def slow_iou(a: Span, b: Span) -> float:
    steps_a, steps_b = (set(range(int(span[0]), int(span[1]))) for span in (a, b))
    return len(steps_a & steps_b) / len(steps_a | steps_b)


def slow_overlap(answer: Span, targets: list[Span], against: str) -> float:
    # a double ruler: the median of two whole numbers may be a half
    start, end = answer
    if against == "median":
        middle = statistics.median(a for a, _ in targets), statistics.median(b for _, b in targets)
        return slow_iou((2 * start, 2 * end), (2 * middle[0], 2 * middle[1]))
    ious = sorted(slow_iou(answer, target) for target in targets)
    return ious[0] if against == "all" else ious[-1]


def slow_recall(cases: Sequence[Case], n: int, threshold: float, strict: bool, against: str) -> float:
    found = 0
    for answers, targets in cases:
        ious = [slow_overlap(answer, targets, against) for answer in answers[:n]]
        found += any(value > threshold or (value == threshold and not strict) for value in ious)
    return 100 * found / len(cases)


def slow_mean_iou(cases: Sequence[Case], against: str) -> float:
    return 100 * sum(slow_overlap(answers[0], targets, against) for answers, targets in cases if answers) / len(cases)


@given(CASES, st.booleans(), st.sampled_from(get_args(Against)), st.randoms())
def test_figures_are_those_of_the_slow_version_in_any_order(
    cases: list[Case], strict: bool, against: Against, random: Random
) -> None:
    predictions, queries = make_records(cases)
    random.shuffle(predictions)
    evaluation = EvaluationConfig(ious=(0.25, 0.5, 0.7), recalls=(1, 3), strict=strict, against=against)

    found = evaluate_predictions(predictions, queries, evaluation)

    expected = {f"R{n}@{m:g}": slow_recall(cases, n, m, strict, against) for n in (1, 3) for m in (0.25, 0.5, 0.7)}
    assert found == pytest.approx(expected | {"mIoU": slow_mean_iou(cases, against)})
    assert list(found) == [*expected, "mIoU"]


def test_a_hit_on_any_moment_is_a_hit() -> None:
    query = make_query("q", (0, 4), (50, 54))

    found = recall_table([make_prediction("q", (20, 24), (50, 54))], [query], [0.5], [1, 2])

    assert found == {"R1@0.5": 0.0, "R2@0.5": 100.0}


def test_people_who_disagree_are_hit_by_any_by_all_or_by_their_median() -> None:
    query = make_query("q", (0, 10), (2, 10), (8, 20))
    answers = [(0, 10), (2, 10), (0, 20)]

    found = {
        against: answer_ious([make_prediction("q", *answers)], [query], 3, against).tolist()
        for against in get_args(Against)
    }

    assert found["any"] == [pytest.approx([1.0, 1.0, 0.6])]
    assert found["all"] == [pytest.approx([0.1, 1 / 9, 0.4])]
    # the median is 2–10
    assert found["median"] == [pytest.approx([0.8, 1.0, 0.4])]


def test_one_moment_is_the_same_any_all_and_median() -> None:
    predictions, queries = make_records([([(0, 4)], [(1, 8)]), ([(2, 3)], [(2, 5)])])
    first, *others = (
        evaluate_predictions(predictions, queries, EvaluationConfig(against=a)) for a in get_args(Against)
    )
    assert others == [first, first]


def test_only_a_hit_that_is_not_strict_may_equal_the_threshold() -> None:
    ious = np.array([[0.5, 0.6, 0.4]])

    assert hits(ious, 0.5).tolist() == [[False, True, False]]
    assert hits(ious, 0.5, strict=False).tolist() == [[True, True, False]]


@given(st.integers(1, 10**6), st.floats(0.01, 100))
def test_no_unit_of_time_makes_a_tie_a_hit(offset: int, unit: float) -> None:
    # one half of the union, wherever in the video and whatever a second is
    start, middle, end = (unit * (offset / 1000 + times) for times in (0, 5, 10))
    ious = iou(np.array([[start, middle]]), np.array([[start, end]]))

    assert not hits(ious, 0.5).any()
    assert hits(ious, 0.5, strict=False).all()


def test_answers_beyond_a_querys_own_are_no_overlap() -> None:
    predictions = [make_prediction("a", (0, 2)), make_prediction("b")]
    queries = [make_query("a", (0, 4)), make_query("b", (0, 4))]

    assert answer_ious(predictions, queries, 3).tolist() == [[0.5, 0, 0], [0, 0, 0]]
    assert mean_iou(predictions, queries) == 25.0
    assert recall_table(predictions, queries, [0.5], [1, 5], strict=False) == {"R1@0.5": 50.0, "R5@0.5": 50.0}


def test_mean_iou_looks_at_the_first_answer_alone() -> None:
    assert mean_iou([make_prediction("q", (3, 5), (0, 4))], [make_query("q", (0, 4))]) == pytest.approx(20.0)


PAIR = [make_prediction("a", (0, 1)), make_prediction("b", (0, 1))], [make_query("a", (0, 1)), make_query("b", (0, 1))]


@pytest.mark.parametrize(
    ("predictions", "queries", "message"),
    [
        (PAIR[0][:1], PAIR[1], r"queries without a prediction \(1\): b"),
        ([], [make_query(str(i), (0, 1)) for i in range(5)], r"without a prediction \(5\): 0, 1, 2, …; expected one"),
        ([*PAIR[0], PAIR[0][1]], PAIR[1], r"predicted more than once \(1\): b"),
        (PAIR[0], PAIR[1][:1], r"unknown query ids \(1\): b"),
        (PAIR[0], [*PAIR[1], PAIR[1][0]], r"several queries share \(1\): a"),
        (PAIR[0], [PAIR[1][0], make_query("b")], r"without a moment to score against \(1\): b"),
        (
            [PAIR[0][0], make_prediction("b", (0, 1), video="other")],
            PAIR[1],
            r"another video than their query \(1\): b \(video other, not v\)",
        ),
        ([], [], "no queries to score"),
    ],
)
def test_predictions_that_do_not_go_with_the_queries_are_refused(
    predictions: list[Prediction], queries: list[Query], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        evaluate_predictions(predictions, queries, EvaluationConfig())


@pytest.mark.parametrize("ious", [[], [0.0], [0.5, 1.5], [float("nan")]])
def test_iou_thresholds_out_of_range_are_refused(ious: list[float]) -> None:
    with pytest.raises(InputError, match=r"IoU thresholds .* above 0 and at most 1"):
        recall_table(*PAIR, ious, [1])


@pytest.mark.parametrize("recalls", [[], [0], [1, -5]])
def test_recalls_out_of_range_are_refused(recalls: list[int]) -> None:
    with pytest.raises(InputError, match=r"recalls .* at least 1"):
        recall_table(*PAIR, [0.5], recalls)


@pytest.mark.parametrize("name", ["evaluation_charades", "evaluation_tacos"])
def test_figures_meet_the_published_ones(shared: Path, name: str) -> None:
    golden = np.load(shared / "golden" / f"{name}.npz")
    queries = [make_query(str(index), tuple(span)) for index, span in enumerate(golden["span"].tolist())]
    predictions = [
        make_prediction(str(index), *(tuple(span) for span in top if np.isfinite(span).all()))
        for index, top in enumerate(golden["top"].tolist())
    ]
    ious, recalls = tuple(golden["tious"].tolist()), tuple(golden["recalls"].tolist())

    found = evaluate_predictions(predictions, queries, EvaluationConfig(ious=ious, recalls=recalls))

    expected = {
        f"R{n}@{m:g}": 100 * golden["recall_table"][row, column]
        for row, m in enumerate(ious)
        for column, n in enumerate(recalls)
    }
    assert found == pytest.approx(expected | {"mIoU": 100 * float(golden["miou"])}, abs=1e-9)
