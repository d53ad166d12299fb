import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.scoring.ranking import iou, nms, rank, soft_nms

Span = tuple[float, float]

# small whole numbers make ties, repeated spans, empty spans and IoUs of exactly one half common
SPANS = st.tuples(st.integers(0, 8), st.integers(0, 8)).map(lambda ends: (float(min(ends)), float(max(ends))))
CANDIDATES = st.lists(st.tuples(SPANS, st.integers(0, 3)), max_size=12)


def slow_iou(a: Span, b: Span) -> float:
    """Count the unit steps that lie in both spans and in either; spans have whole ends."""
    steps_a, steps_b = (set(range(int(span[0]), int(span[1]))) for span in (a, b))
    return len(steps_a & steps_b) / len(steps_a | steps_b) if steps_a | steps_b else 0.0


def slow_nms(spans: Sequence[Span], scores: Sequence[float], threshold: float | None, top_k: int) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(spans)), key=lambda index: (-scores[index], index)):
        if threshold is None or all(slow_iou(spans[index], spans[other]) <= threshold for other in kept):
            kept.append(index)
    return kept[:top_k]


def as_arrays(candidates: list[tuple[Span, int]]) -> tuple[np.ndarray, np.ndarray]:
    spans = np.array([span for span, _ in candidates], dtype=np.float64).reshape(-1, 2)
    return spans, np.array([score for _, score in candidates], dtype=np.float64)


@given(st.lists(SPANS, max_size=6), st.lists(SPANS, max_size=6))
def test_iou_counts_shared_steps(spans_a: list[Span], spans_b: list[Span]) -> None:
    found = iou(np.array(spans_a).reshape(-1, 2), np.array(spans_b).reshape(-1, 2))

    assert found.tolist() == [[pytest.approx(slow_iou(a, b)) for b in spans_b] for a in spans_a]
    assert found.shape == (len(spans_a), len(spans_b))


@given(SPANS, SPANS, st.floats(0.1, 1000), st.floats(0, 1000))
def test_iou_is_symmetric_and_the_same_in_any_unit(a: Span, b: Span, scale: float, shift: float) -> None:
    left, right = np.array([a]), np.array([b])

    assert iou(left, right) == iou(right, left).T
    assert iou(left * scale + shift, right * scale + shift) == pytest.approx(iou(left, right), abs=1e-9)


def test_iou_is_computed_in_float64() -> None:
    spans = np.array([[0, 1], [0, 3]], dtype=np.float32)

    assert iou(spans, spans).dtype == np.float64
    assert iou(spans, spans)[0, 1] == 1 / 3


def test_iou_of_spans_without_length_is_zero() -> None:
    assert iou(np.array([[2.0, 2.0]]), np.array([[2.0, 2.0], [1.0, 3.0]])).tolist() == [[0, 0]]


@given(CANDIDATES, st.sampled_from([None, 0.0, 0.25, 0.5, 1.0]), st.integers(1, 12))
def test_nms_keeps_what_the_slow_version_keeps(
    candidates: list[tuple[Span, int]], threshold: float | None, top_k: int
) -> None:
    spans, scores = as_arrays(candidates)

    kept = nms(spans, scores, threshold, top_k).tolist()

    assert kept == slow_nms([span for span, _ in candidates], scores.tolist(), threshold, top_k)


def test_nms_keeps_a_candidate_at_the_threshold() -> None:
    spans = np.array([[0.0, 2.0], [0.0, 4.0], [0.0, 3.0]])

    assert nms(spans, np.array([0.9, 0.8, 0.7]), 0.5, 5).tolist() == [0, 1]


@pytest.mark.parametrize("duration", [30.33, 7.1, 264.233, 0.3])
def test_rounding_does_not_break_ties_of_grid_cells(duration: float) -> None:
    cells = np.array([[start, start + 1.0] for start in range(16)] + [[start, start + 2.0] for start in range(15)])
    scores = np.linspace(1, 0, len(cells))

    assert nms(cells * duration / 16, scores, 0.5, 31).tolist() == list(range(31))


def test_rank_gives_scored_moments_best_first() -> None:
    spans = np.array([[0.0, 4.0], [5.0, 9.0], [5.0, 8.5]])

    moments = rank(spans, np.array([0.2, 0.7, 0.6]), 0.5, 5)

    assert [(moment.span, moment.score) for moment in moments] == [((5.0, 9.0), 0.7), ((0.0, 4.0), 0.2)]


def test_rank_stops_at_top_k() -> None:
    spans = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])

    assert [moment.start_seconds for moment in rank(spans, np.array([0.1, 0.3, 0.2]), None, 2)] == [2.0, 4.0]


def test_rank_clips_to_the_video_and_drops_what_lies_outside() -> None:
    spans = np.array([[-2.0, 3.0], [8.0, 12.0], [11.0, 14.0], [-5.0, -1.0], [4.0, 4.0], [6.0, 5.0]])

    moments = rank(spans, np.linspace(1, 0.5, 6), None, 6, duration_seconds=10.0)

    assert [moment.span for moment in moments] == [(0.0, 3.0), (8.0, 10.0)]


def test_rank_of_no_candidates_is_empty() -> None:
    assert rank(np.zeros((0, 2)), np.zeros(0), 0.5, 5) == ()


@pytest.mark.parametrize(("span", "score"), [([0.0, math.nan], 0.5), ([0.0, math.inf], 0.5), ([0.0, 1.0], math.nan)])
def test_rank_refuses_numbers_that_are_not_finite(span: list[float], score: float) -> None:
    with pytest.raises(InputError, match="spans or scores hold NaN or infinity"):
        rank(np.array([span]), np.array([score]), 0.5, 5)


@pytest.mark.parametrize("name", ["evaluation_charades", "evaluation_tacos"])
def test_rank_meets_the_published_ranking(shared: Path, name: str) -> None:
    golden = np.load(shared / "golden" / f"{name}.npz")
    starts, ends = np.nonzero(golden["map_mask"])
    cells = np.stack([starts, ends + 1], axis=1).astype(np.float64)
    durations = golden["duration"].astype(np.float64)

    for scores, duration, top in zip(golden["scores"], durations, golden["top"], strict=True):
        moments = rank(
            cells * duration / len(golden["map_mask"]),
            scores[starts, ends],
            float(golden["nms_threshold"]),
            len(top),
        )
        assert np.array_equal([moment.span for moment in moments], top[~np.isnan(top[:, 0])])
        assert {moment.score for moment in moments} <= set(scores.ravel().tolist())


def slow_soft_nms(spans: Sequence[Span], scores: Sequence[float], top_k: int) -> list[tuple[float, float, float]]:
    """Choose the best, lower the others by their overlap, choose again; near-equal spans vote and go."""
    left = dict(enumerate(scores))
    chosen = []
    while left and len(chosen) < top_k:
        best = max(left, key=lambda index: (left[index], -index))
        score = left.pop(best)
        votes = [(scores[i] * slow_iou(spans[best], spans[i]), spans[i]) for i in range(len(spans))]
        votes = [(weight, span) for weight, span in votes if slow_iou(spans[best], span) >= 0.8] if scores[best] else []
        total = sum(weight for weight, _ in votes)
        start, end = (
            sum(weight * span[side] for weight, span in votes) / total if total else spans[best][side]
            for side in range(2)
        )
        chosen.append((start, end, score))
        left = {
            i: value * math.exp(-(slow_iou(spans[best], spans[i]) ** 2) / 0.5)
            for i, value in left.items()
            if slow_iou(spans[best], spans[i]) < 0.8
        }
    return chosen


@given(CANDIDATES, st.integers(1, 12))
def test_soft_nms_chooses_what_the_slow_version_chooses(candidates: list[tuple[Span, int]], top_k: int) -> None:
    candidates = [(span, score) for span, score in candidates if span[0] < span[1]]
    # no two alike, so that rounding decides nothing
    scores = [score + 0.01 * number for number, (_, score) in enumerate(candidates)]
    spans, _ = as_arrays(candidates)
    chosen, kept = soft_nms(spans, np.array(scores), top_k)
    expected = slow_soft_nms([span for span, _ in candidates], scores, top_k)
    np.testing.assert_allclose(chosen, np.array([row[:2] for row in expected]).reshape(-1, 2), atol=1e-9)
    np.testing.assert_allclose(kept, [row[2] for row in expected], atol=1e-12)


def test_near_equal_spans_say_together_where_the_moment_is() -> None:
    spans = np.array([[10.0, 20.0], [11.0, 20.0], [40.0, 50.0]])
    moments = rank(spans, np.array([0.6, 0.3, 0.5]), None, 2, method="soft")
    start = (0.6 * 10 + 0.3 * 0.9 * 11) / (0.6 + 0.3 * 0.9)
    assert [m.span for m in moments] == [pytest.approx((start, 20.0)), pytest.approx((40.0, 50.0))]
    assert [m.score for m in moments] == [0.6, 0.5]
    # they have said so once
    assert len(rank(spans, np.array([0.6, 0.3, 0.5]), None, 3, method="soft")) == 2


def test_soft_nms_keeps_an_overlapping_moment_that_greedy_nms_drops() -> None:
    spans, scores = np.array([[0.0, 10.0], [3.0, 10.0], [30.0, 31.0]]), np.array([0.9, 0.8, 0.1])
    assert [m.start_seconds for m in rank(spans, scores, 0.5, 2)] == [0.0, 30.0]
    soft = rank(spans, scores, 0.5, 2, method="soft")
    assert [m.start_seconds for m in soft] == pytest.approx([0.0, 3.0])
    assert soft[1].score == pytest.approx(0.8 * math.exp(-(0.7**2) / 0.5))


def test_soft_nms_finds_a_moment_behind_any_number_of_better_candidates() -> None:
    # a long video: 1,500 candidates around one moment, and one elsewhere
    around = np.linspace(0, 1, 1500)[:, None] + [100.0, 200.0]
    spans, scores = np.vstack([around, [[700.0, 800.0]]]), np.array([0.9] * 1500 + [0.8])
    moments = rank(spans, scores, None, 5, method="soft")
    assert [m.span for m in moments] == [pytest.approx((100.5, 200.5), abs=0.1), (700.0, 800.0)]
    assert [m.score for m in moments] == [0.9, 0.8]


def test_soft_nms_of_scores_that_are_all_zero_repeats() -> None:
    spans = np.array([[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]])
    moments = rank(spans, np.zeros(3), None, 3, method="soft")
    assert [m.span for m in moments] == [(0.0, 1.0), (2.0, 3.0)]
