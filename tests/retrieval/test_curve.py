"""Moments from a curve of similarity, against a slow and obvious version."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leorn.retrieval.curve import find_moments, stand_out, stretches
from leorn.scoring.ranking import iou

VALUES = st.integers(-1000, 1000).map(lambda thousandths: thousandths / 1000)
CURVES = st.lists(VALUES, min_size=1, max_size=14).map(np.array)


def stands_out(curve: np.ndarray, start: int, end: int) -> float:
    """By how much one stretch stands out, by its definition."""
    inside, outside = curve[start:end], [*curve[:start], *curve[end:]]
    if not outside:
        return 0.0
    sure = math.sqrt(len(inside) * len(outside) / len(curve))
    return (float(np.mean(inside)) - float(np.mean(outside))) * sure


@given(CURVES, st.integers(1, 20))
def test_all_stretches_are_scored_by_their_means(curve: np.ndarray, longest: int) -> None:
    scores = stand_out(curve, longest)
    steps = len(curve)
    assert scores.shape == (steps, min(longest, steps))
    for start in range(steps):
        for length in range(1, scores.shape[1] + 1):
            expected = stands_out(curve, start, start + length) if start + length <= steps else -math.inf
            assert scores[start, length - 1] == pytest.approx(expected, abs=1e-9)


@given(CURVES)
def test_what_stands_out_is_bettered_by_no_neighbour(curve: np.ndarray) -> None:
    assume(np.ptp(curve) > 0.01)
    spans, heights = stretches(curve)
    steps, found = (
        len(curve),
        {(int(start), int(end)): height for (start, end), height in zip(spans, heights, strict=True)},
    )
    for start in range(steps):
        for end in range(start + 1, steps + 1):
            neighbours = [(start - 1, end), (start + 1, end), (start, end - 1), (start, end + 1)]
            there = [(a, b) for a, b in neighbours if 0 <= a < b <= steps]
            height = stands_out(curve, start, end)
            lead = height - max((stands_out(curve, a, b) for a, b in there), default=-math.inf)
            # rounding may decide between equals
            if height > 1e-9 and lead > 1e-9:
                assert found[start, end] == pytest.approx(height, abs=1e-9)
            elif height < -1e-9 or lead < -1e-9:
                assert (start, end) not in found


@given(CURVES, st.floats(-5, 5))
def test_what_all_steps_have_in_common_changes_nothing(curve: np.ndarray, more: float) -> None:
    np.testing.assert_allclose(stand_out(curve + more), stand_out(curve), atol=1e-9)
    moments, raised = (find_moments(one, 10.0, 3) for one in (curve, curve + more))
    assert len(moments) == len(raised)
    assert raised[0].score == pytest.approx((moments[0].score or 0.0) + more, abs=1e-9)


@given(CURVES)
def test_time_that_runs_backwards_mirrors_the_stretches(curve: np.ndarray) -> None:
    scores, mirrored = stand_out(curve), stand_out(curve[::-1])
    steps = len(curve)
    for start in range(steps):
        for end in range(start + 1, steps + 1):
            there = mirrored[steps - end, end - start - 1]
            assert scores[start, end - start - 1] == pytest.approx(there, abs=1e-9)


@given(st.integers(0, 20), st.integers(1, 20), st.integers(0, 20), VALUES, st.floats(0.01, 1), st.floats(1, 600))
def test_a_plateau_is_found_exactly(
    before: int, length: int, after: int, low: float, more: float, duration_seconds: float
) -> None:
    assume(before + after > 0)
    steps = before + length + after
    curve = np.full(steps, low)
    curve[before : before + length] += more
    best = find_moments(curve, duration_seconds, 1)[0]
    expected = before / steps * duration_seconds, (before + length) / steps * duration_seconds
    assert best.span == pytest.approx(expected)
    assert best.score == pytest.approx(low + more)


@given(st.integers(1, 30), VALUES)
def test_where_nothing_stands_out_the_whole_video_is_the_answer(steps: int, similarity: float) -> None:
    (moment,) = find_moments(np.full(steps, similarity), 7.0, 5)
    assert (*moment.span, moment.score) == pytest.approx((0.0, 7.0, similarity))


def test_a_noisy_plateau_is_found_where_the_most_similar_step_is_elsewhere() -> None:
    curve = np.random.default_rng(0).normal(0, 0.3, 300)
    curve[100:120] += 1
    curve[200] = 3.0
    best = find_moments(curve, 300.0, 1)[0]
    assert iou(np.array([best.span]), np.array([[100.0, 120.0]]))[0, 0] > 0.8


def test_several_moments_come_by_how_much_they_stand_out_and_do_not_overlap_by_half() -> None:
    curve = np.zeros(60)
    curve[10:16], curve[30:36], curve[50:52] = 1.0, 0.8, 0.9
    moments = find_moments(curve, 120.0, 3)
    spans = np.array([moment.span for moment in moments])
    assert spans[:2].tolist() == [[20.0, 32.0], [60.0, 72.0]]
    scores = [moment.score or 0.0 for moment in moments]
    assert scores[0] == pytest.approx(1.0)
    assert scores == sorted(scores, reverse=True)
    # the mean outside the best, and the share of the way from there to it
    level, tops = 6.6 / 54, [stands_out(curve, 10, 16), stands_out(curve, 30, 36)]
    assert scores[1] == pytest.approx(level + (1 - level) * tops[1] / tops[0])
    assert (iou(spans, spans)[~np.eye(3, dtype=bool)] <= 0.5).all()


def test_a_moment_is_no_longer_than_the_longest() -> None:
    curve = np.zeros(40)
    curve[5:25] = 1.0
    spans, _ = stretches(curve, 8)
    assert (spans[:, 1] - spans[:, 0]).max() == 8
