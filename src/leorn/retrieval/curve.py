"""Moments without a trained network: stretches of a video that are more like a sentence than the rest of it.

A stretch is scored by its mean similarity less that of everything outside it, as by the static score of TFVTG (Zheng et
al., Training-free Video Temporal Grounding using Large-scale Pre-trained Models, ECCV 2024). The difference alone would
always choose the single most similar step, and TFVTG demands a least length. Here it counts in units of its own
uncertainty, which is greater for few steps: the statistic of a segment whose mean is shifted (Olshen et al., Circular
binary segmentation, Biostatistics 2004).

Letters: T steps of a video, L lengths, K stretches.
"""

import numpy as np
from jaxtyping import Float, Int

from leorn.records import Moment
from leorn.scoring.ranking import rank

STEP_SECONDS = 1.0
"""Between the steps of a video: a moment begins and ends at a whole step."""
MOST_STEPS = 7200
"""Of a video, at most: those of one longer than two hours are longer."""
LONGEST_STEPS = 512
"""Of a moment, at most: all stretches of an hour are some millions."""
NMS_IOU = 0.5
"""Of two stretches that overlap by more than this the weaker goes."""
LEVEL = 1e-6
"""A curve that varies less is level: rounding makes no moments."""


def stand_out(curve: Float[np.ndarray, "T"], longest: int = LONGEST_STEPS) -> Float[np.ndarray, "T L"]:
    """Return by how much each stretch of a curve stands out.

    Of n of T steps that is the mean inside less the mean outside, times √(n (T - n) / T).

    Args:
        curve: similarity of each step and a sentence.
        longest: steps of the longest stretch.

    Returns:
        (T, L) of the stretch from each step on, of each length from 1 on: -inf where it would reach beyond the end, 0
        for the whole video, which has nothing outside.
    """
    steps = len(curve)
    # what all steps have in common cancels out, and would cost digits
    curve = np.asarray(curve, np.float64) - np.mean(curve, dtype=np.float64)
    sums = np.concatenate([[0.0], np.cumsum(curve)])
    starts, lengths = np.arange(steps)[:, None], np.arange(1, min(longest, steps) + 1)
    ends = starts + lengths
    inside = sums[np.minimum(ends, steps)] - sums[starts]
    # all of it is 0 now, so outside is -inside, and the means differ by inside * T / (n (T - n))
    scores = inside * np.sqrt(steps / (lengths * np.maximum(steps - lengths, 1)))
    scores[:, lengths == steps] = 0.0
    scores[ends > steps] = -np.inf
    return scores


def stretches(
    curve: Float[np.ndarray, "T"], longest: int = LONGEST_STEPS
) -> tuple[Int[np.ndarray, "K 2"], Float[np.ndarray, "K"]]:
    """Return the stretches that stand out, and that no neighbour betters: none a step longer or shorter at one end.

    Args:
        curve: as for `stand_out`.
        longest: as for `stand_out`.

    Returns:
        Where each starts and where it ends, in steps, and by how much it stands out; the whole curve, by 0, where
        nothing does.
    """
    if np.ptp(curve) < LEVEL:
        return np.array([[0, len(curve)]]), np.zeros(1)
    scores = stand_out(curve, longest)
    best = scores > 0
    # those of one start are a row, those of one end a diagonal
    best[:, 1:] &= scores[:, 1:] >= scores[:, :-1]
    best[:, :-1] &= scores[:, :-1] >= scores[:, 1:]
    best[1:, :-1] &= scores[1:, :-1] >= scores[:-1, 1:]
    best[:-1, 1:] &= scores[:-1, 1:] >= scores[1:, :-1]
    starts, lengths = np.nonzero(best)
    return np.stack([starts, starts + lengths + 1], axis=1), scores[starts, lengths]


def find_moments(curve: Float[np.ndarray, "T"], duration_seconds: float, top_k: int) -> tuple[Moment, ...]:
    """Find the moments of a video of which its steps tell how similar they are to a sentence.

    Args:
        curve: similarity of each of equal parts of the video and the sentence.
        duration_seconds: of the video.
        top_k: how many moments to return, at most.

    Returns:
        The moments, best first. The score of the best is the mean similarity inside it, which compares with that of
        other videos. Others stand out less, and their scores lie in that proportion between it and the mean outside.
    """
    spans, heights = stretches(curve)
    top = heights.argmax()
    start, end = spans[top]
    inside, rest = curve[start:end], np.concatenate([curve[:start], curve[end:]])
    level = rest.mean() if len(rest) else inside.mean()
    scores = level + (inside.mean() - level) * heights / max(heights[top], np.finfo(np.float64).tiny)
    return rank(spans * (duration_seconds / len(curve)), scores, NMS_IOU, top_k, duration_seconds)
