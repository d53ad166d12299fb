"""The losses of LEORN-P against their formulas, one number at a time."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.span_loss import distance_iou_loss, focal_loss

DISTANCES = st.tuples(st.floats(0, 9), st.floats(0, 9))


def slow_focal(logit: float, positive: bool, smoothing: float) -> float:
    probability = 1 / (1 + math.exp(-logit))
    target = 1 - smoothing / 2 if positive else smoothing / 2
    entropy = -target * math.log(probability) - (1 - target) * math.log(1 - probability)
    wrong = 1 - (target * probability + (1 - target) * (1 - probability))
    return 0.5 * wrong**2 * entropy


@given(st.floats(-15, 15), st.booleans(), st.sampled_from([0.0, 0.2, 0.5]))
def test_focal_loss_is_its_formula(logit: float, positive: bool, smoothing: float) -> None:
    loss = focal_loss(torch.tensor([logit]), torch.tensor([float(positive)]), smoothing)
    assert loss.item() == pytest.approx(slow_focal(logit, positive, smoothing), rel=1e-4, abs=1e-7)


def test_focal_loss_without_smoothing_is_the_published_one() -> None:
    # Lin et al., table 1 and equation 5: alpha (1 - p)^2 (-log p) for a positive with p = 0.9
    loss = focal_loss(torch.tensor([math.log(9)]), torch.ones(1), 0.0)
    assert loss.item() == pytest.approx(0.5 * 0.1**2 * -math.log(0.9), rel=1e-5)


def test_losses_of_half_precision_are_computed_in_full() -> None:
    # bf16 has 8 binary digits: what is computed in it is wrong in the third decimal
    logits = torch.tensor([-3.0, -0.5, 0.25, 2.0], dtype=torch.bfloat16)
    loss = focal_loss(logits, torch.ones(4))
    assert loss.dtype == torch.float32
    assert loss.tolist() == pytest.approx([slow_focal(logit, True, 0.2) for logit in logits.tolist()], rel=1e-5)
    predicted, wanted = (torch.tensor([span], dtype=torch.bfloat16) for span in ((1.25, 3.0), (2.5, 1.75)))
    loss = distance_iou_loss(predicted, wanted)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(slow_distance_iou((1.25, 3.0), (2.5, 1.75)), rel=1e-6)


def test_focal_loss_of_extreme_logits_is_finite() -> None:
    loss = focal_loss(torch.tensor([-1e4, 1e4, 1e4]), torch.tensor([1.0, 0.0, 1.0]))
    assert loss.isfinite().all()


def slow_distance_iou(predicted: tuple[float, float], wanted: tuple[float, float]) -> float:
    a, b = (-predicted[0], predicted[1]), (-wanted[0], wanted[1])
    intersection = min(a[1], b[1]) - max(a[0], b[0])
    union = (a[1] - a[0]) + (b[1] - b[0]) - intersection
    hull = max(a[1], b[1]) - min(a[0], b[0])
    middles = sum(a) / 2 - sum(b) / 2
    return 1 - (intersection / union if union > 0 else 0) + ((middles / hull) ** 2 if hull > 0 else 0)


@given(DISTANCES, DISTANCES)
def test_distance_iou_is_its_formula(predicted: tuple[float, float], wanted: tuple[float, float]) -> None:
    tiny = 1e-4
    if sum(predicted) + sum(wanted) < tiny:
        return
    loss = distance_iou_loss(torch.tensor([predicted]), torch.tensor([wanted]))
    assert loss.item() == pytest.approx(slow_distance_iou(predicted, wanted), rel=1e-3, abs=1e-4)


@given(DISTANCES)
def test_the_right_span_costs_nothing(distances: tuple[float, float]) -> None:
    if sum(distances) > 1e-3:
        span = torch.tensor([distances])
        assert distance_iou_loss(span, span).item() == pytest.approx(0, abs=1e-5)


def test_spans_without_length_have_finite_losses_and_gradients() -> None:
    predicted = torch.zeros(1, 2, requires_grad=True)
    loss = distance_iou_loss(predicted, torch.zeros(1, 2))
    loss.backward()
    assert loss.isfinite()
    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


def test_gradients_are_those_of_the_formula() -> None:
    torch.manual_seed(0)
    predicted = (torch.rand(6, 2) + 0.2).requires_grad_()
    wanted = torch.rand(6, 2) + 0.2
    distance_iou_loss(predicted, wanted).sum().backward()
    assert predicted.grad is not None
    step = 1e-3
    for row in range(6):
        for side in range(2):
            moved = [predicted[row].tolist(), predicted[row].tolist()]
            moved[0][side] -= step
            moved[1][side] += step
            low, high = (slow_distance_iou(tuple(one), tuple(wanted[row].tolist())) for one in moved)
            assert predicted.grad[row, side].item() == pytest.approx((high - low) / (2 * step), abs=2e-3)
