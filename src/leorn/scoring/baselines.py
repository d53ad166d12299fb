"""Windows that answer every query alike, best on training data: what moments of a data set look like, unseen.

They know neither video nor sentence, so a network must beat them clearly; on Charades-STA they are not weak (compare
the bias-based method of Yuan et al. 2021, "A Closer Look at Temporal Sentence Grounding in Videos"). The constant
window is a share of the video, the length prior a number of seconds.
Letters of shapes: Q queries, W windows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from leorn.config import Against
from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query
from leorn.scoring.metrics import overlaps, spans_of
from leorn.scoring.ranking import hits

GRID_STEPS = 50
"""Shares of the video lie on a grid of 1/50, as do the quantiles of lengths."""

Windows = Float[np.ndarray, "W 2"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """One kind of window: two numbers that mean a span in a video of any length.

    Attributes:
        name: what tables call it.
        windows: (training queries) -> (W, 2) those to choose from.
        place: ((W, 2) windows, duration in seconds) -> (W, 2) their starts and ends in seconds.
    """

    name: str
    windows: Callable[[Sequence[Query]], Windows]
    place: Callable[[Windows, float], Windows]

    def choose(
        self,
        train_queries: Sequence[Query],
        count: int = 5,
        threshold: float = 0.5,
        strict: bool = True,
        against: Against = "any",
    ) -> list[tuple[float, float]]:
        """Windows for R@n: the first is the best alone, each next one adds most hits to those before it.

        The greedy choice is within 1 - 1/e of the best set (Nemhauser, Wolsey & Fisher 1978), whose search is out of
        reach. Which window hits which query takes a byte each: 100 MB for ActivityNet Captions.

        Args:
            train_queries: with their moments; queries without one are left out.
            count: how many windows at most.
            threshold: the IoU that makes a hit.
            strict: a hit is IoU > threshold; otherwise IoU ≥ threshold.
            against: which of several moments count: see `leorn.scoring.metrics.overlaps`.

        Returns:
            Windows, best first; fewer than `count` where no further one adds a hit.

        Raises:
            InputError: no query with a moment.
        """
        train_queries = [query for query in train_queries if query.moments]
        if not train_queries:
            raise InputError(f"{self.name}: no training query has a moment; expected at least one")
        windows = self.windows(train_queries)
        found: Bool[np.ndarray, "Q W"] = np.empty((len(train_queries), len(windows)), dtype=bool)
        for row, query in zip(found, train_queries, strict=True):
            spans = self.place(windows, query.duration_seconds)
            row[:] = hits(overlaps(spans, spans_of(query.moments), against), threshold, strict)
        chosen: list[tuple[float, float]] = []
        while len(chosen) < count:
            gains = found.sum(axis=0)
            best = gains.argmax()
            if chosen and gains[best] == 0:
                break
            chosen.append((float(windows[best, 0]), float(windows[best, 1])))
            # what it hits, no other window can add
            found[found[:, best]] = False
        return chosen

    def answer(self, queries: Sequence[Query], windows: Sequence[tuple[float, float]]) -> list[Prediction]:
        """Answer each query with the same windows, best first and without scores.

        Args:
            queries: to answer.
            windows: as from `choose`.
        """
        grid = np.array(windows, dtype=np.float64).reshape(-1, 2)
        return [
            Prediction(
                query.query_id,
                query.video,
                tuple(Moment(start, end) for start, end in self.place(grid, query.duration_seconds).tolist()),
            )
            for query in queries
        ]


def _shares_of_a_video(queries: Sequence[Query]) -> Windows:
    del queries
    starts, ends = np.triu_indices(GRID_STEPS)
    return np.stack([starts, ends + 1], axis=1) / GRID_STEPS


def _lengths_and_places(queries: Sequence[Query]) -> Windows:
    """Lengths of moments in seconds, at every share of what is left of a video beside them."""
    lengths = [moment.end_seconds - moment.start_seconds for query in queries for moment in query.moments]
    shares = np.arange(GRID_STEPS + 1) / GRID_STEPS
    # nobody marks milliseconds: two lengths that differ by rounding are one
    rounded = np.quantile(lengths, shares).round(3)
    usual = np.unique(np.where(rounded > 0, rounded, min(lengths)))
    return np.stack([np.repeat(usual, len(shares)), np.tile(shares, len(usual))], axis=1)


def _place_shares(windows: Windows, duration_seconds: float) -> Windows:
    return windows * duration_seconds


def _place_lengths(windows: Windows, duration_seconds: float) -> Windows:
    lengths, shares = windows.T
    starts = shares * np.maximum(duration_seconds - lengths, 0)
    return np.stack([starts, np.minimum(starts + lengths, duration_seconds)], axis=1)


CONSTANT_WINDOW = Baseline("constant window", _shares_of_a_video, _place_shares)
"""Start and end as shares of the duration."""
LENGTH_PRIOR = Baseline("length prior", _lengths_and_places, _place_lengths)
"""A length in seconds, and the share of what is left of the video that lies before it; a shorter video is answered
whole."""
BASELINES = (CONSTANT_WINDOW, LENGTH_PRIOR)
