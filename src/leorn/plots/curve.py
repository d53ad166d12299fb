"""The score over the video's time: how well each stretch of it could answer the sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from leorn.errors import InputError
from leorn.plots.canvas import BEST_COLOUR, QUIET
from leorn.records import Moment

CURVE_HEIGHT = 0.75
"""Inches of the panel."""
BEST_SHADE = 0.22
"""How opaque the best moment's band is."""
OTHER_SHADE = 0.08
"""How opaque the other moments' bands are."""


@dataclass(frozen=True, eq=False)
class Curve:
    """The best score of any candidate that covers a stretch of the video, stretch by stretch.

    Attributes:
        edges_seconds: (C+1,) where the C stretches begin, and where the last one ends; rising.
        scores: (C,) the best score of each, 0..1.

    Raises:
        InputError: no stretch, shapes that do not agree, edges that do not rise, or a score outside 0..1.
    """

    edges_seconds: Float[np.ndarray, "C+1"]
    scores: Float[np.ndarray, "C"]

    def __post_init__(self) -> None:
        edges, scores = self.edges_seconds, self.scores
        if scores.ndim != 1 or len(scores) == 0 or edges.shape != (len(scores) + 1,):
            raise InputError(
                f"score curve: {scores.shape} scores with edges of shape {edges.shape}; "
                "expected (C,) scores, at least one, between (C+1,) edges"
            )
        if not (np.isfinite(edges).all() and (np.diff(edges) > 0).all()):
            raise InputError("score curve: edges that do not rise; expected each stretch to end after it begins")
        if not ((scores >= 0) & (scores <= 1)).all():
            raise InputError("score curve: a score that is not a probability; expected 0 to 1 on every stretch")


def draw_curve(axes: Axes, curve: Curve, moments: Sequence[Moment]) -> None:
    """Draw the score of each stretch as a step, filled, on an axis from 0 to 1, the moments as bands behind it.

    Args:
        axes: a panel whose x axis is the video's time.
        curve: the score of each stretch.
        moments: what to shade, best first; the best one is shaded darker.
    """
    for rank, moment in enumerate(moments):
        shade = BEST_SHADE if rank == 0 else OTHER_SHADE
        axes.axvspan(*moment.span, color=BEST_COLOUR, alpha=shade, linewidth=0, zorder=0)
    axes.stairs(curve.scores, curve.edges_seconds, fill=True, color=QUIET, alpha=0.35, linewidth=0)
    axes.stairs(curve.scores, curve.edges_seconds, color="#333333", linewidth=1.2, baseline=None)
    axes.set_ylim(0, 1)
    # its name stands where the rows of the other panels have theirs
    axes.set_yticks([0, 0.5, 1], ["0", "score", "1"])
