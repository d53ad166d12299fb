"""Language-enhanced object reasoning: the sentence gates objects, objects attend to each other, time passes through.

Letters: B batch, T frames, S tokens of a frame (token 0 is the sentinel), H hidden width, F feed-forward
width, I inner width of the gate.
"""

from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.in_parts import in_parts
from leorn.model.objects import TokenNorm


class BeforeQuery(NamedTuple):
    """What a block makes of its tokens before it hears a query, and with text attention the inner layer's share."""

    tokens: Float[Tensor, "B T S H"]
    inner: Float[Tensor, "B T S I"] | None


class ReasoningBlock(nn.Module):
    """One round of text attention, object self-attention and feed-forward with temporal context shift."""

    def __init__(
        self,
        hidden_size: int,
        feedforward_size: int,
        *,
        num_heads: int,
        dropout: float,
        norm: Literal["batch", "layer"],
        temporal_shift: int,
        shift_sentinel_only: bool,
        text_attention: bool,
        object_attention: bool,
    ) -> None:
        super().__init__()
        self.text_attention = TextAttention(hidden_size, norm) if text_attention else None
        self.object_attention = ObjectAttention(hidden_size, num_heads, dropout, norm, attend=object_attention)
        self.feedforward = ShiftedFeedForward(
            hidden_size,
            feedforward_size,
            dropout=dropout,
            norm=norm,
            temporal_shift=temporal_shift,
            shift_sentinel_only=shift_sentinel_only,
        )

    def forward(
        self,
        tokens: Float[Tensor, "B T S H"],
        mask: Bool[Tensor, "B T S"],
        query: Float[Tensor, "B H"] | None = None,
        frame_mask: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T S H"]:
        """Let a frame's tokens reason about each other, steered by the query where there is text attention.

        Nothing moves in from frames outside `frame_mask`.
        """
        return self.hear(self.before_query(tokens), mask, query, frame_mask)

    def before_query(self, tokens: Float[Tensor, "B T S H"]) -> BeforeQuery:
        """Do what no query changes: of the first block once for each video."""
        return BeforeQuery(tokens, None) if self.text_attention is None else self.text_attention.before_query(tokens)

    def hear(
        self,
        before: BeforeQuery,
        mask: Bool[Tensor, "B T S"],
        query: Float[Tensor, "B H"] | None,
        frame_mask: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T S H"]:
        """Do the rest of `forward`."""
        tokens = before.tokens
        if self.text_attention is not None:
            assert query is not None
            tokens = self.text_attention.gate(before, mask, query)
        return self.feedforward(self.object_attention(tokens, mask), mask, frame_mask)


class TextAttention(nn.Module):
    """The query gates every channel of every token; no residual, no squashing of the gate."""

    def __init__(self, hidden_size: int, norm: Literal["batch", "layer"]) -> None:
        super().__init__()
        self.token = nn.Linear(hidden_size, hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size)
        self.inner = nn.Linear(2 * hidden_size, hidden_size // 2)
        self.outer = nn.Linear(hidden_size // 2, hidden_size)
        self.norm = TokenNorm(norm, hidden_size)

    def forward(
        self,
        tokens: Float[Tensor, "B T S H"],
        mask: Bool[Tensor, "B T S"],
        query: Float[Tensor, "B H"],
    ) -> Float[Tensor, "B T S H"]:
        """Return gated tokens, 0 where masked."""
        return self.gate(self.before_query(tokens), mask, query)

    def before_query(self, tokens: Float[Tensor, "B T S H"]) -> BeforeQuery:
        """Return what the query gates, and what the inner layer, which sees [token ; query], makes of it."""
        tokens = self.token(tokens).relu()
        return BeforeQuery(tokens, F.linear(tokens, self.inner.weight.chunk(2, dim=1)[0]))

    def gate(
        self, before: BeforeQuery, mask: Bool[Tensor, "B T S"], query: Float[Tensor, "B H"]
    ) -> Float[Tensor, "B T S H"]:
        """Do the rest of `forward`: what the inner layer makes of the query is one vector for all tokens."""
        assert before.inner is not None
        of_query = F.linear(self.query(query).relu(), self.inner.weight.chunk(2, dim=1)[1], self.inner.bias)
        gate = self.outer((before.inner + of_query[:, None, None]).relu())
        return self.norm(before.tokens * gate) * mask[..., None]


class ObjectAttention(nn.Module):
    """Multi-head self-attention among the valid tokens of one frame, and its residual.

    Without `attend` (ablation) the tokens stand for what attention would return: the published code adds them to
    themselves, and so do we.
    """

    def __init__(
        self, hidden_size: int, num_heads: int, dropout: float, norm: Literal["batch", "layer"], *, attend: bool
    ) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(hidden_size, num_heads, dropout, batch_first=True) if attend else None
        self.dropout = nn.Dropout(dropout)
        self.norm = TokenNorm(norm, hidden_size)

    def forward(self, tokens: Float[Tensor, "B T S H"], mask: Bool[Tensor, "B T S"]) -> Float[Tensor, "B T S H"]:
        """Return tokens that have seen their frame."""
        return in_parts(self._of_frames, tokens, mask, whole=self.training)

    def _of_frames(self, tokens: Float[Tensor, "B T S H"], mask: Bool[Tensor, "B T S"]) -> Float[Tensor, "B T S H"]:
        attended = tokens if self.attention is None else attend(self.attention, tokens, mask)
        return self.norm(mask[..., None] * (tokens + self.dropout(attended)))


def attend(
    attention: nn.MultiheadAttention, tokens: Float[Tensor, "B T S H"], mask: Bool[Tensor, "B T S"]
) -> Float[Tensor, "B T S H"]:
    """Let the valid tokens of each frame attend to each other.

    `MultiheadAttention.forward` computes the same: in bf16 with a copy of the weights for every slot, and in evaluation
    with a kernel that is slower than torch's fused one.
    """
    of_all = F.linear(tokens.flatten(0, 1), attention.in_proj_weight, attention.in_proj_bias)
    query, key, value = of_all.unflatten(-1, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4)
    dropout = attention.dropout if attention.training else 0.0
    found = F.scaled_dot_product_attention(query, key, value, mask.flatten(0, 1)[:, None, None], dropout)
    return attention.out_proj(found.transpose(1, 2).flatten(2)).view_as(tokens)


class ShiftedFeedForward(nn.Module):
    """Feed-forward layer in whose middle channels move between frames.

    Only the sentinel moves by default: objects in the same slot of neighbouring frames are different objects.
    """

    def __init__(
        self,
        hidden_size: int,
        feedforward_size: int,
        *,
        dropout: float,
        norm: Literal["batch", "layer"],
        temporal_shift: int,
        shift_sentinel_only: bool,
    ) -> None:
        super().__init__()
        self.temporal_shift = temporal_shift
        self.expand = nn.Linear(hidden_size, feedforward_size)
        sentinel = temporal_shift > 0 and shift_sentinel_only
        self.sentinel = nn.Linear(feedforward_size, feedforward_size) if sentinel else None
        self.contract = nn.Linear(feedforward_size, hidden_size)
        self.dropout = nn.Dropout(dropout)
        self.norm = TokenNorm(norm, hidden_size)

    def forward(
        self,
        tokens: Float[Tensor, "B T S H"],
        mask: Bool[Tensor, "B T S"],
        frame_mask: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T S H"]:
        """Return tokens, the sentinels (or all of them) having looked `temporal_shift` frames around."""
        if self.sentinel is None:
            update = self._contract(self._shift(self.expand(tokens).relu(), frame_mask))
            return self._add(tokens, mask, update)
        # apart until they are narrow again: the inner width is many times the outer one
        # contiguous: of a slice, torch 2.13 multiplies each frame with a copy of the weights in bf16
        context = self.sentinel(self._shift(self.expand(tokens[:, :, :1].contiguous()).relu(), frame_mask)).relu()
        return in_parts(self._of_frames, tokens, mask, self._contract(context), whole=self.training)

    def _of_frames(
        self, tokens: Float[Tensor, "B T S H"], mask: Bool[Tensor, "B T S"], context: Float[Tensor, "B T 1 H"]
    ) -> Float[Tensor, "B T S H"]:
        objects = self._contract(self.expand(tokens[:, :, 1:].contiguous()).relu())
        return self._add(tokens, mask, torch.cat([context, objects], 2))

    def _add(
        self, tokens: Float[Tensor, "B T S H"], mask: Bool[Tensor, "B T S"], update: Float[Tensor, "B T S H"]
    ) -> Float[Tensor, "B T S H"]:
        return self.norm(mask[..., None] * (tokens + self.dropout(update)))

    def _shift(
        self, inner: Float[Tensor, "B T S F"], frame_mask: Bool[Tensor, "B T"] | None
    ) -> Float[Tensor, "B T S F"]:
        if frame_mask is not None:
            inner = inner * frame_mask[..., None, None]
        return shift_in_time(inner, self.temporal_shift)

    def _contract(self, inner: Float[Tensor, "B T S F"]) -> Float[Tensor, "B T S H"]:
        return self.contract(self.dropout(inner))


def shift_in_time(x: Float[Tensor, "B T S F"], frames: int) -> Float[Tensor, "B T S F"]:
    """Move a quarter of the channels `frames` later, a quarter earlier, leave the half (TSM, Lin et al., 2019).

    Zeros enter at the ends.
    """
    if frames == 0:
        return x
    quarter = x.shape[-1] // 4
    later, earlier, still = x.split([quarter, quarter, x.shape[-1] - 2 * quarter], -1)
    gap = later.new_zeros(x.shape[0], min(frames, x.shape[1]), x.shape[2], quarter)
    later = torch.cat([gap, later[:, :-frames]], 1)
    earlier = torch.cat([earlier[:, frames:], gap], 1)
    return torch.cat([later, earlier, still], -1)
