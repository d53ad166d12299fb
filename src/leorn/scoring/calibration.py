"""Whether a score means what it says: of the answers with score 0.8, are eight in ten hits?

Reliability diagram and expected calibration error (Guo et al., ICML 2017, "On Calibration of Modern Neural Networks",
section 2) of first answers. Letters of shapes: Q queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """First answers with scores between `low` and `high`: how many, their mean score and their share of hits."""

    low: float
    high: float
    count: int
    mean_score: float
    hit_share: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins that hold answers, from low scores to high, and the expected calibration error, 0 to 1."""

    bins: tuple[Bin, ...]
    expected_calibration_error: float


def reliability(scores: Sequence[float | None], hit: Bool[np.ndarray, "Q"], bins: int = BINS) -> Reliability | None:
    """Compare the scores of first answers with how many of them are hits.

    Args:
        scores: (Q,) of the first answers; None where a query has no answer or its answer no score: it is left out.
        hit: (Q,) whether the first answer is a hit.
        bins: how many of equal width; a score on an edge belongs to the upper one, 1 to the last.

    Returns:
        None where there is no score, or some score is not in 0 to 1 and so no probability.
    """
    known = np.array([score is not None for score in scores], dtype=bool)
    values = np.array([score for score in scores if score is not None], dtype=np.float64)
    if not values.size or not ((values >= 0) & (values <= 1)).all():
        return None
    found = np.asarray(hit)[known]
    # rounding must not move a score such as 0.3 below its edge
    place = np.minimum((values * bins + 1e-9).astype(int), bins - 1)
    made = tuple(
        _bin(index, bins, values[place == index], found[place == index]) for index in np.unique(place).tolist()
    )
    error = sum(one.count * abs(one.mean_score - one.hit_share) for one in made) / len(values)
    return Reliability(made, error)


def _bin(index: int, bins: int, scores: Float[np.ndarray, "K"], hit: Bool[np.ndarray, "K"]) -> Bin:
    return Bin(index / bins, (index + 1) / bins, len(scores), float(scores.mean()), float(hit.mean()))
