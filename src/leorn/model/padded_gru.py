"""A bidirectional GRU over padded sentences, without asking the device how long they are.

Letters: B sentences, L words, D_w word vector width, D width of a layer's input, H hidden width.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def padded_gru(gru: nn.GRU, words: Float[Tensor, "B L D_w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B L two_H"]:
    """Run a GRU over sentences of different lengths; states of padding are 0.

    Packing them, as `packed_gru` does, needs their lengths on the host, which then waits for all that an accelerator
    still has to do. Here each sentence is turned around within its length for the way back. Always in single precision:
    under autocast cuDNN would compute in fp16.

    Args:
        gru: bidirectional, with biases, batch first, without dropout between its layers.
        words: padded with anything.
        lengths: words of each sentence.
    """
    with torch.autocast(words.device.type, enabled=False):
        return _run(gru, words.float() if words.dtype != torch.float64 else words, lengths)


def _run(gru: nn.GRU, words: Float[Tensor, "B L D_w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B L two_H"]:
    steps = torch.arange(words.shape[1], device=words.device)
    inside = steps < lengths[:, None]
    turned = torch.where(inside, lengths[:, None] - 1 - steps, steps)[..., None]
    states = words
    for layer in range(gru.num_layers):
        forward = _one_way(gru, states, f"l{layer}")
        backward = _one_way(gru, states.gather(1, turned.expand_as(states)), f"l{layer}_reverse")
        states = torch.cat([forward, backward.gather(1, turned.expand_as(backward))], -1) * inside[..., None]
    return states


def _one_way(gru: nn.GRU, inputs: Float[Tensor, "B L D"], weights: str) -> Float[Tensor, "B L H"]:
    """Run one layer in one direction."""
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    start = inputs.new_zeros(1, len(inputs), gru.hidden_size)
    own = [getattr(gru, f"{name}_{weights}") for name in names]
    # biases, layers, dropout, training, bidirectional, batch first
    return torch.gru(inputs, start, own, True, 1, 0.0, gru.training, False, True)[0]
