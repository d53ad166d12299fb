"""A pyramid over time: convolutions, then transformer blocks whose attention stays in a window.

Every level has half as many steps as the one before. Its cost grows linearly with the video (ActionFormer, Zhang, Wu &
Li, ECCV 2022, section 3.2).

Letters: B videos, T steps, C channels, P levels, K heads.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.in_parts import in_parts
from leorn.model.recompute import run

LAYER_SCALE = 0.1
"""What a residual branch's channels are multiplied by at first (Touvron et al., ICCV 2021, who take 0.1 for networks of
up to 18 blocks)."""
STEPS_AT_ONCE = 4096
"""Steps that are worked on together where no gradient is asked for: they stay in a processor's cache."""
BLOCK = 32
"""Steps whose attention is computed together: enough for a matrix product to pay, few beside long windows."""


class Pyramid(nn.Module):
    """Steps of a video → the same at several rates, each level half as fast as the one before."""

    def __init__(
        self,
        input_size: int,
        channels: int,
        *,
        levels: int,
        stem_blocks: int,
        num_heads: int,
        window: int,
        drop_path: float,
    ) -> None:
        """Make the weights.

        Args:
            input_size: width of a frame (D).
            channels: width of a step (C), a multiple of `num_heads`.
            levels: how many (P), each half as fast as the one before.
            stem_blocks: transformer blocks at the finest level; each of the others has one.
            num_heads: heads of every block's attention (K).
            window: steps that a step attends to, itself in their middle: odd.
            drop_path: share of rows that the last block is left out for in training; less, evenly, in those before.
        """
        super().__init__()
        self.stem = nn.ModuleList([ConvNorm(input_size, channels), ConvNorm(channels, channels)])
        depth = stem_blocks + levels - 1
        rates = torch.linspace(0, drop_path, depth + 1).tolist()[1:]
        blocks = [LocalBlock(channels, num_heads, window, rate) for rate in rates]
        self.finest = nn.ModuleList(blocks[:stem_blocks])
        self.coarser = nn.ModuleList(blocks[stem_blocks:])

    def forward(
        self, x: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"], *, checkpoint_activations: bool = False
    ) -> tuple[list[Float[Tensor, "B _ C"]], list[Bool[Tensor, "B _"]]]:
        """Return the levels, finest first, and which steps of each are in the video.

        Args:
            x: a vector for each step; T is a multiple of 2 to the number of levels less one.
            mask: true where the video is.
            checkpoint_activations: compute what the blocks need on the way back again, in place of keeping it.

        Returns:
            Vectors of each level, of T, T/2, T/4, … steps, and for each level a mask: true where the video is.
        """
        for layer in self.stem:
            x = layer(x, mask)
        for block in self.finest:
            x = run(block, x, mask, again=checkpoint_activations)
        levels, masks = [x], [mask]
        for block in self.coarser:
            x, mask = halve(x, mask)
            x = run(block, x, mask, again=checkpoint_activations)
            levels.append(x)
            masks.append(mask)
        return levels, masks


class ConvNorm(nn.Module):
    """Convolution of width 3 over time, LayerNorm, ReLU; 0 beyond the video."""

    def __init__(self, input_size: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(input_size, channels, 3, padding=1)
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Return the new steps; `mask` is true where the video is."""
        return in_parts(self._of_steps, x, mask, whole=self.training, at_once=STEPS_AT_ONCE, margin=1)

    def _of_steps(self, x: Float[Tensor, "B T D"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        x = self.conv((x * mask[..., None]).transpose(1, 2)).transpose(1, 2)
        return self.norm(x).relu() * mask[..., None]


class LocalBlock(nn.Module):
    """Pre-norm transformer block: attention in a window around each step, then a feed-forward part."""

    def __init__(self, channels: int, num_heads: int, window: int, drop_path: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = LocalAttention(channels, num_heads, window)
        self.attention_scale = nn.Parameter(torch.full((channels,), LAYER_SCALE))
        self.feedforward = FeedForward(channels)
        self.drop_path = drop_path

    def forward(self, x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Return steps that have seen their neighbours; `mask` is true where the video is."""
        # a window, and a step beside it for the convolution
        margin = self.attention.reach + 1
        return in_parts(self._of_steps, x, mask, whole=self.training, at_once=STEPS_AT_ONCE, margin=margin)

    def _of_steps(self, x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        update = self.attention_scale * self.attention(self.attention_norm(x), mask)
        x = x + drop_rows(update, self.drop_path, self.training)
        x = x + drop_rows(self.feedforward(x), self.drop_path, self.training)
        return x * mask[..., None]


class FeedForward(nn.Module):
    """LayerNorm, an inner layer four times as wide, layer scale; the caller adds it to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, 4 * channels)
        self.contract = nn.Linear(4 * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), LAYER_SCALE))

    def forward(self, x: Float[Tensor, "B T C"]) -> Float[Tensor, "B T C"]:
        """Return what to add."""
        return self.scale * self.contract(F.gelu(self.expand(self.norm(x))))


class LocalAttention(nn.Module):
    """Multi-head attention of each step to those at most half a window away.

    A depthwise convolution of width 3 prepares queries, keys and values.
    """

    def __init__(self, channels: int, num_heads: int, window: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.reach = window // 2
        self.neighbours = nn.Conv1d(channels, 3 * channels, 3, padding=1, groups=channels, bias=False)
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.projections = nn.ModuleList(nn.Linear(channels, channels) for _ in range(3))
        self.out = nn.Linear(channels, channels)

    def forward(self, x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T C"]:
        """Return what each step takes from its window; `mask` is true where the video is."""
        channels = x.shape[-1]
        near = self.neighbours((x * mask[..., None]).transpose(1, 2)).transpose(1, 2)
        parts = near.unflatten(-1, (channels, 3)).unbind(-1)
        query, key, value = (
            project(norm(part)).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            for project, norm, part in zip(self.projections, self.norms, parts, strict=True)
        )
        return self.out(local_attention(query, key, value, mask, self.reach).transpose(1, 2).flatten(2))


def local_attention(
    query: Float[Tensor, "B K T D"],
    key: Float[Tensor, "B K T D"],
    value: Float[Tensor, "B K T D"],
    mask: Bool[Tensor, "B T"],
    reach: int,
) -> Float[Tensor, "B K T D"]:
    """Attend to the steps at most `reach` away that are in the video, block by block, in memory that is linear in T.

    Args:
        query: what each step looks for, D numbers for each of K heads.
        key: what each step is found by.
        value: what a step that looks there takes.
        mask: true where the video is.
        reach: steps to either side.

    Returns:
        The mean value of the steps in reach, weighted by the softmax of their keys' scaled products with the query; of
        no meaning for steps beyond the video.
    """
    steps = query.shape[2]
    beyond = -steps % BLOCK
    query = F.pad(query, (0, 0, 0, beyond)).unflatten(2, (-1, BLOCK))
    width = BLOCK + 2 * reach
    key, value = (
        F.pad(x, (0, 0, reach, reach + beyond)).unfold(2, width, BLOCK).transpose(-1, -2) for x in (key, value)
    )
    seen = F.pad(mask, (reach, reach + beyond)).unfold(1, width, BLOCK)[:, :, None]
    offset = torch.arange(width, device=mask.device) - torch.arange(BLOCK, device=mask.device)[:, None] - reach
    # a step always sees itself, lest a softmax over nothing be no number
    allowed = (offset.abs() <= reach) & seen | (offset == 0)
    # (B, blocks, K, …): the mask is the same for all heads
    query, key, value = (x.transpose(1, 2).flatten(0, 1) for x in (query, key, value))
    attended = F.scaled_dot_product_attention(query, key, value, attn_mask=allowed.flatten(0, 1)[:, None])
    attended = attended.unflatten(0, (len(mask), -1)).transpose(1, 2).flatten(2, 3)
    return attended[:, :, :steps]


def halve(
    x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]
) -> tuple[Float[Tensor, "B half C"], Bool[Tensor, "B half"]]:
    """Keep the larger value of each two steps in each channel; a step is in the video where either of the two is."""
    both = x.unflatten(1, (-1, 2)), mask.unflatten(1, (-1, 2))
    half = both[1].any(-1)
    largest = both[0].masked_fill(~both[1][..., None], -torch.inf).amax(2)
    return largest.masked_fill(~half[..., None], 0), half


def drop_rows(x: Float[Tensor, "B ..."], rate: float, training: bool) -> Float[Tensor, "B ..."]:
    """Stochastic depth (Huang et al., ECCV 2016): leave a residual branch out of some rows of a batch.

    Args:
        x: what the branch adds.
        rate: share of the rows that it is left out of; the others become 1 / (1 - rate) times as strong.
        training: whether the network is; otherwise nothing is left out.
    """
    if not training or rate == 0:
        return x
    kept = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device, dtype=x.dtype) >= rate
    return x * kept / (1 - rate)


class Steps(NamedTuple):
    """Where the steps of a row lie and how long they are, in steps of the finest level, and the level of each."""

    middles: Float[Tensor, "K"]
    strides: Float[Tensor, "K"]
    levels: Int[Tensor, "K"]


def in_a_row(levels: Sequence[Shaped[Tensor, "B _ *rest"]]) -> Shaped[Tensor, "B K *rest"]:
    """Lay the levels out one behind the other, after each a step of zeros that is in no video.

    A convolution of width 3 then sees one level alone, and what is done to all levels takes few operations in place of
    few for each.
    """
    return torch.cat([part for level in levels for part in (level, torch.zeros_like(level[:, :1]))], 1)


def steps_of(levels: Sequence[Tensor]) -> Steps:
    """Say where the steps of a row of levels lie, finest first; those between two levels lie beyond the video."""
    device = levels[0].device
    places = [torch.arange(level.shape[1] + 1, device=device) for level in levels]
    number = torch.cat([torch.full_like(place, level) for level, place in enumerate(places)])
    strides = 2.0**number
    return Steps((torch.cat(places) + 0.5) * strides, strides, number)
