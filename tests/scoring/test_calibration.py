import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.scoring.calibration import Bin, reliability


def test_bins_by_hand() -> None:
    found = reliability([0.125, 0.375, 0.75, 1.0, None], np.array([False, True, True, False, True]), bins=2)
    assert found is not None
    assert found.bins == (Bin(0.0, 0.5, 2, 0.25, 0.5), Bin(0.5, 1.0, 2, 0.875, 0.5))
    assert found.expected_calibration_error == (2 * 0.25 + 2 * 0.375) / 4


def test_a_score_on_an_edge_belongs_to_the_upper_bin() -> None:
    found = reliability([0.1 * index for index in range(11)], np.zeros(11, bool))
    assert found is not None
    assert [one.count for one in found.bins] == [1] * 9 + [2]
    # in floating point 0.09999999999999998
    rounded = reliability([1 - 0.9], np.zeros(1, bool))
    assert rounded is not None
    assert rounded.bins[0].low == 0.1


@pytest.mark.parametrize("scores", [[], [None], [0.2, 1.2], [-0.1]])
def test_without_probabilities_there_is_nothing_to_compare(scores: list[float | None]) -> None:
    assert reliability(scores, np.zeros(len(scores), bool)) is None


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=1, max_size=40), st.integers(1, 12))
def test_the_error_is_that_of_a_slow_version(answers: list[tuple[int, bool]], bins: int) -> None:
    held: dict[int, list[tuple[float, bool]]] = {}
    for percent, hit in answers:
        held.setdefault(min(percent * bins // 100, bins - 1), []).append((percent / 100, hit))
    error = 0.0
    for inside in held.values():
        mean, share = sum(score for score, _ in inside) / len(inside), sum(hit for _, hit in inside) / len(inside)
        error += len(inside) / len(answers) * abs(mean - share)
    found = reliability([percent / 100 for percent, _ in answers], np.array([hit for _, hit in answers]), bins)
    assert found is not None
    assert found.expected_calibration_error == pytest.approx(error)
    assert sum(one.count for one in found.bins) == len(answers)


def test_scores_drawn_as_they_say_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(20_000)
    found = reliability(scores.tolist(), rng.random(20_000) < scores)
    assert found is not None
    assert found.expected_calibration_error < 0.02
    shifted = reliability((scores / 2).tolist(), rng.random(20_000) < scores)
    assert shifted is not None
    assert shifted.expected_calibration_error == pytest.approx(0.25, abs=0.02)
