"""The path of what is looked at, in closed forms."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.path import MOTION_GAIN, POSITION_GAIN, follow, path_size, places_of

FRAMES = 12


def path(boxes: torch.Tensor, weights: torch.Tensor, reaches: tuple[int, ...]) -> torch.Tensor:
    """Return the path of one view, whose weights (T, S) say where it looks."""
    return follow(weights[None, None], places_of(boxes[None])[0], reaches)[0]


def walk(speed: float, start: float = 0.1) -> torch.Tensor:
    """Return one box (T, 1, 4) that moves to the right so much a frame."""
    left = start + speed * torch.arange(FRAMES)
    fixed = torch.full_like(left, 0.25)
    return torch.stack([left, fixed, left + 0.2, fixed + 0.5], -1)[:, None]


def all_on(slot: int, slots: int) -> torch.Tensor:
    """Return weights (T, S) that are all on one token."""
    weights = torch.zeros(FRAMES, slots)
    weights[:, slot] = 1
    return weights


@given(speed=st.floats(-0.05, 0.05), reach=st.integers(1, 4))
def test_a_steady_motion_is_the_same_over_every_reach_but_at_the_ends(speed: float, reach: int) -> None:
    found = path(walk(speed), all_on(1, 2), (reach,))
    moved = found[reach:-reach, 5:]
    torch.testing.assert_close(
        moved, torch.tensor([speed, 0, speed, 0]).expand_as(moved) * 2 * MOTION_GAIN, atol=1e-4, rtol=0
    )
    assert not found[:reach, 5:].any()
    assert not found[-reach:, 5:].any()


def test_a_place_is_told_from_the_middle_of_the_frame() -> None:
    boxes = walk(0.01)
    found = path(boxes, all_on(1, 2), ())
    torch.testing.assert_close(found[:, :4], (boxes[:, 0] - 0.5) * POSITION_GAIN)
    assert (found[:, 4] == 1).all()


def test_the_place_of_several_objects_is_their_mean() -> None:
    boxes = torch.cat([walk(0.01), walk(-0.01, 0.7), walk(0.0)], 1)
    weights = torch.tensor([0.5, 0.3, 0.1, 0.1]).expand(FRAMES, 4)
    found = path(boxes, weights, ())
    mean = (0.3 * boxes[:, 0] + 0.1 * boxes[:, 1] + 0.1 * boxes[:, 2]) / 0.5
    torch.testing.assert_close(found[:, :4], (mean - 0.5) * POSITION_GAIN * 0.5)
    torch.testing.assert_close(found[:, 4], torch.full((FRAMES,), 0.5))


def test_where_nothing_is_looked_at_there_is_neither_place_nor_motion() -> None:
    weights = all_on(1, 2)
    weights[5] = torch.tensor([1.0, 0.0])
    found = path(walk(0.02), weights, (1,))
    assert not found[5, :5].any()
    # one end of the comparison is not there
    assert not found[[4, 6], 5:].any()
    assert found[5, 5] == pytest.approx(0.04 * MOTION_GAIN, rel=1e-4)
    assert not path(walk(0.02), all_on(0, 2), (1, 2)).any()


def test_each_view_has_its_own_path() -> None:
    boxes, reaches = torch.cat([walk(0.01), walk(0.0, 0.6)], 1), (1, 20)
    weights = torch.stack([all_on(1, 3), all_on(2, 3)])
    both = follow(weights[None], places_of(boxes[None])[0], reaches)[0]
    assert both.shape == (FRAMES, 2 * path_size(reaches))
    for view, part in enumerate(both.chunk(2, -1)):
        torch.testing.assert_close(part, path(boxes, weights[view], reaches))


def test_small_motions_survive_half_precision_elsewhere() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = path(walk(0.0005), all_on(1, 2).bfloat16(), (1,))
    assert found[3, 5].item() == pytest.approx(0.001 * MOTION_GAIN, rel=1e-3)
