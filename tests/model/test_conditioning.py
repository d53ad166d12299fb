"""Cross-attention to the words against closed forms; the whole is compared in test_leorn_pyramid.py."""

import torch
from torch import Tensor

from leorn.model.conditioning import WordConditioning


def layer_without_feedforward() -> WordConditioning:
    torch.manual_seed(0)
    layer = WordConditioning(4, 6, 2).eval()
    with torch.no_grad():
        layer.feedforward.scale.zero_()
    return layer


def scaled_and_shifted(layer: WordConditioning, x: Tensor, read: Tensor) -> Tensor:
    """Return steps of which each has read the same."""
    scale, shift = (layer.scale_shift.weight @ read + layer.scale_shift.bias).chunk(2)
    normal = (x - x.mean(-1, keepdim=True)) / (x.var(-1, correction=0, keepdim=True) + 1e-5).sqrt()
    return x + normal * scale + shift


def value_of(layer: WordConditioning, word: Tensor) -> Tensor:
    return layer.key_value.weight[4:] @ word + layer.key_value.bias[4:]


def test_the_only_word_is_read_by_every_step() -> None:
    layer = layer_without_feedforward()
    x, words = torch.randn(1, 5, 4), torch.randn(1, 3, 6)
    found = layer(x, words, torch.tensor([[False, True, False]]))
    torch.testing.assert_close(found, scaled_and_shifted(layer, x, value_of(layer, words[0, 1])))


def test_words_that_are_asked_for_alike_are_read_alike() -> None:
    layer = layer_without_feedforward()
    with torch.no_grad():
        layer.query.weight.zero_()
        layer.query.bias.zero_()
    x, words = torch.randn(1, 5, 4), torch.randn(1, 3, 6)
    found = layer(x, words, torch.tensor([[True, True, False]]))
    read = (value_of(layer, words[0, 0]) + value_of(layer, words[0, 1])) / 2
    torch.testing.assert_close(found, scaled_and_shifted(layer, x, read))


def test_each_head_reads_the_word_that_its_step_asks_for() -> None:
    layer = layer_without_feedforward()
    with torch.no_grad():
        layer.query.weight.zero_()
        # the first head asks for what the second word is, the second for what the first is
        layer.query.bias.copy_(torch.tensor([-100.0, 0, 100, 0]))
        layer.key_value.weight[:4].zero_()
        layer.key_value.bias[:4].zero_()
        layer.key_value.weight[[0, 2], 0] = 1
    x, words = torch.randn(1, 5, 4), torch.randn(1, 2, 6)
    words[0, :, 0] = torch.tensor([1.0, -1.0])
    found = layer(x, words, torch.ones(1, 2, dtype=torch.bool))
    read = torch.cat([value_of(layer, words[0, 1])[:2], value_of(layer, words[0, 0])[2:]])
    torch.testing.assert_close(found, scaled_and_shifted(layer, x, read))
