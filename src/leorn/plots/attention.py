"""Attention over objects across time: which labels the model looked at, and when."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from leorn.errors import InputError
from leorn.plots.canvas import (
    BAR_ROOM,
    HEAT,
    NOTHING,
    TRUTH_COLOUR,
    add_colour_bar,
    house_style,
    mark_edges,
    name_rows,
    save_figure,
    stack_panels,
)
from leorn.plots.moments import LANE_HEIGHT, draw_lanes, moment_lanes
from leorn.records import Moment, Query, VideoObjects
from leorn.wording import counted

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
    draw_attention(figure, panel, names, rows, video, query)
    return figure


def attention_rows(
    weights: Float[np.ndarray, "T slots"], video: VideoObjects, top: int
) -> tuple[list[str], Float[np.ma.MaskedArray, "rows T"]]:
    """Attention summed over the slots of each label, most attended label first.

    Returns:
        Names of the rows, and the rows: at most `top` labels, then what the other labels got together where there
        are any, then the sentinel. Labels that got nothing are left out, so a frame's rows add up to its weights. Where
        a frame has no object of a label the row is masked: there is no attention that it could have got.

    Raises:
        InputError: weights that do not fit the video, or `top` below 1.
    """
    check_weights(weights, video)
    if top < 1:
        raise InputError(f"video {video.video}: {top} labels to draw; expected at least 1")
    frames = np.arange(len(weights))
    by_label = np.zeros((len(video.label_names) + 1, len(weights)))
    seen = np.zeros(by_label.shape, dtype=bool)
    # label -1, no label, is the last row
    where = (video.labels, frames[:, None])
    np.add.at(by_label, where, weights[:, 1:])
    # score 0 means that the slot is empty, unless it got attention all the same
    np.logical_or.at(seen, where, (video.scores > 0) | (weights[:, 1:] > 0))
    totals = by_label.sum(axis=1)
    ranked = [label for label in np.argsort(-totals, kind="stable") if totals[label] > 0]
    label_names = [*video.label_names, NO_LABEL]
    names = [label_names[label] for label in ranked[:top]]
    rows, absent = [*by_label[ranked[:top]]], [*~seen[ranked[:top]]]
    if others := ranked[top:]:
        names.append(counted(len(others), "other label"))
        rows.append(by_label[others].sum(axis=0))
        absent.append(~seen[others].any(axis=0))
    nowhere = np.zeros(len(weights), dtype=bool)
    return [*names, SENTINEL], np.ma.masked_array([*rows, weights[:, 0]], [*absent, nowhere])


def draw_attention(
    figure: Figure,
    axes: Axes,
    names: Sequence[str],
    rows: Float[np.ma.MaskedArray, "rows T"],
    video: VideoObjects,
    query: Query,
) -> None:
    """Draw the rows over the time axis, with the edges of the true moments, and their colour bar at the right.

    What is masked stays grey.

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
    axes.set_facecolor(NOTHING)
    axes.hlines(np.arange(1, len(names)) - 0.5, 0, query.duration_seconds, color="white", linewidth=2)
    for moment in query.moments:
        mark_edges(axes, moment, TRUTH_COLOUR)
    name_rows(axes, names)
    add_colour_bar(figure, axes, cells, "attention weight")


def check_weights(weights: Float[np.ndarray, "T slots"], video: VideoObjects) -> None:
    """Check that attention is there for every frame, for the sentinel and for every object slot.

    Raises:
        InputError: a video without frames, another shape, or weights that are negative or not finite.
    """
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
