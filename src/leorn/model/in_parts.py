"""Work that is the same for every frame, done a part of the frames at a time."""

from collections.abc import Callable

from torch import Tensor

FRAMES_AT_ONCE = 256
"""Enough for matrix products to pay."""


def in_parts(function: Callable[..., Tensor], *inputs: Tensor, whole: bool) -> Tensor:
    """Apply a function that treats frames alike to some of them at a time.

    What is computed on the way then takes room for a part, not for a whole long video.

    Args:
        function: of tensors whose first dimensions are batch and frames, to one of which the same holds.
        inputs: what it is applied to.
        whole: apply it once to all: in training, when gradients need everything, and BatchNorm's statistics too.
    """
    batch, frames = inputs[0].shape[:2]
    if whole or batch * frames <= FRAMES_AT_ONCE:
        return function(*inputs)
    step = max(1, FRAMES_AT_ONCE // batch)
    first = function(*(x[:, :step] for x in inputs))
    together = first.new_empty(batch, frames, *first.shape[2:])
    together[:, :step] = first
    for start in range(step, frames, step):
        together[:, start : start + step] = function(*(x[:, start : start + step] for x in inputs))
    return together
