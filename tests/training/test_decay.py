"""Which weights of LEORN-P decay, name by name."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from leorn.model.leorn_pyramid import LEORNPyramid
from leorn.training.decay import by_decay
from tests.model.small import PYRAMID_FUSION

ONE_OF_EACH = replace(
    PYRAMID_FUSION,
    num_layers=1,
    num_text_layers=1,
    levels=2,
    stem_blocks=0,
    views=1,
    num_conditioning_layers=1,
    num_head_layers=1,
)
DECAY = {
    "text.projection.weight",
    "text.layers.0.self_attn.in_proj_weight",
    "text.layers.0.self_attn.out_proj.weight",
    "text.layers.0.linear1.weight",
    "text.layers.0.linear2.weight",
    "objects.box_encoding.0.weight",
    "objects.box_encoding.3.weight",
    "objects.projection.weight",
    "reasoning.0.object_attention.attention.in_proj_weight",
    "reasoning.0.object_attention.attention.out_proj.weight",
    "reasoning.0.feedforward.expand.weight",
    "reasoning.0.feedforward.sentinel.weight",
    "reasoning.0.feedforward.contract.weight",
    "frames.weight",
    "pyramid.stem.0.conv.weight",
    "pyramid.stem.1.conv.weight",
    "pyramid.coarser.0.attention.neighbours.weight",
    "pyramid.coarser.0.attention.projections.0.weight",
    "pyramid.coarser.0.attention.projections.1.weight",
    "pyramid.coarser.0.attention.projections.2.weight",
    "pyramid.coarser.0.attention.out.weight",
    "pyramid.coarser.0.feedforward.expand.weight",
    "pyramid.coarser.0.feedforward.contract.weight",
    "steering.words.weight",
    "steering.query.0.weight",
    "steering.mix.0.conv.weight",
    "steering.mix.1.conv.weight",
    "steering.coarser.conv.weight",
    "conditioning.0.query.weight",
    "conditioning.0.key_value.weight",
    "conditioning.0.scale_shift.weight",
    "conditioning.0.feedforward.expand.weight",
    "conditioning.0.feedforward.contract.weight",
    "heads.score.0.conv.weight",
    "heads.span.0.conv.weight",
    "heads.logit.weight",
    "heads.distances.weight",
}
"""The matrices and kernels; not the sentinel, the background token, norms, biases, scales."""


@pytest.fixture(scope="module")
def network() -> LEORNPyramid:
    return LEORNPyramid(ONE_OF_EACH)


def test_matrices_and_kernels_of_the_pyramid_decay(network: LEORNPyramid) -> None:
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    parts = list(by_decay("all", list(network.parameters()), 0.25))
    assert [(name, rate) for name, _, rate in parts] == [("all", 0.25), ("all, no decay", 0.0)]
    decay, others = ([names[id(parameter)] for parameter in parameters] for _, parameters, _ in parts)
    assert sorted(decay) == sorted(DECAY)
    assert sorted(decay + others) == sorted(names.values())


def test_without_decay_they_stay_together(network: LEORNPyramid) -> None:
    parameters = list(network.parameters())
    ((name, together, rate),) = by_decay("all", parameters, 0.0)
    assert (name, rate) == ("all", 0.0)
    assert [id(parameter) for parameter in together] == [id(parameter) for parameter in parameters]


def test_a_part_keeps_its_order() -> None:
    matrices, vectors = ([nn.Parameter(torch.zeros(shape)) for _ in range(3)] for shape in ((2, 2), (2,)))
    mixed = [parameter for pair in zip(matrices, vectors, strict=True) for parameter in pair]
    decay, others = (parameters for _, parameters, _ in by_decay("part", mixed, 0.1))
    assert list(map(id, decay)) == list(map(id, matrices))
    assert list(map(id, others)) == list(map(id, vectors))
