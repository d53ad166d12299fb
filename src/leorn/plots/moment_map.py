"""The 2-D moment map as a heat map: the probability of every start and end."""

import math
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from leorn.errors import InputError
from leorn.plots.canvas import (
    AXIS,
    BAR_ROOM,
    HEAT,
    MARGIN,
    NOTHING,
    PREDICTION_COLOURS,
    TRUTH_COLOUR,
    add_colour_bar,
    add_panel,
    house_style,
    new_figure,
    save_figure,
    title_height,
    wrap_title,
    write_title,
)
from leorn.records import Moment, Query

MAP_SIDE = 5.0
"""Inches of the map on its own."""
MAP_LEFT = 0.8
"""Inches left of the map, for the numbers and the name of its axis."""


def plot_moment_map(
    scores: Float[np.ndarray, "C C"],
    mask: Bool[np.ndarray, "C C"],
    duration_seconds: float,
    path: str | Path,
    query: Query | None = None,
) -> None:
    """Write the moment map as a heat map over start and end in seconds, with the best cell marked.

    Args:
        scores: probability of cell (i, j), the moment from the start of clip i to the end of clip j.
        mask: which cells exist; the others stay grey.
        duration_seconds: length of the video.
        path: where to write; .png or .svg.
        query: gives the title and the true moments to mark, where they are known.

    Raises:
        InputError: scores and mask that do not fit, no cell at all, a score outside 0..1, or a path that cannot be
            written.
    """
    save_figure(moment_map_figure(scores, mask, duration_seconds, query), path)


@house_style()
def moment_map_figure(
    scores: Float[np.ndarray, "C C"],
    mask: Bool[np.ndarray, "C C"],
    duration_seconds: float,
    query: Query | None = None,
) -> Figure:
    """The picture that `plot_moment_map` writes, with the panels map and colour bar."""
    width = MAP_LEFT + MAP_SIDE + BAR_ROOM
    title = wrap_title(query, width - MAP_LEFT - MARGIN) if query else ""
    top = title_height(title) if query else MARGIN
    figure = new_figure(width, top + MAP_SIDE + AXIS)
    if query:
        write_title(figure, query, title, MAP_LEFT)
    panel = add_panel(figure, MAP_LEFT, top, MAP_SIDE, MAP_SIDE)
    image = draw_moment_map(panel, scores, mask, duration_seconds, query.moments if query else ())
    add_colour_bar(figure, panel, image, "probability")
    return figure


def draw_moment_map(
    axes: Axes,
    scores: Float[np.ndarray, "C C"],
    mask: Bool[np.ndarray, "C C"],
    duration_seconds: float,
    truth: tuple[Moment, ...],
) -> AxesImage:
    """Draw the map, each cell centred on its start (x) and end (y), with the true moments and the best cell marked.

    Returns:
        The image, for a colour bar.

    Raises:
        InputError: scores and mask that do not fit, no cell at all, or a score outside 0..1.
    """
    _check_map(scores, mask, duration_seconds)
    clip = duration_seconds / len(scores)
    edges = -clip / 2, duration_seconds - clip / 2
    image = axes.imshow(
        np.ma.masked_array(scores, ~mask).T,
        cmap=HEAT,
        vmin=0,
        vmax=scores[mask].max() or 1,
        origin="lower",
        extent=(*edges, edges[0] + clip, edges[1] + clip),
        interpolation="none",
    )
    axes.set_facecolor(NOTHING)
    mark = {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 2, "clip_on": False}
    if truth:
        starts, ends = zip(*(moment.span for moment in truth), strict=True)
        axes.plot(starts, ends, "o", color=TRUTH_COLOUR, markersize=11, label="ground truth", **mark)
    start, end = best_cell(scores, mask, duration_seconds)
    axes.plot(start, end, "x", color=PREDICTION_COLOURS[0], markersize=8, label="best cell", **mark)
    # every start is before its end, so the lower right is free
    axes.legend(loc="lower right", frameon=False)
    axes.set(xlabel="start (s)", ylabel="end (s)")
    return image


def best_cell(
    scores: Float[np.ndarray, "C C"], mask: Bool[np.ndarray, "C C"], duration_seconds: float
) -> tuple[float, float]:
    """Start and end in seconds of the existing cell with the highest score, the first of equals."""
    start, end = np.unravel_index(np.where(mask, scores, -np.inf).argmax(), scores.shape)
    return start * duration_seconds / len(scores), (end + 1) * duration_seconds / len(scores)


def _check_map(scores: Float[np.ndarray, "C C"], mask: Bool[np.ndarray, "C C"], duration_seconds: float) -> None:
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or mask.shape != scores.shape:
        raise InputError(f"moment map: scores of shape {scores.shape}, mask {mask.shape}; expected (C, C) for both")
    if mask.dtype != np.bool_ or not mask.any():
        raise InputError(f"moment map: a mask of {mask.dtype} with no cell set; expected bool, some of it true")
    if not ((scores[mask] >= 0) & (scores[mask] <= 1)).all():
        raise InputError("moment map: a score that is not a probability; expected 0 to 1 on every cell of the mask")
    if not (math.isfinite(duration_seconds) and duration_seconds > 0):
        raise InputError(f"moment map: a video of {duration_seconds} s; expected a positive number of seconds")
