"""What a training step of LEORN costs: forward, backward, clipping and update, against the plain path.

The plain path is single precision, uncompiled, with the optimizer that torch takes by itself. On a CPU the fast one is
bfloat16 with a fused optimizer; on a GPU the network is compiled, too.
"""

from collections.abc import Callable

import pytest
import torch
from conftest import InTurns
from sides import arithmetic, random_tensors, read_model

from leorn.config import ModelConfig
from leorn.model.leorn import LEORN
from leorn.model.networks import compile_network

STEPS = {
    "K9L4-64x64": ("experiments/charades/LEORN-64x64-K9L4.yaml", 18),
    "K5L8-128x128": ("experiments/tacos/LEORN-128x128-K5L8.yaml", 36),
}
WORDS = 10


@pytest.mark.parametrize(("name", "batch"), [("K9L4-64x64", 4), ("K5L8-128x128", 2)])
def test_step_against_the_plain_path(in_turns: InTurns, device: str, name: str, batch: int) -> None:
    gpu = device.startswith("cuda")
    if name != "K9L4-64x64" and not gpu:
        pytest.skip("a step of the plain path takes a minute on a CPU")
    batch = batch * 4 if gpu else batch
    plain = make_step(name, batch, device, torch.float32, fused=False, compiled=False)
    fast = make_step(name, batch, device, torch.bfloat16, fused=True, compiled=gpu)
    in_turns(fast, plain, examples=batch, plain_examples=batch, dtype=torch.bfloat16, counted=plain)


def make_step(
    name: str, batch: int, device: str, dtype: torch.dtype, *, fused: bool, compiled: bool, checkpoint: bool = False
) -> Callable[[], None]:
    """Return a training step on a random batch, all queries of it about different videos."""
    torch.manual_seed(0)
    experiment, objects = STEPS[name]
    config = read_model(ModelConfig, experiment)
    network = LEORN(config).to(device).train()
    network.checkpoint_activations = checkpoint
    if compiled:
        compile_network(network)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=fused or None)
    words = torch.randn(batch, WORDS, config.word_size, device=device)
    videos = zip(*(random_tensors(config, objects) for _ in range(batch)), strict=True)
    video = [torch.cat(parts).to(device) for parts in videos]
    inputs = (words, torch.ones(batch, WORDS, dtype=torch.bool, device=device), *video)
    spans = torch.tensor([[[0.2, 0.5]]], device=device).expand(batch, 1, 2)
    span_mask = torch.ones(batch, 1, dtype=torch.bool, device=device)

    def step() -> None:
        with arithmetic(device, dtype, gradients=True):
            loss = network.loss(network(*inputs), spans, span_mask)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()

    return step
