"""The path of what a query looks at: where in the frame it is, how surely, and how it moves.

Tokens carry their boxes too, but softened by what else they carry; sentences are often about motion, and a few numbers
that say it outright are learned from at once.

Letters: V videos, b queries of one video, A views, T frames, N object slots, S = N + 1 tokens of a frame, P numbers of
a path.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

POSITION_GAIN = 4.0
"""Brings places, which lie in -0.5..0.5 of the frame, to about the size of a token's numbers."""
MOTION_GAIN = 16.0
"""The same for what is moved in a frame."""
LEAST_PRESENT = 1e-6
"""What the share of attention on objects counts at least: all of it may be on the sentinel."""


def path_size(reaches: Sequence[int]) -> int:
    """Return how many numbers the path of one view has in a frame."""
    return 5 + 4 * len(reaches)


def places_of(boxes: Float[Tensor, "V T N 4"]) -> Float[Tensor, "V T S 5"]:
    """Return the box of each token and a 1; zeros for the sentinel, which is nowhere."""
    return F.pad(torch.cat([boxes, torch.ones_like(boxes[..., :1])], -1), (0, 0, 1, 0))


def follow(
    weights: Float[Tensor, "b A T S"], places: Float[Tensor, "T S 5"], reaches: Sequence[int]
) -> Float[Tensor, "b T _"]:
    """Say where the views look, and how that moves, side by side for all views.

    Args:
        weights: of the tokens of each frame, which sum to 1.
        places: of these tokens, as `places_of` gives them.
        reaches: frames ahead and behind that are compared for a motion.

    Returns:
        For each view the mean box of the objects, weighted by their share of the attention; that share; and for each
        reach how far the box has moved a frame, so far as there are objects at both ends.
    """
    # in full precision: bf16 has too few digits for small motions
    with torch.autocast(weights.device.type, enabled=False):
        seen = torch.einsum("bats,tsp->btap", weights.to(places.dtype), places)
        share = seen[..., 4:]
        box = seen[..., :4] / share.clamp(min=LEAST_PRESENT)
        parts = [(box - 0.5) * share * POSITION_GAIN, share]
        for reach in reaches:
            end, at_end = _moved(box, -reach), _moved(share, -reach)
            start, at_start = _moved(box, reach), _moved(share, reach)
            parts.append((end - start) * at_end * at_start * (MOTION_GAIN / reach))
    return torch.cat(parts, -1).flatten(2)


def _moved(x: Float[Tensor, "b T A P"], frames: int) -> Float[Tensor, "b T A P"]:
    """Move so many frames later, or earlier where negative; beyond the ends of a video nothing is there."""
    frames = max(-x.shape[1], min(frames, x.shape[1]))
    return F.pad(x, (0, 0, 0, 0, frames, -frames))
