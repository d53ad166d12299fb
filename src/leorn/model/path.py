"""The path of what a query looks at: where in the frame it is, how surely, and how that changes.

Tokens carry their boxes too, but softened by what else they carry; sentences are often about motion, and a few numbers
that say it outright are learned from at once.

Letters: V videos, b queries of one video, A views, T frames, N object slots, S = N + 1 tokens of a frame.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

POSITION_GAIN = 4.0
"""Brings places from -0.5..0.5 of the frame to -2..2, about the size of a token's numbers, which are normalised."""
CHANGE_GAIN = 4.0
"""What a change is multiplied by, once divided by the frames that are compared: small as it is, it is heard beside the
place."""
LEAST_SHARE = 1e-6
"""What the objects' share of the attention counts at least: all of it may be on the sentinel."""


def path_size(reaches: Sequence[int]) -> int:
    """Return how many numbers the path of one view has in a frame: place and share, and for each reach their change."""
    return 5 * (1 + len(reaches))


def places_of(boxes: Float[Tensor, "V T N 4"]) -> Float[Tensor, "V T S 5"]:
    """Say where each token is, and that it is an object.

    Args:
        boxes: `xyxy` in 0..1 of the frame.

    Returns:
        Places from the middle of the frame, times `POSITION_GAIN`, and a 1; zeros for the sentinel, which is nowhere.
    """
    places = torch.cat([(boxes - 0.5) * POSITION_GAIN, torch.ones_like(boxes[..., :1])], -1)
    return F.pad(places, (0, 0, 1, 0))


def follow(
    weights: Float[Tensor, "b A T S"], places: Float[Tensor, "T S 5"], length: Int[Tensor, ""], reaches: Sequence[int]
) -> Float[Tensor, "b T _"]:
    """Say where the views look, and how that changes, side by side for all views.

    Args:
        weights: of the tokens of each frame, which sum to 1.
        places: of these tokens, as `places_of` gives them.
        length: frames of the video; what stands beyond them is of no meaning.
        reaches: frames ahead and behind that are compared, or as many as the video has.

    Returns:
        For each view the mean place of the objects, weighted by their share of the attention; that share; and for each
        reach how far the place has moved in two frames, so far as there are objects at both ends, and by how much the
        share has changed: objects appear, or go.
    """
    # in full precision, that small motions are not lost here as well as in bf16 weights
    with torch.autocast(weights.device.type, enabled=False):
        seen = torch.einsum("bats,tsp->btap", weights.to(places.dtype), places)
        share = seen[..., 4:]
        place = seen[..., :4] / share.clamp(min=LEAST_SHARE)
        frame = torch.arange(seen.shape[1], device=seen.device)
        parts = [seen]
        for reach in reaches:
            end, start = (frame + reach).minimum(length - 1), (frame - reach).clamp(min=0)
            moved = (place[:, end] - place[:, start]) * share[:, end] * share[:, start]
            changed = share[:, end] - share[:, start]
            parts.append(torch.cat([moved, changed], -1) * (CHANGE_GAIN / reach))
    return torch.cat(parts, -1).flatten(2)
