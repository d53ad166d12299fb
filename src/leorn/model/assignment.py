"""Which steps of a pyramid answer for which moment (ActionFormer, Zhang, Wu & Li, ECCV 2022, section 3.3).

Letters: B queries, M moments of a query (padded), S steps of all levels.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

CENTRE_RADIUS = 1.5
"""A step answers for a moment whose middle is at most so many of its strides away; that of ActionFormer."""


def assign_steps(
    middles: Float[Tensor, "S"],
    strides: Float[Tensor, "S"],
    spans: Float[Tensor, "B M 2"],
    span_mask: Bool[Tensor, "B M"],
    first_range: float,
) -> tuple[Bool[Tensor, "B S"], Float[Tensor, "B S 2"]]:
    """Say which steps are positive, and how far from each the start and the end of its moment lie.

    A step is positive when it is near the middle of a moment that it lies in, and the farther boundary is in the range
    of its level: [0, R), [R/2, 2R), [R, 4R), …, the last without an end. A moment too short to hold a step is answered
    by the step nearest to its middle. Of several moments the shortest counts.

    Args:
        middles: of the steps, in steps of the finest level.
        strides: their lengths, in the same unit: 1 at the finest level, then 2, 4, ….
        spans: starts and ends of the moments, in the same unit.
        span_mask: true where there is a moment.
        first_range: R.

    Returns:
        Which steps are positive, and the distances back to the start and on to the end in units of the step's stride,
        not below 0; of no meaning where a step is not positive.
    """
    start, end = spans[..., None, 0], spans[..., None, 1]
    distances = torch.stack([middles - start, end - middles], -1)
    centre = (middles - (start + end) / 2).abs()
    inside = (distances.amin(-1) > 0) | (centre <= strides / 2)
    farther = distances.amax(-1)
    low = torch.where(strides > 1, first_range * strides / 4, 0.0)
    high = torch.where(strides == strides.max(), torch.inf, first_range * strides)
    answers = inside & (centre <= CENTRE_RADIUS * strides) & (farther >= low) & (farther < high)
    answers &= span_mask[..., None]
    length = (end - start).expand_as(farther).masked_fill(~answers, torch.inf)
    shortest = length.argmin(1, keepdim=True)
    chosen = distances.gather(1, shortest[..., None].expand(-1, -1, -1, 2)).squeeze(1)
    return answers.any(1), chosen.clamp(min=0) / strides[:, None]
