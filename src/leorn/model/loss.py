"""What the map should say: the IoU of each cell with the moments, and the loss against it.

Letters: B batch, M moments of a query (padded), C clips.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F


def scaled_iou_loss(
    logits: Float[Tensor, "B C C"],
    mask: Bool[Tensor, "C C"],
    iou_map: Float[Tensor, "B C C"],
    min_iou: float,
    max_iou: float,
) -> Float[Tensor, ""]:
    """Binary cross-entropy against the IoU rescaled to 0..1 (2D-TAN, section "Loss Function").

    Args:
        logits: scores of the cells before the sigmoid.
        mask: the cells that exist; the others do not count.
        iou_map: IoU of each cell with the moment; with several moments, the largest.
        min_iou: an IoU up to this has target 0.
        max_iou: an IoU from this on has target 1.

    Returns:
        The mean over the valid cells of the batch, computed in fp32 from logits.
    """
    target = ((iou_map - min_iou) / (max_iou - min_iou)).clamp(0, 1)
    # the others weigh nothing: to pick the cells, the host would wait for an accelerator to count them
    total = F.binary_cross_entropy_with_logits(logits.float(), target.float(), mask.float(), reduction="sum")
    return total / (len(logits) * mask.sum())


def cell_iou(
    spans: Float[Tensor, "B M 2"], span_mask: Bool[Tensor, "B M"], clips: int
) -> Float[Tensor, "B {clips} {clips}"]:
    """Return the IoU of every cell with the nearest of a query's moments.

    Args:
        spans: starts and ends as fractions of the video's duration.
        span_mask: true where there is a moment; a query without any has IoU 0 everywhere.
        clips: C, clips on a side of the map.
    """
    edges = torch.arange(clips + 1, device=spans.device, dtype=spans.dtype) / clips
    start, end = edges[:-1, None], edges[None, 1:]
    span_start, span_end = spans[..., 0, None, None], spans[..., 1, None, None]
    intersection = (torch.minimum(end, span_end) - torch.maximum(start, span_start)).clamp(min=0)
    union = (torch.maximum(end, span_end) - torch.minimum(start, span_start)).clamp(min=1e-9)
    # below the diagonal a cell ends before it starts, so that nothing intersects it
    return (intersection / union * span_mask[..., None, None]).amax(1)
