"""A GRU as the operator of ONNX, which takes sentences of different lengths; torch's own is not exported with them."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def onnx_gru(gru: nn.GRU, words: Float[Tensor, "B L D_w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B L two_H"]:
    """Stand for a bidirectional GRU in a graph that is exported; computes nothing itself."""
    states = words.transpose(0, 1)
    for layer in range(gru.num_layers):
        weights = [
            torch.stack([_gates(getattr(gru, f"{name}_l{layer}{direction}")) for direction in ("", "_reverse")])
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        inputs = states, weights[0], weights[1], torch.cat(weights[2:], 1), lengths.to(torch.int32)
        states = torch.onnx.ops.symbolic(
            "GRU",
            inputs,
            # torch applies the reset gate behind the matrix product
            {"hidden_size": gru.hidden_size, "direction": "bidirectional", "linear_before_reset": 1},
            dtype=states.dtype,
            shape=(len(states), 2, states.shape[1], gru.hidden_size),
        )
        states = states.transpose(1, 2).flatten(2)
    return states.transpose(0, 1)


def _gates(values: Tensor) -> Tensor:
    """Put torch's order of gates, reset, update and new, into that of ONNX: update, reset, new."""
    reset, update, new = values.chunk(3)
    return torch.cat([update, reset, new])
