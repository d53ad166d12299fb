import re
from dataclasses import replace

import numpy as np
import pytest

from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.average_precision import average_precisions, mean_average_precision
from leorn.scoring.metrics import evaluate_predictions

Span = tuple[float, float]


def pair(query_id: str, answers: list[Span], moments: list[Span]) -> tuple[Prediction, Query]:
    prediction = Prediction(query_id, "v", tuple(Moment(*span) for span in answers))
    return prediction, Query(query_id, "v", "any", 1000.0, tuple(Moment(*span) for span in moments))


def average(answers: list[Span], moments: list[Span], *ious: float, strict: bool = False) -> list[float]:
    (row,) = average_precisions(np.array([answers], dtype=float), np.array([moments], dtype=float), ious, strict)
    return row.tolist()


A, B, C, ELSEWHERE = (0.0, 10.0), (20.0, 30.0), (40.0, 50.0), (90.0, 99.0)


@pytest.mark.parametrize(
    ("answers", "moments", "expected"),
    [
        ([A], [A], 1),
        ([ELSEWHERE, A], [A], 1 / 2),
        ([A, A], [A], 1),
        ([A, A, B], [A, B], (1 + 2 / 3) / 2),
        ([ELSEWHERE, A, B], [A, B], 2 / 3),
        ([A, ELSEWHERE, B, ELSEWHERE, C], [A, B, C], (1 + 2 / 3 + 3 / 5) / 3),
        ([A], [A, B], 1 / 2),
        ([ELSEWHERE], [A], 0),
        ([(0.0, 0.0)], [A], 0),
    ],
)
def test_precision_is_interpolated_over_the_moments_found(
    answers: list[Span], moments: list[Span], expected: float
) -> None:
    assert average(answers, moments, 0.5) == [pytest.approx(expected)]


def test_an_answer_takes_the_moment_it_overlaps_most_of_those_left() -> None:
    # the first answer overlaps both; were it to take A, the second would find nothing
    assert average([(1.0, 12.0), A], [A, (2.0, 12.0)], 0.5, 0.8) == [1, 1]
    # a threshold that the first misses leaves its moment to others
    assert average([(0.0, 5.0), A], [A], 0.4, 0.5, 0.6) == [1, 1, 1 / 2]


def test_of_moments_overlapped_equally_the_last_is_taken() -> None:
    whole, first_half, second_half = (0.0, 20.0), (0.0, 10.0), (10.0, 20.0)
    halves = [first_half, second_half]
    assert average([whole, first_half], halves, 0.5) == [1]
    assert average([whole, second_half], halves, 0.5) == [1 / 2]
    # an IoU of one half is none above it
    assert average([whole, first_half], halves, 0.5, strict=True) == [1 / 4]


def test_map_is_the_mean_over_queries_and_thresholds() -> None:
    # IoU 0.6 and 1; nothing; the second answer of two
    pairs = [pair("a", [(0, 6)], [A]), pair("b", [], [A]), pair("c", [ELSEWHERE, B], [B])]
    predictions, queries = [one for one, _ in pairs], [one for _, one in pairs]

    figures = mean_average_precision(predictions[::-1], queries, (0.5, 0.6, 0.75))

    by_threshold = {0.5: (1 + 0 + 1 / 2) / 3, 0.6: (1 + 0 + 1 / 2) / 3, 0.75: (0 + 0 + 1 / 2) / 3}
    assert figures == pytest.approx(
        {"mAP@0.5": 100 * by_threshold[0.5], "mAP@0.75": 100 * by_threshold[0.75],
         "mAP": 100 * sum(by_threshold.values()) / 3}
    )  # fmt: skip
    assert list(figures) == ["mAP@0.5", "mAP@0.75", "mAP"]
    assert list(mean_average_precision(predictions, queries, (0.6,))) == ["mAP"]


def test_ten_answers_count() -> None:
    others = [(500.0 + place, 501.0 + place) for place in range(10)]
    for before, expected in ((9, 100 / 10), (10, 0)):
        prediction, query = pair("q", [*others[:before], A], [A])
        assert mean_average_precision([prediction], [query], (0.5,))["mAP"] == pytest.approx(expected)


def test_a_length_range_counts_its_own_moments_and_their_queries() -> None:
    short, middle, long, longer = (0.0, 10.0), (20.0, 50.0), (100.0, 250.0), (300.0, 451.0)
    pairs = [pair("a", [short, middle], [short, middle]), pair("b", [longer], [middle, longer]), pair("c", [], [long])]
    predictions, queries = [one for one, _ in pairs], [one for _, one in pairs]

    figures = mean_average_precision(predictions, queries, (0.5,), length_ranges=True)

    assert figures == pytest.approx(
        {
            "mAP@0.5": 100 * (1 + 1 / 2 + 0) / 3,
            "mAP": 100 * (1 + 1 / 2 + 0) / 3,
            "mAP-short": 100,
            # an answer that finds a moment of another length is wrong here
            "mAP-middle": 100 * (1 / 2 + 0) / 2,
            # the moment of 151 s is in no range
            "mAP-long": 0,
        }
    )


def test_a_range_without_a_moment_has_no_figure() -> None:
    prediction, query = pair("q", [A], [A])
    figures = mean_average_precision([prediction], [query], (0.5,), length_ranges=True)
    assert figures == {"mAP@0.5": 100, "mAP": 100, "mAP-short": 100}


def test_an_evaluation_has_map_where_thresholds_are_given_for_it() -> None:
    prediction, query = pair("q", [(0, 5)], [A])

    without = EvaluationConfig(ious=(0.5,), recalls=(1,))
    strict = replace(without, map_ious=(0.5,))
    by_length = replace(strict, strict=False, length_ranges=True)
    assert evaluate_predictions([prediction], [query], without) == {"R1@0.5": 0, "mIoU": 50}
    assert evaluate_predictions([prediction], [query], strict) == {"R1@0.5": 0, "mIoU": 50, "mAP@0.5": 0, "mAP": 0}
    assert evaluate_predictions([prediction], [query], by_length) == {
        "R1@0.5": 100, "mIoU": 50, "mAP@0.5": 100, "mAP": 100, "mAP-short": 100,
    }  # fmt: skip


@pytest.mark.parametrize("ious", [(), (0.5, 0.0), (1.5,), (float("nan"),)])
def test_thresholds_out_of_range_are_refused(ious: tuple[float, ...]) -> None:
    prediction, query = pair("q", [A], [A])
    message = f"IoU thresholds of mAP {list(ious)}: expected one or more, each above 0 and at most 1"
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        mean_average_precision([prediction], [query], ious)
