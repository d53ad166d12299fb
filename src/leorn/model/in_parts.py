"""Work that is the same for every frame, done a part of the frames at a time."""

from collections.abc import Callable

from torch import Tensor

AT_ONCE = 256
"""Frames of a part: enough for matrix products over their objects to pay."""


def in_parts(
    function: Callable[..., Tensor], *inputs: Tensor, whole: bool, at_once: int = AT_ONCE, margin: int = 0
) -> Tensor:
    """Apply a function that treats frames alike to some of them at a time.

    What is computed on the way then takes room for a part, not for a whole long video.

    Args:
        function: of tensors whose first dimensions are batch and frames, to one of which the same holds.
        inputs: what it is applied to.
        whole: apply it once to all: in training, when gradients need everything, and BatchNorm's statistics too.
        at_once: frames of a part, of all videos together.
        margin: frames to either side that a frame depends on.
    """
    batch, frames = inputs[0].shape[:2]
    if whole or batch * frames <= at_once:
        return function(*inputs)
    step, together = max(1, at_once // batch), None
    for start in range(0, frames, step):
        before, end = min(start, margin), min(start + step, frames)
        # contiguous, as linear layers want it
        parts = (x[:, start - before : end + margin].contiguous() for x in inputs)
        part = function(*parts)[:, before : before + end - start]
        together = part.new_empty(batch, frames, *part.shape[2:]) if together is None else together
        together[:, start:end] = part
    assert together is not None
    return together
