"""What a query of LEORN costs on a prepared video: the plain path, the fast one, in bfloat16, many in a call.

Networks of full size with random weights, a sentence of ten words, from word vectors to ranked moments. The plain path
computes the map's convolutions directly and everything in single precision.
"""

import pytest
import torch
from conftest import InTurns
from sides import Side, read_model

from leorn.config import ModelConfig, PyramidConfig

LEORN = {
    "K9L4-64x64": ("experiments/charades/LEORN-64x64-K9L4.yaml", 18),
    "K5L8-128x128": ("experiments/tacos/LEORN-128x128-K5L8.yaml", 36),
}
"""Experiments, and the objects of a frame."""
PYRAMID = {
    "T256": ("experiments/charades/LEORN-P-256.yaml", 18),
    "T2304": ("experiments/tacos/LEORN-P-2304.yaml", 36),
}
MANY = 16


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize(("experiment", "objects"), LEORN.values(), ids=LEORN.keys())
def test_one_query_against_the_plain_path(
    in_turns: InTurns, device: str, experiment: str, objects: int, bf16: bool
) -> None:
    config = read_model(ModelConfig, experiment)
    plain = Side(config, objects, way="direct", device=device)
    fast = Side(config, objects, bf16=bf16, device=device)
    in_turns(fast.answer, plain.answer, dtype=torch.bfloat16 if bf16 else torch.float32)


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
@pytest.mark.parametrize(("experiment", "objects"), LEORN.values(), ids=LEORN.keys())
def test_many_queries_in_a_call_against_one(
    in_turns: InTurns, device: str, experiment: str, objects: int, bf16: bool
) -> None:
    config = read_model(ModelConfig, experiment)
    one = Side(config, objects, bf16=bf16, device=device)
    many = Side(config, objects, queries=MANY, bf16=bf16, device=device)
    dtype = torch.bfloat16 if bf16 else torch.float32
    in_turns(many.answer, one.answer, against="one query in a call", examples=MANY, dtype=dtype)


@pytest.mark.parametrize(("experiment", "objects"), PYRAMID.values(), ids=PYRAMID.keys())
def test_many_queries_to_a_pyramid_in_a_call_against_one(
    in_turns: InTurns, device: str, experiment: str, objects: int
) -> None:
    config = read_model(PyramidConfig, experiment)
    one = Side(config, objects, device=device)
    many = Side(config, objects, queries=MANY, device=device)
    in_turns(many.answer, one.answer, against="one query in a call", examples=MANY)
