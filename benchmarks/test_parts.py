"""What the parts of LEORN cost, each against the plain way to the same result where there is one.

The configuration is that of Charades-STA, full size, random weights; of the map's convolutions also that of TACoS.
"""

import copy
from typing import NamedTuple

import pytest
import torch
from conftest import InTurns
from sides import arithmetic, random_tensors, read_model
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.config import ModelConfig
from leorn.model.leorn import LEORN
from leorn.model.reasoning import ReasoningBlock, TextAttention

CHARADES, TACOS = "experiments/charades/LEORN-64x64-K9L4.yaml", "experiments/tacos/LEORN-128x128-K5L8.yaml"
OBJECTS, WORDS = 18, 10
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])


class Parts(NamedTuple):
    """A network, and what goes into its parts."""

    network: LEORN
    words: Tensor
    word_mask: Tensor
    video: tuple[Tensor, Tensor, Tensor]
    tokens: Tensor
    mask: Tensor
    query: Tensor
    cells: Tensor


@pytest.fixture(scope="module", params=[CHARADES], ids=["K9L4-64x64"])
def parts(request: pytest.FixtureRequest) -> Parts:
    """Make a network and inputs of its parts."""
    return make_parts(request.param, request.config.getoption("--device"))


@pytest.fixture(scope="module", params=[CHARADES, TACOS], ids=["K9L4-64x64", "K5L8-128x128"])
def maps(request: pytest.FixtureRequest) -> Parts:
    """Make networks with maps of both kinds."""
    return make_parts(request.param, request.config.getoption("--device"))


def make_parts(experiment: str, device: str) -> Parts:
    """Make a network of full size, and what goes into its parts."""
    torch.manual_seed(0)
    config = read_model(ModelConfig, experiment)
    network = LEORN(config).to(device).eval()
    objects, mask, boxes = (tensor.to(device) for tensor in random_tensors(config, OBJECTS))
    words, word_mask = torch.randn(1, WORDS, config.word_size), torch.ones(1, WORDS, dtype=torch.bool)
    cells = F.normalize(torch.randn(1, int(network.moment_map.mask.sum()), config.hidden_size), dim=-1)
    with torch.inference_mode():
        tokens, token_mask = network.objects(objects, mask, boxes)
    query = torch.randn(1, config.hidden_size, device=device)
    video = (objects, mask, boxes)
    return Parts(network, words.to(device), word_mask.to(device), video, tokens, token_mask, query, cells.to(device))


@PRECISIONS
def test_sentence(in_turns: InTurns, device: str, parts: Parts, dtype: torch.dtype) -> None:
    def encode() -> None:
        with arithmetic(device, dtype):
            parts.network.text(parts.words, parts.word_mask)

    in_turns(encode)


@PRECISIONS
def test_preparing_a_video(in_turns: InTurns, device: str, parts: Parts, dtype: torch.dtype) -> None:
    def prepare(precision: torch.dtype) -> None:
        with arithmetic(device, precision):
            parts.network.encode_video(*parts.video)

    in_turns(lambda: prepare(dtype), None if dtype == torch.float32 else lambda: prepare(torch.float32), dtype=dtype)


@PRECISIONS
def test_a_reasoning_block(in_turns: InTurns, device: str, parts: Parts, dtype: torch.dtype) -> None:
    """Against concatenation in front of the gate, and `MultiheadAttention` as torch runs it."""
    block = parts.network.reasoning[0]
    assert isinstance(block, ReasoningBlock)

    def fast() -> None:
        with arithmetic(device, dtype):
            block(parts.tokens, parts.mask, parts.query)

    def plain() -> None:
        with arithmetic(device, torch.float32):
            plain_block(block, parts.tokens, parts.mask, parts.query)

    with torch.inference_mode():
        same = block(parts.tokens, parts.mask, parts.query), plain_block(block, parts.tokens, parts.mask, parts.query)
    torch.testing.assert_close(*same, atol=1e-4, rtol=1e-4)
    in_turns(fast, plain, dtype=dtype)


@PRECISIONS
def test_map_convolutions(in_turns: InTurns, device: str, maps: Parts, dtype: torch.dtype) -> None:
    def convolve(way: str, precision: torch.dtype) -> None:
        maps.network.map_conv.way = way
        with arithmetic(device, precision):
            maps.network.map_conv(maps.cells)

    in_turns(lambda: convolve("measured", dtype), lambda: convolve("direct", torch.float32), dtype=dtype)


@PRECISIONS
def test_training_map_convolutions(in_turns: InTurns, device: str, maps: Parts, dtype: torch.dtype) -> None:
    """Forward and backward, two queries."""
    if maps.network.config.clips > 64 and device == "cpu":
        pytest.skip("a step of the plain path takes a minute on a CPU")
    network = copy.deepcopy(maps.network.map_conv).train()
    cells = maps.cells.expand(2, -1, -1).clone().requires_grad_()

    def step(precision: torch.dtype) -> None:
        with arithmetic(device, precision, gradients=True):
            network(cells).sum().backward()

    plain = None if dtype == torch.float32 else lambda: step(torch.float32)
    in_turns(lambda: step(dtype), plain, examples=2, plain_examples=2, dtype=dtype)


def plain_block(block: ReasoningBlock, tokens: Tensor, mask: Tensor, query: Tensor) -> Tensor:
    """Compute a block as its definition reads."""
    gate, attend = block.text_attention, block.object_attention
    assert isinstance(gate, TextAttention)
    assert isinstance(attend.attention, nn.MultiheadAttention)
    heard = gate.token(tokens).relu()
    beside = torch.cat([heard, gate.query(query).relu()[:, None, None].expand_as(heard)], -1)
    tokens = gate.norm(heard * gate.outer(gate.inner(beside).relu())) * mask[..., None]
    frames, padding = tokens.flatten(0, 1), ~mask.flatten(0, 1)
    attended = attend.attention(frames, frames, frames, key_padding_mask=padding, need_weights=False)[0]
    tokens = attend.norm(mask[..., None] * (tokens + attended.view_as(tokens)))
    return block.feedforward(tokens, mask)
