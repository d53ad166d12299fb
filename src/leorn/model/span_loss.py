"""What the steps of a pyramid should say: whether they answer, and where their moment begins and ends.

Letters: S steps, or any shape of them.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

ALPHA = 0.5
"""Weight of the positives in the focal loss; 1 - ALPHA is that of the negatives. Both alike, as in the published code
of SnAG (Mu, Mo & Li, CVPR 2024); Lin et al. take 0.25."""
GAMMA = 2.0
"""How much less a step counts that is right already; that of Lin et al."""
SMOOTHING = 0.2
"""A positive's target is 1 - SMOOTHING / 2, a negative's SMOOTHING / 2; as in the published code of SnAG."""


def focal_loss(
    logits: Float[Tensor, "*shape"], positive: Float[Tensor, "*shape"], smoothing: float = SMOOTHING
) -> Float[Tensor, "*shape"]:
    """Focal loss (Lin et al., ICCV 2017, equation 5) against smoothed targets, step by step, in fp32.

    Args:
        logits: scores before the sigmoid.
        positive: 1 where a step answers, else 0.
        smoothing: as for `SMOOTHING`.

    Returns:
        The loss of each step, 0 or more.
    """
    target = positive * (1 - smoothing) + smoothing / 2
    logits = logits.float()
    probability = logits.sigmoid()
    right = probability * target + (1 - probability) * (1 - target)
    weight = ALPHA * target + (1 - ALPHA) * (1 - target)
    return weight * (1 - right) ** GAMMA * F.binary_cross_entropy_with_logits(logits, target, reduction="none")


def distance_iou_loss(
    predicted: Float[Tensor, "*shape 2"], wanted: Float[Tensor, "*shape 2"]
) -> Float[Tensor, "*shape"]:
    """One less the distance-IoU of two spans around the same point (Zheng et al., AAAI 2020, in one dimension).

    Args:
        predicted: distances from the point back to the start and on to the end, not below 0.
        wanted: the same of the true span.

    Returns:
        0 where they are the same, up to 2 where they are far apart.
    """
    predicted, wanted = predicted.float(), wanted.float()
    smaller, larger = torch.minimum(predicted, wanted).sum(-1), torch.maximum(predicted, wanted).sum(-1)
    union = predicted.sum(-1) + wanted.sum(-1) - smaller
    # both spans hold the point, so they meet, and the hull reaches as far as the farther of either
    tiny = torch.finfo(larger.dtype).eps
    apart = ((predicted[..., 1] - predicted[..., 0]) - (wanted[..., 1] - wanted[..., 0])) / 2
    return 1 - smaller / union.clamp(min=tiny) + (apart / larger.clamp(min=tiny)) ** 2
