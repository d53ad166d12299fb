"""All evidence for one query in one picture: the strip, the attention over objects and the moment map."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.figure import Figure

from leorn.plots.attention import ROW_HEIGHT, attention_rows, draw_attention
from leorn.plots.canvas import (
    AXIS,
    BAR_ROOM,
    BAR_WIDTH,
    MARGIN,
    WIDTH,
    add_colour_bar,
    add_panel,
    house_style,
    save_figure,
    stack_panels,
)
from leorn.plots.frames import draw_frames
from leorn.plots.moment_map import draw_moment_map
from leorn.plots.moments import LANE_HEIGHT, Predictions, draw_lanes, moment_lanes
from leorn.records import Frame, Query, VideoObjects

FRAMES_HEIGHT = 0.74
"""Inches: four frames of 16:9 stand side by side."""
MAP_SIDE = 2.7
"""Inches of the map beside the other panels."""
MAP_LEFT = 0.6
"""Inches left of the map, for the numbers and the name of its axis."""


def plot_evidence(
    query: Query,
    predictions: Predictions,
    path: str | Path,
    *,
    scores: Float[np.ndarray, "C C"],
    mask: Bool[np.ndarray, "C C"],
    weights: Float[np.ndarray, "T slots"],
    video: VideoObjects,
    frames: Sequence[Frame] | None = None,
    top_moments: int = 3,
    top_labels: int = 8,
) -> None:
    """Write one picture with the strip and the attention rows over one time axis, and the moment map beside them.

    Args:
        query: the sentence, its video's length and its true moments.
        predictions: one model's answer, or those of several models by name; best moment first.
        path: where to write; .png or .svg.
        scores: probability of cell (i, j), the moment from the start of clip i to the end of clip j.
        mask: which cells exist.
        weights: (T, N+1) attention of each frame over the sentinel (slot 0) and its N object slots.
        video: the objects as the network saw them, T frames with N slots.
        frames: frames of the video (seconds, RGB), in any order: as many as fit are laid over their times.
        top_moments: moments drawn of each model.
        top_labels: labels with a row of their own, those with the most attention.

    Raises:
        InputError: parts that do not fit each other, or a path that cannot be written.
    """
    figure = evidence_figure(
        query,
        predictions,
        scores=scores,
        mask=mask,
        weights=weights,
        video=video,
        frames=frames,
        top_moments=top_moments,
        top_labels=top_labels,
    )
    save_figure(figure, path)


@house_style()
def evidence_figure(
    query: Query,
    predictions: Predictions,
    *,
    scores: Float[np.ndarray, "C C"],
    mask: Bool[np.ndarray, "C C"],
    weights: Float[np.ndarray, "T slots"],
    video: VideoObjects,
    frames: Sequence[Frame] | None = None,
    top_moments: int = 3,
    top_labels: int = 8,
) -> Figure:
    """The picture that `plot_evidence` writes: the panels frames (if any), strip, attention, its bar, map, its bar."""
    lanes = moment_lanes(query, predictions, top_moments)
    names, rows = attention_rows(weights, video, top_labels)
    heights = [LANE_HEIGHT * len(lanes), ROW_HEIGHT * len(names)]
    if frames is not None:
        heights.insert(0, FRAMES_HEIGHT)
    side = BAR_ROOM + MAP_LEFT + MAP_SIDE
    figure, panels = stack_panels(query, heights, side=side, least_height=MAP_SIDE + AXIS + BAR_WIDTH)
    if frames is not None:
        draw_frames(panels[0], query, frames)
    draw_lanes(panels[-2], lanes, query)
    draw_attention(figure, panels[-1], names, rows, video, query)
    top = (1 - panels[0].get_position().y1) * figure.get_figheight()
    moment_map = add_panel(figure, WIDTH - MARGIN - MAP_SIDE, top, MAP_SIDE, MAP_SIDE)
    image = draw_moment_map(moment_map, scores, mask, query.duration_seconds, query.moments)
    add_colour_bar(figure, moment_map, image, "probability", below=True)
    return figure
