"""Activation checkpointing changes memory, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from leorn.config import NetworkConfig
from leorn.model.networks import Network, make_network
from tests.model.small import SMALL, SMALL_PYRAMID, random_inputs


def step(config: NetworkConfig, again: bool) -> tuple[Network, Tensor, int]:
    """Return a network after one step's way back, its loss, and the bytes that were kept for it."""
    torch.manual_seed(0)
    network: Any = make_network(config).double().train()
    network.checkpoint_activations = again
    inputs = [value.double() if value.is_floating_point() else value for value in random_inputs(config)]
    kept: dict[int, int] = {}

    def keep(value: Tensor) -> Tensor:
        kept[value.data_ptr()] = value.nbytes
        return value

    spans = torch.tensor([[[0.1, 0.4]], [[0.5, 0.9]]], dtype=torch.float64)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        scored = network(*inputs)
    loss = network.loss(scored, spans, torch.ones(2, 1, dtype=torch.bool))
    loss.backward()
    return network, loss, sum(kept.values())


@pytest.mark.parametrize(
    "config",
    [
        replace(SMALL, attention_dropout=0.3, box_dropout=0.3),
        replace(SMALL_PYRAMID, attention_dropout=0.3, drop_path=0.5),
    ],
)
def test_gradients_and_statistics_are_the_same_and_less_is_kept(config: NetworkConfig) -> None:
    plain, loss, kept = step(config, again=False)
    again, same_loss, less = step(config, again=True)
    assert torch.equal(loss, same_loss)
    assert less < 0.75 * kept
    gradients = dict(again.named_parameters())
    for name, parameter in plain.named_parameters():
        grad, other = parameter.grad, gradients[name].grad
        assert (grad is None) == (other is None), name
        if grad is not None:
            assert other is not None
            torch.testing.assert_close(other, grad, rtol=1e-12, atol=1e-14, msg=name)
    buffers = dict(again.named_buffers())
    for name, buffer in plain.named_buffers():
        assert torch.equal(buffers[name], buffer), name
