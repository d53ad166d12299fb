import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.reasoning import ObjectAttention, ReasoningBlock, ShiftedFeedForward, TextAttention, shift_in_time
from tests.model.reference import shift


@given(st.integers(1, 6), st.integers(1, 8), st.integers(1, 9))
def test_shift_is_the_slow_one(time: int, frames: int, channels: int) -> None:
    x = np.arange(2.0 * time * 3 * channels).reshape(2, time, 3, channels) + 1
    shifted = shift_in_time(torch.from_numpy(x), frames).numpy()
    for video, slot in np.ndindex(2, 3):
        assert (shifted[video, :, slot] == shift(x[video, :, slot], frames)).all()


def test_shift_by_hand() -> None:
    x = torch.arange(1.0, 4.0)[:, None].expand(3, 4)[None, :, None]
    assert shift_in_time(x, 1)[0, :, 0].tolist() == [[0, 2, 1, 1], [1, 3, 2, 2], [2, 0, 3, 3]]


@pytest.mark.parametrize("frames", [3, 4, 100])
def test_a_shift_longer_than_the_video_leaves_the_still_half_alone(frames: int) -> None:
    x = torch.ones(1, 3, 2, 8)
    shifted = shift_in_time(x, frames)
    assert not shifted[..., :4].any()
    assert (shifted[..., 4:] == 1).all()


def test_shift_keeps_its_input() -> None:
    x = torch.ones(1, 3, 2, 8)
    shift_in_time(x, 1)
    assert (x == 1).all()


def feed_forward(*, temporal_shift: int, shift_sentinel_only: bool) -> ShiftedFeedForward:
    torch.manual_seed(0)
    # wide enough that no quarter of the channels is silent
    return ShiftedFeedForward(
        8, 64, dropout=0.0, norm="layer", temporal_shift=temporal_shift, shift_sentinel_only=shift_sentinel_only
    ).eval()


@pytest.mark.parametrize(
    ("temporal_shift", "shift_sentinel_only", "reached"),
    [
        (2, True, {(1, 0), (3, 0), (5, 0), (3, 1)}),
        (2, False, {(1, 0), (3, 0), (5, 0), (1, 1), (3, 1), (5, 1)}),
        (0, True, {(3, 0), (3, 1)}),
    ],
)
def test_a_frame_reaches_frames_by_the_tokens_that_shift(
    temporal_shift: int, shift_sentinel_only: bool, reached: set[tuple[int, int]]
) -> None:
    layer = feed_forward(temporal_shift=temporal_shift, shift_sentinel_only=shift_sentinel_only)
    tokens, mask = torch.randn(1, 7, 2, 8), torch.ones(1, 7, 2, dtype=torch.bool)
    changed = tokens.clone()
    changed[0, 3] += torch.randn(2, 8)
    with torch.no_grad():
        differs = (layer(tokens, mask) != layer(changed, mask)).any(-1)[0]
    assert {(frame, slot) for frame, slot in differs.nonzero().tolist()} == reached


@pytest.mark.parametrize(("temporal_shift", "shift_sentinel_only"), [(2, False), (0, True), (0, False)])
def test_only_a_shifted_sentinel_has_a_layer_of_its_own(temporal_shift: int, shift_sentinel_only: bool) -> None:
    assert feed_forward(temporal_shift=2, shift_sentinel_only=True).sentinel is not None
    assert feed_forward(temporal_shift=temporal_shift, shift_sentinel_only=shift_sentinel_only).sentinel is None


def test_objects_attend_within_their_frame_to_valid_tokens_only() -> None:
    torch.manual_seed(0)
    layer = ObjectAttention(8, 2, 0.0, "layer", attend=True).eval()
    tokens, mask = torch.randn(2, 3, 4, 8), torch.ones(2, 3, 4, dtype=torch.bool)
    mask[0, 1, 3] = False
    changed = tokens.clone()
    changed[0, 0, 2] += torch.randn(8)  # a valid token: its whole frame sees it
    changed[0, 1, 3] += torch.randn(8)  # a masked one: nobody does
    with torch.no_grad():
        before, after = layer(tokens, mask), layer(changed, mask)
    same = (before - after).abs().amax(-1) < 1e-6
    expected = torch.ones(2, 3, 4, dtype=torch.bool)
    expected[0, 0] = False
    assert torch.equal(same, expected)


def test_without_attention_tokens_are_added_to_themselves() -> None:
    layer = ObjectAttention(8, 2, 0.5, "batch", attend=False).eval()
    tokens, mask = torch.randn(2, 3, 4, 8), torch.rand(2, 3, 4) < 0.5
    with torch.no_grad():
        found = layer(tokens, mask)
    # BatchNorm as it starts divides by sqrt(1 + eps)
    torch.testing.assert_close(found, 2 * tokens * mask[..., None] / (1 + 1e-5) ** 0.5)


def test_text_attention_gates_by_the_token_and_the_query() -> None:
    torch.manual_seed(0)
    layer = TextAttention(8, "batch").eval()
    tokens, query = torch.randn(2, 3, 4, 8), torch.randn(2, 8)
    mask = torch.rand(2, 3, 4) < 0.7
    with torch.no_grad():
        token = layer.token(tokens).relu()
        beside = layer.query(query).relu()[:, None, None].expand_as(token)
        gate = layer.outer(layer.inner(torch.cat([token, beside], -1)).relu())
        expected = layer.norm(token * gate) * mask[..., None]
        torch.testing.assert_close(layer(tokens, mask, query), expected)


@pytest.mark.parametrize("text_attention", [True, False])
def test_the_query_has_a_say_only_through_text_attention(text_attention: bool) -> None:
    torch.manual_seed(0)
    block = ReasoningBlock(
        8,
        12,
        num_heads=2,
        dropout=0.0,
        norm="layer",
        temporal_shift=1,
        shift_sentinel_only=True,
        text_attention=text_attention,
        object_attention=True,
    ).eval()
    tokens, mask = torch.randn(1, 3, 4, 8), torch.ones(1, 3, 4, dtype=torch.bool)
    with torch.no_grad():
        one, other = block(tokens, mask, torch.randn(1, 8)), block(tokens, mask, torch.randn(1, 8))
    assert torch.equal(one, other) is not text_attention
