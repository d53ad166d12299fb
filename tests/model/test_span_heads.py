"""The heads against closed forms; with the rest of the network they are compared in test_leorn_pyramid.py."""

import math

import pytest
import torch

from leorn.model.span_heads import SpanHeads


def test_an_untrained_network_says_one_in_a_hundred() -> None:
    heads = SpanHeads(6, num_layers=1, levels=2)
    # what lies beyond the video is 0 after a convolution, so that the bias alone speaks
    logits, _ = heads(torch.randn(2, 5, 6), torch.zeros(2, 5, dtype=torch.bool), torch.tensor([0, 0, 0, 1, 1]))
    assert logits.sigmoid().flatten().tolist() == pytest.approx([0.01] * 10)


def test_distances_are_scaled_by_level_and_not_below_zero() -> None:
    heads = SpanHeads(2, num_layers=0, levels=2)
    with torch.no_grad():
        heads.distances.weight.copy_(torch.eye(2))
        heads.distances.bias.zero_()
        heads.level_scale.copy_(torch.tensor([1.0, 3.0]))
    x = torch.tensor([[[0.5, -2.0], [0.5, -2.0]]])
    _, distances = heads(x, torch.ones(1, 2, dtype=torch.bool), torch.tensor([0, 1]))
    expected = [[math.log1p(math.exp(scale * value)) for value in (0.5, -2.0)] for scale in (1, 3)]
    torch.testing.assert_close(distances, torch.tensor([expected]))


def test_under_bf16_what_the_heads_say_keeps_its_digits() -> None:
    heads = SpanHeads(1, num_layers=0, levels=1)
    with torch.no_grad():
        for layer in (heads.logit, heads.distances):
            layer.weight.fill_(1)
            layer.bias.zero_()
    # in bf16 all of these are 1
    x = 1 + torch.arange(8)[None, :, None] * 1e-4
    with torch.autocast("cpu", torch.bfloat16):
        logits, distances = heads(x, torch.ones(1, 8, dtype=torch.bool), torch.zeros(8, dtype=torch.long))
    assert logits.dtype == distances.dtype == torch.float32
    torch.testing.assert_close(logits, x[..., 0])
    torch.testing.assert_close(distances, x.exp().log1p().expand(1, 8, 2))
