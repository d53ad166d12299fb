import csv
import statistics
from collections.abc import Callable, Sequence
from itertools import permutations
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.config import Against, EvaluationConfig
from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.agreement import person_against_another, person_against_others
from leorn.scoring.metrics import evaluate_predictions

Agreement = Callable[[Sequence[Query], EvaluationConfig], dict[str, float]]
Span = tuple[int, int]
# even ends, so that the median of two is a whole number
SPANS = st.tuples(st.integers(0, 5), st.integers(1, 5)).map(lambda span: (2 * span[0], 2 * (span[0] + span[1])))
PEOPLE = st.lists(st.lists(SPANS, min_size=2, max_size=5), min_size=1, max_size=4)


def make_queries(people: list[list[Span]]) -> list[Query]:
    return [
        Query(str(number), "v", "x", 100.0, tuple(Moment(float(start), float(end)) for start, end in spans))
        for number, spans in enumerate(people)
    ]


def slow_iou(a: Span, b: Span) -> float:
    seconds_a, seconds_b = set(range(*a)), set(range(*b))
    return len(seconds_a & seconds_b) / len(seconds_a | seconds_b)


def slow_against_others(person: Span, others: list[Span], against: str) -> float:
    if against == "median":
        middle = statistics.median(start for start, _ in others), statistics.median(end for _, end in others)
        return slow_iou(person, (int(middle[0]), int(middle[1])))
    return (max if against == "any" else min)(slow_iou(person, other) for other in others)


def slow_figures(ious: list[list[float]], evaluation: EvaluationConfig) -> dict[str, float]:
    """Every query counts the same, whatever the number of its people."""
    figures = {}
    for threshold in evaluation.ious:
        found = [[iou > threshold or (iou == threshold and not evaluation.strict) for iou in one] for one in ious]
        figures[f"R1@{threshold:g}"] = 100 * sum(sum(one) / len(one) for one in found) / len(found)
    return figures | {"mIoU": 100 * sum(sum(one) / len(one) for one in ious) / len(ious)}


@given(PEOPLE, st.booleans(), st.sampled_from(get_args(Against)))
def test_agreement_is_that_of_the_slow_version(people: list[list[Span]], strict: bool, against: Against) -> None:
    evaluation = EvaluationConfig(ious=(0.25, 0.5, 0.7), strict=strict, against=against)
    queries = make_queries(people)

    pairs = [[slow_iou(a, b) for a, b in permutations(spans, 2)] for spans in people]
    assert person_against_another(queries, evaluation) == pytest.approx(slow_figures(pairs, evaluation))

    others = [
        [slow_against_others(span, spans[:k] + spans[k + 1 :], against) for k, span in enumerate(spans)]
        for spans in people
    ]
    assert person_against_others(queries, evaluation) == pytest.approx(slow_figures(others, evaluation))


@given(st.lists(st.lists(SPANS, min_size=3, max_size=3), min_size=1, max_size=3), st.sampled_from(get_args(Against)))
def test_a_person_scores_as_a_network_with_the_same_answers_would(people: list[list[Span]], against: Against) -> None:
    evaluation = EvaluationConfig(ious=(0.3, 0.6), recalls=(1,), against=against)
    queries = make_queries(people)

    figures = []
    for left_out in range(3):
        answers = [Prediction(query.query_id, "v", (query.moments[left_out],)) for query in queries]
        rest = make_queries([spans[:left_out] + spans[left_out + 1 :] for spans in people])
        figures.append(evaluate_predictions(answers, rest, evaluation))

    expected = {name: statistics.fmean(one[name] for one in figures) for name in figures[0]}
    assert person_against_others(queries, evaluation) == pytest.approx(expected)


def test_people_who_agree_score_everything_and_those_who_do_not_score_nothing() -> None:
    evaluation = EvaluationConfig(ious=(0.5,))
    same, apart = make_queries([[(0, 4), (0, 4)]]), make_queries([[(0, 4), (4, 8)]])

    assert person_against_another(same, evaluation) == {"R1@0.5": 100.0, "mIoU": 100.0}
    assert person_against_others(apart, evaluation) == {"R1@0.5": 0.0, "mIoU": 0.0}


def test_two_of_three_who_agree() -> None:
    queries = make_queries([[(0, 10), (0, 10), (5, 10)]])

    assert person_against_another(queries, EvaluationConfig(ious=(0.5,)))["mIoU"] == pytest.approx(100 * 2 / 3)
    # the third overlaps the others by half; the median of a first and the third is 2.5–10
    for against, expected in (("any", (1 + 1 + 1 / 2) / 3), ("all", 1 / 2), ("median", (3 / 4 + 3 / 4 + 1 / 2) / 3)):
        evaluation = EvaluationConfig(ious=(0.5,), against=against)
        assert person_against_others(queries, evaluation)["mIoU"] == pytest.approx(100 * expected)


@pytest.mark.parametrize("against_whom", [person_against_another, person_against_others])
def test_one_person_has_nobody_to_agree_with(against_whom: Agreement) -> None:
    with pytest.raises(InputError, match="query 1: 1 moment; expected two people's or more"):
        against_whom(make_queries([[(0, 4), (0, 4)], [(0, 4)]]), EvaluationConfig())
    with pytest.raises(InputError, match="no queries to compare people's moments of"):
        against_whom([], EvaluationConfig())


def read_percent(folder: Path) -> list[list[Span]]:
    """A reader of its own, in whole percent, so that scoring is tested without the data room."""
    people: dict[str, list[Span]] = {}
    for path in sorted(folder.glob("test_0*.csv")):
        with path.open() as file:
            for row in csv.DictReader(file):
                people.setdefault(row["HITId"], []).append((int(row["start"]), int(row["end"])))
    return [*people.values()]


def test_five_people_agree_on_charades_as_whole_percent_say(shared: Path) -> None:
    people = read_percent(shared / "data" / "charades_sta_reannotated")
    # in seconds of a video of any length: rounding decides nothing
    queries = [
        Query(
            str(number), "v", "x", 31.33, tuple(Moment(31.33 * start / 100, 31.33 * end / 100) for start, end in spans)
        )
        for number, spans in enumerate(people)
    ]
    found = person_against_another(queries, EvaluationConfig(ious=(0.5, 0.7)))

    halves = seven_tenths = 0
    for spans in people:
        for (a, b), (c, d) in permutations(spans, 2):
            shared_percent = max(0, min(b, d) - max(a, c))
            union = (b - a) + (d - c) - shared_percent
            halves += 2 * shared_percent > union
            seven_tenths += 10 * shared_percent > 7 * union
    assert len(people) == 1_000
    assert found["R1@0.5"] == pytest.approx(halves / 200)
    assert found["R1@0.7"] == pytest.approx(seven_tenths / 200)
