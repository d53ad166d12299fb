"""Activation checkpointing: what a block keeps for the way back is computed again then (Chen et al., 2016)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from leorn.model.plain_attention import plain_attention

Result = TypeVar("Result")


def run(block: nn.Module, *inputs: Any, again: bool) -> Tensor:  # noqa: ANN401
    """Run a block of a network.

    Args:
        block: the block.
        inputs: of the block.
        again: keep its inputs alone for the way back, and run it again then.
    """
    return run_function(block, block, *inputs, again=again)


def run_function(function: Callable[..., Result], owner: nn.Module, *inputs: Any, again: bool) -> Result:  # noqa: ANN401
    """Run a function of a module's layers, as `run` does a module."""
    if not again or not torch.is_grad_enabled():
        return function(*inputs)
    return checkpoint(function, *inputs, use_reentrant=False, context_fn=partial(_contexts, owner))


def _contexts(owner: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _as_before(owner, plain=not torch.backends.cuda.flash_sdp_enabled())


@contextmanager
def _as_before(owner: nn.Module, *, plain: bool) -> Iterator[None]:
    """Compute attention as on the way there, and count a batch once: BatchNorm's running statistics have seen it."""
    norms = [part for part in owner.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    before = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0
            norm.num_batches_tracked = None
        with plain_attention(wanted=plain):
            yield
    finally:
        for norm, (momentum, batches) in zip(norms, before, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, batches
