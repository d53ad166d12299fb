"""From candidates to ranked moments: temporal IoU and non-maximum suppression (NMS).

Letters of shapes: K candidates, M other spans. A span is (start, end).
"""

import math
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from leorn.errors import InputError
from leorn.records import Moment

TIE_TOLERANCE = 1e-9
"""IoUs so near are equal: cells of a moment map often overlap by exactly one half, and rounding must not decide."""
SIGMA = 0.5
"""Width of soft NMS's Gaussian, as in its paper: of the score of a span that overlaps the chosen one by IoU o,
exp(-o²/SIGMA) is left."""
VOTING_IOU = 0.8
"""Candidates that overlap a chosen one by this IoU or more have a say in where it begins and ends, and then go."""


def iou(
    spans_a: Float[np.ndarray, "*batch M 2"], spans_b: Float[np.ndarray, "*batch K 2"]
) -> Float[np.ndarray, "*batch M K"]:
    """Temporal intersection over union of every pair of spans, in float64.

    Two spans without length have no union: their IoU is 0.

    Args:
        spans_a: (…, M, 2) start and end, start ≤ end, in any unit.
        spans_b: (…, K, 2) the same, in the same unit.

    Returns:
        (…, M, K) IoU in 0..1.
    """
    spans_a, spans_b = np.asarray(spans_a, dtype=np.float64), np.asarray(spans_b, dtype=np.float64)
    start_a, end_a = spans_a[..., :, None, 0], spans_a[..., :, None, 1]
    start_b, end_b = spans_b[..., None, :, 0], spans_b[..., None, :, 1]
    intersection = np.maximum(np.minimum(end_a, end_b) - np.maximum(start_a, start_b), 0)
    union = (end_a - start_a) + (end_b - start_b) - intersection
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)


def hits(ious: Float[np.ndarray, "..."], threshold: float, strict: bool = True) -> Bool[np.ndarray, "..."]:
    """Say which answers count as found.

    Times in whole percent or tenths of a second make IoUs of exactly one half common: what is within rounding of the
    threshold counts as equal to it, in whatever unit the times were written.

    Args:
        ious: IoU of each answer with a moment, in any shape.
        threshold: the IoU to pass.
        strict: a hit is IoU > threshold (the 2D-TAN family); otherwise IoU ≥ threshold.
    """
    return ious > threshold + TIE_TOLERANCE if strict else ious >= threshold - TIE_TOLERANCE


def nms(
    spans: Float[np.ndarray, "K 2"], scores: Float[np.ndarray, "K"], threshold: float | None, top_k: int
) -> Int[np.ndarray, "kept"]:
    """Greedy temporal NMS: best first, without what overlaps a better one too much.

    A candidate goes when its IoU with a kept one is above `threshold`; at the threshold it stays. Equal scores rank in
    the order of the candidates, so that results repeat.

    Args:
        spans: (K, 2) start and end of each candidate, in any unit. Where spans come from a grid make them in float64:
            float32 seconds blur the ties that a grid is full of.
        scores: (K,) higher is better.
        threshold: the IoU above which a candidate goes; None keeps all.
        top_k: how many to keep at most.

    Returns:
        Indices of the kept candidates, best first.
    """
    spans = np.asarray(spans, dtype=np.float64)
    left = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    if threshold is None:
        return left[:top_k]
    kept = []
    while left.size and len(kept) < top_k:
        best, left = left[0], left[1:]
        kept.append(best)
        left = left[iou(spans[[best]], spans[left])[0] <= threshold + TIE_TOLERANCE]
    return np.array(kept, dtype=np.int64)


def soft_nms(
    spans: Float[np.ndarray, "K 2"], scores: Float[np.ndarray, "K"], top_k: int
) -> tuple[Float[np.ndarray, "kept 2"], Float[np.ndarray, "kept"]]:
    """Choose the best span, lower the scores of those that overlap it, choose again (Bodla et al., ICCV 2017).

    Each chosen span becomes the mean of the candidates that nearly equal it, weighted by their first scores and their
    IoU with it, and takes their place. Equal scores rank in the order of the candidates, so that results repeat.

    Args:
        spans: (K, 2) start and end of each candidate, in any unit.
        scores: (K,) higher is better, none below 0.
        top_k: how many to choose at most.

    Returns:
        The spans, best first, and the scores that they were chosen with.
    """
    left = scores.copy()
    chosen, kept = np.zeros((0, 2)), np.zeros(0)
    while len(kept) < top_k and (left >= 0).any():
        index = left.argmax()
        overlap = iou(spans[[index]], spans)[0]
        # one that votes for itself alone stays where it is, whatever its score
        votes = np.where(overlap >= VOTING_IOU, scores * overlap, 0) if scores[index] > 0 else overlap == 1
        chosen = np.append(chosen, [votes @ spans / votes.sum()], axis=0)
        kept = np.append(kept, left[index])
        left *= np.exp(-(overlap**2) / SIGMA)
        left[overlap >= VOTING_IOU] = -1
        left[index] = -1
    return chosen, kept


def rank(
    spans: Float[np.ndarray, "K 2"],
    scores: Float[np.ndarray, "K"],
    nms_threshold: float | None,
    top_k: int,
    duration_seconds: float = math.inf,
    method: Literal["greedy", "soft"] = "greedy",
) -> tuple[Moment, ...]:
    """Turn a query's candidates into its answers, best first (see `nms` and `soft_nms`).

    Spans are clipped to the video; those of which nothing is left are no candidates.

    Args:
        spans: (K, 2) start and end of each candidate, in seconds.
        scores: (K,) higher is better.
        nms_threshold: the IoU above which a candidate gives way to a better one in greedy NMS; None for no NMS.
        top_k: how many moments to keep at most.
        duration_seconds: the length of the video, where candidates may reach beyond it.
        method: greedy or soft NMS.

    Returns:
        At most `top_k` moments with their scores.

    Raises:
        InputError: a span or score that is not finite.
    """
    spans = np.asarray(spans, dtype=np.float64)
    scores = np.asarray(scores, dtype=np.float64)
    if not (np.isfinite(spans).all() and np.isfinite(scores).all()):
        raise InputError("candidates: spans or scores hold NaN or infinity; expected finite numbers")
    spans = np.clip(spans, 0, duration_seconds)
    has_length = spans[:, 0] < spans[:, 1]
    spans, scores = spans[has_length], scores[has_length]
    if method == "soft":
        spans, scores = soft_nms(spans, scores, top_k)
    else:
        kept = nms(spans, scores, nms_threshold, top_k)
        spans, scores = spans[kept], scores[kept]
    return tuple(Moment(start, end, score) for (start, end), score in zip(spans.tolist(), scores.tolist(), strict=True))
