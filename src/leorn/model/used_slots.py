"""Object slots that some frame of a batch uses, without those that none does.

Letters: B batch, T frames, N object slots, U used slots, H width.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def used_slots(mask: Bool[Tensor, "B T N"]) -> Int[Tensor, "B T U"] | None:
    """Return the slots of each frame, those with objects first, as many as the fullest frame uses.

    None where that is all of them; one slot where there is no object at all.
    """
    used = max(1, int(mask.sum(-1).max()))
    if used == mask.shape[-1]:
        return None
    return mask.to(torch.uint8).argsort(dim=-1, descending=True, stable=True)[..., :used]


def take(values: Float[Tensor, "B T N H"], slots: Int[Tensor, "B T U"]) -> Float[Tensor, "B T U H"]:
    """Take the values of these slots."""
    return values.gather(2, slots[..., None].expand(-1, -1, -1, values.shape[-1]))


def put_back(weights: Float[Tensor, "B T U"], slots: Int[Tensor, "B T U"], count: int) -> Float[Tensor, "B T {count}"]:
    """Lay values out over all of `count` slots again, 0 in the others."""
    return weights.new_zeros(*weights.shape[:2], count).scatter(2, slots, weights)
