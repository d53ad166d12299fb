"""Attention over objects across time: which labels the model looked at, and when."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from leorn.errors import InputError
from leorn.plots.canvas import (
    BAR_ROOM,
    HEAT,
    TRUTH_COLOUR,
    add_colour_bar,
    house_style,
    name_rows,
    save_figure,
    stack_panels,
)
from leorn.plots.moments import LANE_HEIGHT, draw_lanes, moment_lanes
from leorn.records import Moment, Query, VideoObjects

ROW_HEIGHT = 0.26
"""Inches of a label's row."""
SENTINEL = "frame context"
"""Name of slot 0, the token that gathers a frame's context from its neighbours."""
NO_LABEL = "unlabelled object"


def plot_object_attention(
    weights: Float[np.ndarray, "T slots"],
    video: VideoObjects,
    query: Query,
    path: str | Path,
    moments: Sequence[Moment] = (),
    top: int = 8,
) -> None:
    """Write how much attention each label's objects got over time, below the true and the predicted moments.

    Args:
        weights: (T, N+1) attention of each frame over the sentinel (slot 0) and its N object slots.
        video: the objects as the network saw them, T frames with N slots.
        query: the sentence, its video's length and its true moments.
        path: where to write; .png or .svg.
        moments: the predicted moments, best first.
        top: labels with a row of their own, those with the most attention.

    Raises:
        InputError: weights that do not fit the video, objects of another video, or a path that cannot be written.
    """
    save_figure(object_attention_figure(weights, video, query, moments, top), path)


@house_style()
def object_attention_figure(
    weights: Float[np.ndarray, "T slots"],
    video: VideoObjects,
    query: Query,
    moments: Sequence[Moment] = (),
    top: int = 8,
) -> Figure:
    """The picture that `plot_object_attention` writes, with the panels strip, attention and colour bar."""
    names, rows = attention_rows(weights, video, top)
    lanes = moment_lanes(query, {"prediction": moments} if moments else {}, max(1, len(moments)))
    heights = [LANE_HEIGHT * len(lanes), ROW_HEIGHT * len(names)]
    figure, [strip, panel] = stack_panels(query, heights, side=BAR_ROOM)
    draw_lanes(strip, lanes, query)
    cells = draw_attention(panel, names, rows, video, query)
    add_colour_bar(figure, panel, cells, "attention weight")
    return figure


def attention_rows(
    weights: Float[np.ndarray, "T slots"], video: VideoObjects, top: int
) -> tuple[list[str], Float[np.ndarray, "rows T"]]:
    """Attention summed over the slots of each label, most attended label first.

    Returns:
        Names of the rows, and the rows: at most `top` labels, then what the other labels got together where there
        are any, then the sentinel. Labels that got nothing are left out, so a frame's rows add up to its weights.

    Raises:
        InputError: weights that do not fit the video, or `top` below 1.
    """
    _check_weights(weights, video)
    if top < 1:
        raise InputError(f"video {video.video}: {top} labels to draw; expected at least 1")
    frames = np.arange(len(weights))
    by_label = np.zeros((len(video.label_names) + 1, len(weights)))
    # label -1, no label, is the last row
    np.add.at(by_label, (video.labels, frames[:, None]), weights[:, 1:])
    totals = by_label.sum(axis=1)
    ranked = [label for label in np.argsort(-totals, kind="stable") if totals[label] > 0]
    label_names = [*video.label_names, NO_LABEL]
    names = [label_names[label] for label in ranked[:top]]
    rows = [by_label[label] for label in ranked[:top]]
    if others := ranked[top:]:
        names.append(f"{len(others)} other label{'s' if len(others) > 1 else ''}")
        rows.append(by_label[others].sum(axis=0))
    return [*names, SENTINEL], np.stack([*rows, weights[:, 0]])


def draw_attention(
    axes: Axes, names: Sequence[str], rows: Float[np.ndarray, "rows T"], video: VideoObjects, query: Query
) -> QuadMesh:
    """Draw the rows over the time axis, with the edges of the true moments.

    Returns:
        The coloured cells, for a colour bar.

    Raises:
        InputError: objects of another video than the query's.
    """
    if video.video != query.video:
        raise InputError(f"query {query.query_id}: objects of video {video.video}; expected video {query.video}")
    times = video.times_seconds
    # each instant shows the frame sampled nearest to it
    seconds = [0, *(times[1:] + times[:-1]) / 2, video.duration_seconds]
    # one image inside an SVG: thousands of rectangles would make it slow and large
    cells = axes.pcolormesh(
        seconds, np.arange(len(names) + 1) - 0.5, rows, cmap=HEAT, vmin=0, vmax=rows.max() or 1, rasterized=True
    )
    axes.hlines(np.arange(1, len(names)) - 0.5, 0, query.duration_seconds, color="white", linewidth=2)
    for moment in query.moments:
        for time in moment.span:
            axes.axvline(time, color=TRUTH_COLOUR, linewidth=1)
    name_rows(axes, names)
    return cells


def _check_weights(weights: Float[np.ndarray, "T slots"], video: VideoObjects) -> None:
    frames, slots = video.labels.shape
    if frames == 0:
        raise InputError(f"video {video.video}: no frames; expected at least one to draw attention over")
    if weights.shape != (frames, slots + 1):
        raise InputError(
            f"video {video.video}: attention of shape {weights.shape}; expected {(frames, slots + 1)}: "
            f"{frames} frames, the sentinel and {slots} object slots"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InputError(f"video {video.video}: attention that is negative or not finite; expected weights from 0 up")
