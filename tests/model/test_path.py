"""The path of what is looked at, in closed forms."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.path import CHANGE_GAIN, POSITION_GAIN, follow, path_size, places_of

FRAMES = 12


def path(boxes: torch.Tensor, weights: torch.Tensor, reaches: tuple[int, ...], length: int = FRAMES) -> torch.Tensor:
    """Return the path of one view, whose weights (T, S) say where it looks."""
    return follow(weights[None, None], places_of(boxes[None])[0], torch.tensor(length), reaches)[0]


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
    change = path(walk(speed), all_on(1, 2), (reach,))[:, 5:]
    whole = torch.tensor([speed, 0, speed, 0, 0]) * POSITION_GAIN * CHANGE_GAIN * 2
    torch.testing.assert_close(change[reach:-reach], whole.expand(FRAMES - 2 * reach, 5), atol=1e-4, rtol=0)
    # there the video begins and ends, and nothing does in it
    torch.testing.assert_close(change[[0, -1]], whole.expand(2, 5) / 2, atol=1e-4, rtol=0)


def test_a_place_is_told_from_the_middle_of_the_frame() -> None:
    boxes = walk(0.01)
    found = path(boxes, all_on(1, 2), ())
    torch.testing.assert_close(found[:, :4], (boxes[:, 0] - 0.5) * POSITION_GAIN)
    assert (found[:, 4] == 1).all()


def test_the_place_of_several_objects_is_their_sum_by_weight() -> None:
    boxes = torch.cat([walk(0.01), walk(-0.01, 0.7), walk(0.0)], 1)
    weights = torch.tensor([0.5, 0.3, 0.1, 0.1]).expand(FRAMES, 4)
    found = path(boxes, weights, ())
    expected = sum(weight * (boxes[:, slot] - 0.5) for slot, weight in enumerate((0.3, 0.1, 0.1)))
    torch.testing.assert_close(found[:, :4], expected * POSITION_GAIN)
    torch.testing.assert_close(found[:, 4], torch.full((FRAMES,), 0.5))


def test_what_is_looked_at_less_moves_less() -> None:
    half = torch.full((FRAMES, 2), 0.5)
    whole, halved = path(walk(0.02), all_on(1, 2), (1,)), path(walk(0.02), half, (1,))
    torch.testing.assert_close(halved[:, :5], whole[:, :5] / 2)
    torch.testing.assert_close(halved[:, 5:], whole[:, 5:] / 4)


def test_what_appears_changes_its_share_and_has_not_moved() -> None:
    weights = all_on(0, 2)
    weights[5:] = torch.tensor([0.0, 1.0])
    found = path(walk(0.0), weights, (1, 2))
    share = torch.zeros(FRAMES)
    share[5:] = 1
    torch.testing.assert_close(found[:, 4], share)
    near, far = torch.zeros(FRAMES), torch.zeros(FRAMES)
    near[4:6], far[3:7] = CHANGE_GAIN, CHANGE_GAIN / 2
    assert not found[:, 5:9].any()
    torch.testing.assert_close(found[:, 9], near)
    torch.testing.assert_close(found[:, 14], far)


def test_what_lies_beyond_the_video_is_not_compared() -> None:
    boxes, weights = walk(0.02), all_on(1, 2)
    weights[8:] = torch.tensor([1.0, 0.0])
    whole = path(boxes[:8], weights[:8], (1, 3, 40), length=8)
    torch.testing.assert_close(path(boxes, weights, (1, 3, 40), length=8)[:8], whole)


def test_each_view_has_its_own_path() -> None:
    boxes, reaches = torch.cat([walk(0.01), walk(0.0, 0.6)], 1), (1, 20)
    weights = torch.stack([all_on(1, 3), all_on(2, 3)])
    both = follow(weights[None], places_of(boxes[None])[0], torch.tensor(FRAMES), reaches)[0]
    assert both.shape == (FRAMES, 2 * path_size(reaches))
    for view, part in enumerate(both.unflatten(-1, (2, -1)).unbind(1)):
        torch.testing.assert_close(part, path(boxes, weights[view], reaches))


def test_small_motions_survive_half_precision_elsewhere() -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = path(walk(0.0005), all_on(1, 2).bfloat16(), (1,))
    assert found[3, 5].item() == pytest.approx(0.001 * POSITION_GAIN * CHANGE_GAIN, rel=1e-3)
