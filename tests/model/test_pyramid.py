"""Parts of the pyramid against closed forms; the whole is compared in test_leorn_pyramid.py."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from leorn.model.pyramid import (
    BLOCK,
    ConvNorm,
    LocalBlock,
    Pyramid,
    drop_rows,
    halve,
    in_a_row,
    local_attention,
    steps_of,
)


@given(
    steps=st.integers(1, 3 * BLOCK),
    reach=st.integers(0, 40),
    seed=st.integers(0, 100),
)
def test_local_attention_is_full_attention_with_a_band(steps: int, reach: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    query, key, value = torch.randn(3, 2, 2, steps, 4, generator=generator, dtype=torch.float64)
    lengths = torch.randint(1, steps + 1, (2,), generator=generator)
    mask = torch.arange(steps) < lengths[:, None]
    offset = torch.arange(steps) - torch.arange(steps)[:, None]
    allowed = (offset.abs() <= reach) & mask[:, None, :] | (offset == 0)
    scores = (query @ key.transpose(-1, -2) / 2).masked_fill(~allowed[:, None], -torch.inf)
    expected = scores.softmax(-1) @ value

    attended = local_attention(query, key, value, mask, reach)
    for row, length in enumerate(lengths):
        torch.testing.assert_close(attended[row, :, :length], expected[row, :, :length])
    assert attended.isfinite().all()


def test_halving_takes_the_larger_of_two_steps_and_none_from_beyond_the_video() -> None:
    x = torch.tensor([[[1.0], [5.0], [-3.0], [7.0]]])
    values, mask = halve(x, torch.tensor([[True, True, True, False]]))
    assert values.tolist() == [[[5.0], [-3.0]]]
    assert mask.tolist() == [[True, True]]
    values, mask = halve(x, torch.tensor([[True, False, False, False]]))
    assert values.tolist() == [[[1.0], [0.0]]]
    assert mask.tolist() == [[True, False]]


def test_steps_of_all_levels_have_their_middles_and_lengths() -> None:
    steps = steps_of([torch.zeros(1, 4, 2), torch.zeros(1, 2, 2), torch.zeros(1, 1, 2)])
    # behind each level a step beyond it
    assert steps.middles.tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 1, 3, 5, 2, 6]
    assert steps.strides.tolist() == [1, 1, 1, 1, 1, 2, 2, 2, 4, 4]
    assert steps.levels.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_levels_in_a_row_do_not_see_each_other_through_convolutions() -> None:
    torch.manual_seed(0)
    levels, masks = (
        [torch.randn(2, length, 3) for length in (8, 4, 2)],
        [torch.ones(2, length) > 0 for length in (8, 4, 2)],
    )
    layers = [ConvNorm(3, 5), ConvNorm(5, 5)]
    alone, row, mask = [], in_a_row(levels), in_a_row(masks)
    for level, inside in zip(levels, masks, strict=True):
        for layer in layers:
            level = layer(level, inside)
        alone.append(level)
    for layer in layers:
        row = layer(row, mask)
    torch.testing.assert_close(row[mask], in_a_row(alone)[mask])
    assert not row[~mask].any()
    assert mask.sum(1).tolist() == [14, 14]


def test_stochastic_depth_leaves_out_whole_rows_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    x = torch.ones(4000, 3, 2)
    dropped = drop_rows(x, 0.25, training=True)
    assert ((dropped == 0) | (dropped == 1 / 0.75)).all()
    assert (dropped == dropped[:, :1, :1]).all()
    assert dropped.mean().item() == pytest.approx(1, abs=0.03)
    assert drop_rows(x, 0.25, training=False) is x
    assert drop_rows(x, 0.0, training=True) is x


@pytest.mark.parametrize("branch", ["attention", "feedforward"])
def test_either_branch_of_a_block_is_left_out_of_whole_rows(branch: str) -> None:
    torch.manual_seed(0)
    block = LocalBlock(8, 2, window=3, drop_path=0.75)
    with torch.no_grad():
        # nothing comes of the other branch
        (block.feedforward.scale if branch == "attention" else block.attention_scale).zero_()
        x, mask = torch.randn(1, 5, 8).expand(40, 5, 8), torch.ones(40, 5, dtype=torch.bool)
        added = block.eval()(x, mask) - x
        dropped = block.train()(x, mask) - x
    assert added.abs().amax() > 1e-3
    kept = dropped.flatten(1).any(1)
    assert 0 < kept.sum() < 30
    # a quarter of them, four times as strong
    torch.testing.assert_close(dropped[kept], 4 * added[kept], atol=1e-5, rtol=1e-4)


def test_later_blocks_are_left_out_more_often() -> None:
    pyramid = Pyramid(4, 8, levels=3, stem_blocks=2, num_heads=2, window=3, drop_path=0.4)
    rates = [block.drop_path for block in [*pyramid.finest, *pyramid.coarser]]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_step_sees_as_far_as_its_convolutions_and_windows_reach() -> None:
    torch.manual_seed(0)
    pyramid = Pyramid(4, 8, levels=1, stem_blocks=1, num_heads=2, window=5, drop_path=0.0).eval()
    x = torch.randn(1, 64, 4, requires_grad=True)
    levels, _ = pyramid(x, torch.ones(1, 64, dtype=torch.bool))
    levels[0][0, 32].sum().backward()
    assert x.grad is not None
    reached = np.flatnonzero(x.grad[0].abs().sum(-1))
    # two convolutions of the stem, one before attention, two steps of the window to either side
    assert (reached.min(), reached.max()) == (32 - 5, 32 + 5)


def test_gradients_of_local_attention_are_those_of_the_band() -> None:
    torch.manual_seed(0)
    query, key, value = (torch.randn(1, 1, 37, 2, dtype=torch.float64, requires_grad=True) for _ in range(3))
    mask = torch.ones(1, 37, dtype=torch.bool)
    assert torch.autograd.gradcheck(lambda q, k, v: local_attention(q, k, v, mask, 2), (query, key, value))
    band = (torch.arange(37) - torch.arange(37)[:, None]).abs() <= 2
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=band)
    torch.testing.assert_close(local_attention(query, key, value, mask, 2), expected)
