"""Scaling of scores, against another optimiser, closed forms and a slow count of pairs."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.scoring.scaling import Calibration, auroc, fit_calibration, fit_scaling, logits, lowered

SCORES = st.floats(0, 1)
ANSWERS = st.lists(st.tuples(SCORES, st.booleans()), min_size=2, max_size=60)


def drawn(slope: float, offset: float, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw scores, and hits as likely as a scaling of them says."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.01, 0.99, count)
    likely = 1 / (1 + np.exp(-(slope * np.log(scores / (1 - scores)) + offset)))
    return scores, rng.random(count) < likely


def by_torch(scores: np.ndarray, hit: np.ndarray) -> tuple[float, float]:
    """Fit by another optimiser, with Platt's targets written out."""
    clipped = torch.tensor(scores, dtype=torch.float64).clamp(1e-6, 1 - 1e-6)
    x, found = torch.logit(clipped), torch.tensor(hit)
    hits = int(found.sum())
    target = torch.where(found, (hits + 1.0) / (hits + 2.0), 1.0 / (len(hit) - hits + 2.0)).double()
    at = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    options = {"lr": 1.0, "max_iter": 500, "tolerance_grad": 1e-12, "tolerance_change": 1e-16}
    optimiser = torch.optim.LBFGS([at], line_search_fn="strong_wolfe", **options)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(at[0] * x + at[1], target)
        value.backward()
        return value

    optimiser.step(loss)
    slope, offset = at.tolist()
    return slope, offset


@pytest.mark.parametrize(("slope", "offset", "count"), [(1.0, 0.0, 400), (0.3, -2.0, 300), (2.5, 1.5, 50)])
def test_another_optimiser_finds_the_same(slope: float, offset: float, count: int) -> None:
    scores, hit = drawn(slope, offset, count)
    assert fit_scaling(scores, hit) == pytest.approx(by_torch(scores, hit), abs=1e-5)


def test_of_many_answers_the_true_scaling_is_found() -> None:
    assert fit_scaling(*drawn(0.7, -1.2, 100_000)) == pytest.approx((0.7, -1.2), abs=0.03)


def test_two_scores_get_the_smoothed_shares_of_hits() -> None:
    # of two scores two parameters can say anything: the mean target at each
    scores = np.array([0.2] * 4 + [0.8] * 6)
    hit = np.array([True, False, False, False] + [True] * 5 + [False])
    slope, offset = fit_scaling(scores, hit)
    yes, no = 7 / 8, 1 / 6
    low, high = (yes + 3 * no) / 4, (5 * yes + no) / 6
    found = Calibration(slope, offset, 0.0, 10, 6, 10)
    assert found.confidence(0.2) == pytest.approx(low, abs=1e-8)
    assert found.confidence(0.8) == pytest.approx(high, abs=1e-8)


def test_a_score_that_parts_hits_from_misses_gives_a_finite_scaling() -> None:
    scores, hit = np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, True])
    slope, offset = fit_scaling(scores, hit)
    found = Calibration(slope, offset, 0.0, 4, 2, 4)
    assert (found.confidence(0.1), found.confidence(0.9)) == pytest.approx((1 / 4, 3 / 4), abs=1e-8)


@pytest.mark.parametrize(
    ("scores", "hit", "level"),
    [
        ([0.1, 0.5, 0.9], [True] * 3, 4 / 5),
        ([0.1, 0.5, 0.9], [False] * 3, 1 / 5),
        ([0.3] * 4, [True, False, False, False], (2 / 3 + 3 / 5) / 4),
        ([0.0, 0.0, 1.0, 1.0], [True, True, False, False], 1 / 2),
    ],
)
def test_without_anything_to_learn_from_the_scores_all_are_as_likely(
    scores: list[float], hit: list[bool], level: float
) -> None:
    slope, offset = fit_scaling(np.array(scores), np.array(hit))
    assert slope == 0
    assert 1 / (1 + math.exp(-offset)) == pytest.approx(level)


@given(ANSWERS)
@settings(deadline=None)
def test_the_scaling_keeps_the_order_and_the_mean(answers: list[tuple[float, bool]]) -> None:
    scores, hit = np.array([score for score, _ in answers]), np.array([found for _, found in answers])
    fitted = fit_calibration(scores, hit, np.ones(len(hit), bool))
    assert fitted.slope >= 0
    confidences = [fitted.confidence(score) for score in sorted(scores.tolist())]
    assert all(0 <= low <= high <= 1 for low, high in pairwise(confidences))
    # where the offset is best, what is expected is what the targets say
    count, total = int(hit.sum()), len(hit)
    expected = count * (count + 1) / (count + 2) + (total - count) / (total - count + 2)
    assert sum(confidences) == pytest.approx(expected, rel=1e-6)


@given(ANSWERS)
@settings(deadline=None)
def test_at_most_a_twentieth_of_those_with_an_answer_falls_below_the_threshold(
    answers: list[tuple[float, bool]],
) -> None:
    scores, own = np.array([score for score, _ in answers]), np.array([there for _, there in answers])
    if not own.any():
        with pytest.raises(InputError, match="0 of them in videos with one; expected some"):
            fit_calibration(scores, own, own)
        return
    fitted = fit_calibration(scores, own, own)
    confidences = sorted(fitted.confidence(score) for score in scores[own].tolist())
    # so many are left out, and the next one is the threshold
    assert fitted.threshold == confidences[math.floor(0.05 * (len(confidences) - 1))]
    assert sum(confidence < fitted.threshold for confidence in confidences) <= 0.05 * len(confidences)
    assert (fitted.answers, fitted.hits, fitted.with_answer) == (len(answers), own.sum(), own.sum())


def test_scores_of_0_and_1_and_beyond_are_clipped() -> None:
    assert logits(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])) == pytest.approx(
        [math.log(1e-6 / (1 - 1e-6))] * 2 + [0] + [math.log((1 - 1e-6) / 1e-6)] * 2, abs=1e-9
    )
    identity = Calibration(1.0, 0.0, 0.5, 2, 1, 1)
    assert [identity.confidence(score) for score in (0.0, 0.25, 1.0)] == pytest.approx([1e-6, 0.25, 1 - 1e-6])


def test_no_answers_and_wild_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="0 answers, 0 of them in videos with one; expected some"):
        fit_calibration(np.zeros(0), np.zeros(0, bool), np.zeros(0, bool))
    for slope, offset in ((math.nan, 0.0), (1.0, math.inf), (-0.1, 0.0)):
        with pytest.raises(ValueError, match="slope"):
            Calibration(slope, offset, 0.5, 1, 1, 1)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=30))
def test_the_area_is_the_share_of_pairs_in_order(answers: list[tuple[int, bool]]) -> None:
    pairs = [(one, other) for one, good in answers if good for other, bad in answers if not bad]
    found = auroc(np.array([score for score, _ in answers], float), np.array([good for _, good in answers], bool))
    if not pairs:
        assert found is None
    else:
        assert found == pytest.approx(sum((one > other) + (one == other) / 2 for one, other in pairs) / len(pairs))


@given(st.floats(0.001, 0.999), st.floats(0, 5))
def test_odds_are_divided(probability: float, by: float) -> None:
    found = lowered(probability, by)
    assert found / (1 - found) == pytest.approx(probability / (1 - probability) / math.exp(by))
    assert lowered(0.0, 0.0) == 0
