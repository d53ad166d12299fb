import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.loss import cell_iou, scaled_iou_loss

# eighths of the video meet the edges of the cells often, others never
EDGES = st.integers(0, 8).map(lambda eighth: eighth / 8) | st.floats(0, 1, width=32)
SPANS = st.tuples(EDGES, EDGES).map(sorted).filter(lambda span: span[1] - span[0] > 1e-3)
QUERIES = st.lists(st.lists(SPANS, max_size=3), min_size=1, max_size=3)


def slow_iou(i: int, j: int, clips: int, span: Sequence[float]) -> float:
    """Return the IoU of the moment from the start of clip i to the end of clip j with a span."""
    start, end = i / clips, (j + 1) / clips
    shared = min(end, span[1]) - max(start, span[0])
    return 0 if j < i or shared <= 0 else shared / (end - start + span[1] - span[0] - shared)


@given(QUERIES, st.sampled_from([1, 3, 8]))
def test_a_cell_takes_its_largest_iou_with_the_moments_that_are_there(
    queries: list[list[list[float]]], clips: int
) -> None:
    # padding holds a moment that would matter if it were looked at
    padded = torch.tensor([query + [[0.0, 1.0]] * (4 - len(query)) for query in queries], dtype=torch.float64)
    mask = torch.tensor([[number < len(query) for number in range(4)] for query in queries])

    found = cell_iou(padded, mask, clips).numpy()

    assert found.shape == (len(queries), clips, clips)
    for query, iou_map in zip(queries, found, strict=True):
        for i, j in np.ndindex(clips, clips):
            expected = max((slow_iou(i, j, clips, span) for span in query), default=0)
            assert iou_map[i, j] == pytest.approx(expected, abs=1e-6)


def test_an_iou_in_single_precision_is_exact_to_six_digits() -> None:
    iou = cell_iou(torch.tensor([[[0.25, 0.75]]]), torch.ones(1, 1, dtype=torch.bool), 4)
    torch.testing.assert_close(
        iou[0], torch.tensor([[0, 1 / 3, 2 / 3, 1 / 2], [0, 1 / 2, 1, 2 / 3], [0, 0, 1 / 2, 1 / 3], [0, 0, 0, 0]])
    )


CELLS = st.lists(st.tuples(st.floats(-30, 30), st.floats(0, 1)), min_size=4, max_size=4)
THRESHOLDS = st.sampled_from([(0.5, 1.0), (0.3, 0.7), (0.0, 1.0)])


@given(CELLS, THRESHOLDS)
def test_loss_is_the_mean_cross_entropy_of_the_valid_cells(
    cells: list[tuple[float, float]], thresholds: tuple[float, float]
) -> None:
    low, high = thresholds
    logits, iou = torch.tensor(cells, dtype=torch.float64).T.reshape(2, 1, 2, 2)
    mask = torch.tensor([[True, True], [False, True]])
    entropies = []
    for number, (logit, overlap) in enumerate(cells):
        target = min(max((overlap - low) / (high - low), 0), 1)
        # log1p(exp(-x)) is -log(probability), log1p(exp(x)) is -log(1 - probability)
        entropy = target * math.log1p(math.exp(-logit)) + (1 - target) * math.log1p(math.exp(logit))
        entropies += [entropy] if number != 2 else []

    loss = scaled_iou_loss(logits, mask, iou, low, high)

    assert loss.item() == pytest.approx(sum(entropies) / 3, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("iou", "target"), [(0.0, 0.0), (0.3, 0.0), (0.4, 0.25), (0.5, 0.5), (0.7, 1.0), (0.9, 1.0)])
def test_the_iou_is_rescaled_between_the_thresholds(iou: float, target: float) -> None:
    # the gradient of cross-entropy by a logit is probability - target
    logits = torch.zeros(1, 1, 1, requires_grad=True)
    scaled_iou_loss(logits, torch.ones(1, 1, dtype=torch.bool), torch.full((1, 1, 1), iou), 0.3, 0.7).backward()
    assert logits.grad is not None
    assert logits.grad.item() == pytest.approx(0.5 - target, abs=1e-6)


def test_logits_in_half_precision_are_computed_in_single() -> None:
    logits = torch.tensor([[[100.0, -100.0], [7.0, 0.5]]], dtype=torch.bfloat16)
    mask, iou = torch.ones(2, 2, dtype=torch.bool), torch.tensor([[[0.0, 1.0], [0.6, 0.9]]])
    loss = scaled_iou_loss(logits, mask, iou, 0.5, 1.0)
    assert loss.dtype == torch.float32
    assert loss == scaled_iou_loss(logits.float(), mask, iou, 0.5, 1.0)
    assert loss.item() > 50  # wrong by 100 twice in four cells: no saturation, no infinity
    assert loss.isfinite()
