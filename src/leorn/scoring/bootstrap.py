"""How sure a figure is: bootstrap intervals that draw whole videos.

Queries of one video share its difficulty, so they are no independent draws: videos are drawn with replacement, each
with all its queries (the cluster bootstrap; Davison & Hinkley 1997, "Bootstrap Methods and their Application", section
3.8).
Letters of shapes: Q queries, F figures, V videos, R resamples.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from leorn.errors import InputError

RESAMPLES = 2000
CONFIDENCE = 0.95
RESAMPLES_AT_ONCE = 250
"""Bounds the memory: so many × videos, in float64."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the range that holds it at 95% confidence; its ends are NaN where nothing tells the range."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]" if self.is_known else f"{self.mean:.2f}"

    @property
    def is_known(self) -> bool:
        """Whether there is a range: it takes queries about two videos."""
        return math.isfinite(self.low)


def bootstrap(
    values: Float[np.ndarray, "Q F"], videos: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Interval]:
    """Give each figure's mean over the queries, and its percentile interval over resamples of the videos.

    Args:
        values: (Q, F) what each query adds to each figure; NaN where it does not count for it. For the difference of
            two methods, the difference of theirs, so that both see the same resamples.
        videos: the video of each query.
        resamples: how many to draw.
        seed: fixes the draws.

    Returns:
        F intervals; NaN for a figure that no query counts for, and without a range where all that count are about one
        video, which every resample would hold alike.

    Raises:
        InputError: no queries, or not as many videos as rows.
    """
    if not len(values) or len(videos) != len(values):
        raise InputError(f"bootstrap: {len(values)} rows and {len(videos)} videos; expected as many, at least one")
    sums, counts = _by_video(values, videos)
    draws = _draws(len(sums), resamples, seed)
    means = np.concatenate([_ratio(weights @ sums, weights @ counts) for weights in draws])
    total = _ratio(sums.sum(0), counts.sum(0))
    means[:, (counts > 0).sum(0) < 2] = np.nan
    # a resample may hold no query that counts for a figure
    known = [column[np.isfinite(column)] for column in means.T]
    tail = 100 * (1 - CONFIDENCE) / 2
    bounds = [np.percentile(column, [tail, 100 - tail]) if column.size else (np.nan, np.nan) for column in known]
    return [Interval(float(mean), float(low), float(high)) for mean, (low, high) in zip(total, bounds, strict=True)]


def _by_video(
    values: Float[np.ndarray, "Q F"], videos: Sequence[str]
) -> tuple[Float[np.ndarray, "V F"], Float[np.ndarray, "V F"]]:
    """Sum each video's values, and count those that there are."""
    names, rows = np.unique(np.array(videos), return_inverse=True)
    sums, counts = np.zeros((len(names), values.shape[1])), np.zeros((len(names), values.shape[1]))
    np.add.at(sums, rows, np.nan_to_num(values))
    np.add.at(counts, rows, np.isfinite(values))
    return sums, counts


def _draws(videos: int, resamples: int, seed: int) -> Iterator[Float[np.ndarray, "R V"]]:
    """How often each resample holds each video, some resamples at a time."""
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        size = min(RESAMPLES_AT_ONCE, resamples - start)
        yield rng.multinomial(videos, np.full(videos, 1 / videos), size).astype(np.float64)


def _ratio(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
