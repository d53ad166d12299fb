"""Scores made into probabilities, so that they compare between videos, and what they are worth as such.

Two-parameter scaling of logits: Platt, "Probabilistic Outputs for Support Vector Machines" (1999), section 2.2, by
Newton's method as in Lin, Lin and Weng, "A Note on Platt's Probabilistic Outputs" (Machine Learning, 2007).
Letters of shapes: Q answers, H hits, M misses.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from leorn.errors import InputError

SMALLEST = 1e-6
"""Scores are clipped to it and its complement: the logits of 0 and 1 are infinite."""
REJECTED = 0.05
"""Share of the queries with an answer whose best answer falls below the threshold, at most."""
STEPS = 100
"""Of Newton's method, at most; it takes about ten."""
PRECISE = 1e-10
"""It stops where the gradient is smaller, per answer."""
ENOUGH = 1e-4
"""A step must gain this share of what the slope promises (Armijo)."""


@dataclass(frozen=True)
class Calibration:
    """What makes a network's scores probabilities that an answer is right.

    Attributes:
        slope: of the logit of the score, 0 or more: the order of the answers stays.
        offset: added to it.
        threshold: the confidence from which on something is found.
        answers: first answers that it was fitted to.
        hits: those of them that are right.
        with_answer: answers in the query's own video, of which the threshold is.
    """

    slope: float
    offset: float
    threshold: float
    answers: int
    hits: int
    with_answer: int

    def __post_init__(self) -> None:
        # not InputError: who reads a file says first where it stands
        if not all(map(math.isfinite, (self.slope, self.offset, self.threshold))) or self.slope < 0:
            raise ValueError(f"slope {self.slope}, offset {self.offset}, threshold {self.threshold}")

    def confidence(self, score: float) -> float:
        """Return how likely an answer with a score is right, 0 to 1; the scores of others are clipped to that."""
        return float(_sigmoid(self.slope * logits(np.array([score])) + self.offset)[0])


def fit_calibration(
    scores: Float[np.ndarray, "Q"], hit: Bool[np.ndarray, "Q"], with_answer: Bool[np.ndarray, "Q"]
) -> Calibration:
    """Fit a calibration to first answers.

    Args:
        scores: (Q,) of the network, 0 to 1.
        hit: (Q,) whether the answer is right.
        with_answer: (Q,) whether the video was one that the query has an answer in.

    Raises:
        InputError: no answer at all, or none where there is one to be found.
    """
    if not len(scores) or not with_answer.any():
        raise InputError(f"{len(scores)} answers, {int(with_answer.sum())} of them in videos with one; expected some")
    slope, offset = fit_scaling(scores, hit)
    fitted = Calibration(slope, offset, 0.0, len(scores), int(hit.sum()), int(with_answer.sum()))
    confidences = np.array([fitted.confidence(score) for score in scores[with_answer].tolist()])
    threshold = float(np.quantile(confidences, REJECTED, method="lower"))
    return Calibration(slope, offset, threshold, fitted.answers, fitted.hits, fitted.with_answer)


def fit_scaling(scores: Float[np.ndarray, "Q"], hit: Bool[np.ndarray, "Q"]) -> tuple[float, float]:
    """Find the slope and offset of the logits that make hits likeliest.

    The targets are Platt's: (H + 1)/(H + 2) for a hit and 1/(M + 2) for a miss. So there is one finite best, also where
    a score parts hits from misses. Where all answers are hits, or all are misses, the slope is 0; so it is where scores
    are all the same, or lower ones hit more often: an order that is no good is not turned round.

    Args:
        scores: (Q,) 0 to 1.
        hit: (Q,) whether the answer is right.

    Returns:
        Slope and offset.
    """
    x, count, total = logits(scores), int(hit.sum()), len(hit)
    target = np.where(hit, (count + 1) / (count + 2), 1 / (total - count + 2))
    mean = float(target.mean())
    level = math.log(mean / (1 - mean))
    spread = float(x.std())
    if count in (0, total) or spread < SMALLEST:
        return 0.0, level
    # of logits with mean 0 and deviation 1, Newton's steps are well conditioned
    middle = float(x.mean())
    design = np.stack([(x - middle) / spread, np.ones(total)], axis=1)
    slope, offset = _newton(design, target, np.array([0.0, level])).tolist()
    if slope <= 0:
        return 0.0, level
    return slope / spread, offset - slope * middle / spread


def lowered(probability: float, by: float) -> float:
    """Return a probability whose odds are divided by exp(by)."""
    return probability if by == 0 else float(_sigmoid(logits(np.array([probability])) - by)[0])


def logits(scores: Float[np.ndarray, "Q"]) -> Float[np.ndarray, "Q"]:
    """Return log(s / (1 - s)) of scores, clipped to where that is finite."""
    clipped = np.clip(np.asarray(scores, dtype=np.float64), SMALLEST, 1 - SMALLEST)
    return np.log(clipped) - np.log1p(-clipped)


def auroc(scores: Float[np.ndarray, "Q"], positive: Bool[np.ndarray, "Q"]) -> float | None:
    """Return how likely a positive has a higher score than a negative: the area under the ROC curve.

    Equal scores count one half (Hanley and McNeil, 1982).

    Args:
        scores: (Q,) any numbers.
        positive: (Q,) which are.

    Returns:
        0 to 1; None where there is no positive or no negative.
    """
    positives, negatives = np.sort(scores[positive]), np.sort(scores[~positive])
    if not len(positives) or not len(negatives):
        return None
    below = np.searchsorted(negatives, positives, side="left").sum()
    not_above = np.searchsorted(negatives, positives, side="right").sum()
    return float(below + not_above) / (2 * len(positives) * len(negatives))


def _newton(
    design: Float[np.ndarray, "Q 2"], target: Float[np.ndarray, "Q"], start: Float[np.ndarray, "2"]
) -> Float[np.ndarray, "2"]:
    """Minimise the cross entropy of logistic regression, which is convex, halving steps that go too far."""
    at, value = start, _cross_entropy(design @ start, target)
    for _ in range(STEPS):
        chance = _sigmoid(design @ at)
        gradient = design.T @ (chance - target)
        if np.abs(gradient).max() < PRECISE * len(target):
            break
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design
        step = np.linalg.lstsq(curvature, gradient, rcond=None)[0]
        promised, size = float(gradient @ step), 1.0
        while (reached := _cross_entropy(design @ (at - size * step), target)) > value - ENOUGH * size * promised:
            size /= 2
            if size < PRECISE:
                return at
        at, value = at - size * step, reached
    return at


def _cross_entropy(x: Float[np.ndarray, "Q"], target: Float[np.ndarray, "Q"]) -> float:
    return float((np.logaddexp(0, x) - target * x).sum())


def _sigmoid(x: Float[np.ndarray, "Q"]) -> Float[np.ndarray, "Q"]:
    return np.exp(-np.logaddexp(0, -x))
