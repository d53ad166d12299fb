"""A strip of the video's time: what is true and what was predicted, as bars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from leorn.errors import InputError
from leorn.plots.canvas import (
    PREDICTION_COLOURS,
    QUIET,
    TRUTH_COLOUR,
    house_style,
    name_rows,
    save_figure,
    stack_panels,
)
from leorn.plots.frames import FRAMES_HEIGHT, draw_frames
from leorn.records import Frame, Moment, Prediction, Query

Predictions = Prediction | Mapping[str, Sequence[Moment]]
"""One model's answer, or those of several models by name; best moment first."""

LANE_HEIGHT = 0.28
"""Inches of a row of bars."""
BAR_SHARE = 0.62
"""Share of its row that a bar fills."""
LABEL_SHARE = 1 / 3
"""Share of the strip's width that a bar's label may take: right of a bar, left of it or in it there is as much."""


@dataclass(frozen=True)
class Lane:
    """A row of the strip.

    Attributes:
        name: what stands left of it.
        moments: its bars.
        colour: of the bars, as `#rrggbb`.
        labelled: whether score and times stand beside the bar.
        note: what stands there instead of bars.
    """

    name: str
    moments: tuple[Moment, ...]
    colour: str
    labelled: bool = False
    note: str = ""


def plot_moments(
    query: Query,
    predictions: Predictions,
    path: str | Path,
    frames: Sequence[Frame] | None = None,
    top: int = 5,
) -> None:
    """Write a strip of the video's time with ground truth and predictions as bars, under the query's sentence.

    Args:
        query: the sentence, its video's length and its true moments.
        predictions: one model's answer, or those of several models by name; best moment first.
        path: where to write; .png or .svg.
        frames: frames of the video (seconds, RGB), in any order: as many as fit are laid over their times.
        top: moments drawn of each model.

    Raises:
        InputError: a prediction for another query, frames that cannot be drawn, or a path that cannot be written.
    """
    save_figure(moments_figure(query, predictions, frames, top), path)


@house_style()
def moments_figure(
    query: Query, predictions: Predictions, frames: Sequence[Frame] | None = None, top: int = 5
) -> Figure:
    """The picture that `plot_moments` writes, with the panels frames (if any) and strip."""
    lanes = moment_lanes(query, predictions, top)
    heights = [LANE_HEIGHT * len(lanes)]
    if frames is None:
        figure, [strip] = stack_panels(query, heights)
    else:
        figure, [film, strip] = stack_panels(query, [FRAMES_HEIGHT, *heights])
        draw_frames(film, query, frames)
    draw_lanes(strip, lanes, query)
    return figure


def moment_lanes(query: Query, predictions: Predictions, top: int) -> list[Lane]:
    """The rows of the strip: one for all true moments, then those of the predictions.

    Raises:
        InputError: a prediction for another query, or `top` below 1.
    """
    return [
        Lane("ground truth", query.moments, TRUTH_COLOUR, note="not known"),
        *prediction_lanes(query, predictions, top),
    ]


def prediction_lanes(query: Query, predictions: Predictions, top: int) -> list[Lane]:
    """The rows of the strip for what was predicted: one for each of a model's `top` moments.

    Raises:
        InputError: a prediction for another query, or `top` below 1.
    """
    if top < 1:
        raise InputError(f"query {query.query_id}: {top} moments to draw of each model; expected at least 1")
    if isinstance(predictions, Prediction):
        if predictions.query_id != query.query_id:
            raise InputError(f"prediction for query {predictions.query_id}; expected one for query {query.query_id}")
        predictions = {"prediction": predictions.moments}
    lanes = []
    for model, (name, moments) in enumerate(predictions.items()):
        colour = PREDICTION_COLOURS[model % len(PREDICTION_COLOURS)]
        best, others = tuple(moments[:1]), moments[1:top]
        lanes.append(Lane(name, best, colour, labelled=True, note="no moment proposed"))
        lanes += [
            Lane(f"#{rank}", (moment,), _pale(colour), labelled=True) for rank, moment in enumerate(others, start=2)
        ]
    return lanes


def draw_lanes(axes: Axes, lanes: Sequence[Lane], query: Query) -> None:
    """Draw the rows from the top, and the true moments as pale bands behind all of them.

    Args:
        axes: a panel whose x axis is the video's time.
        lanes: the rows.
        query: gives the true moments and the length of the axis.
    """
    for moment in query.moments:
        axes.axvspan(*moment.span, color=TRUTH_COLOUR, alpha=0.12, linewidth=0, zorder=0)
    for row, lane in enumerate(lanes):
        for moment in lane.moments:
            start, end = moment.span
            # an edge of the bar's own colour keeps the shortest moment visible
            axes.barh(
                row, end - start, left=start, height=BAR_SHARE, color=lane.colour, edgecolor=lane.colour, linewidth=0.8
            )
            if lane.labelled:
                _label_bar(axes, row, moment, query.duration_seconds, lane.colour)
        if not lane.moments:
            axes.annotate(lane.note, (0, row), (4, 0), textcoords="offset points", va="center", size=9, color=QUIET)
    name_rows(axes, [lane.name for lane in lanes])


def _pale(colour: str) -> str:
    """The colour mixed with as much white; opaque, so that what lies behind does not change it."""
    red, green, blue = to_rgb(colour)
    return to_hex(((1 + red) / 2, (1 + green) / 2, (1 + blue) / 2))


def _label_bar(axes: Axes, row: int, moment: Moment, duration_seconds: float, bar_colour: str) -> None:
    """Write score and times right of a bar, or left of it, or in it: where there is room."""
    start, end = (min(time, duration_seconds) for time in moment.span)
    if duration_seconds - end >= LABEL_SHARE * duration_seconds:
        at, offset, side, colour = end, 5, "left", "black"
    elif start >= LABEL_SHARE * duration_seconds:
        at, offset, side, colour = start, -5, "right", "black"
    else:
        at, offset, side, colour = start, 5, "left", "white" if sum(to_rgb(bar_colour)) < 1.5 else "black"
    times = f"{moment.start_seconds:.1f}–{moment.end_seconds:.1f} s"
    text = times if moment.score is None else f"{moment.score:.2f}  ({times})"
    axes.annotate(text, (at, row), (offset, 0), textcoords="offset points", ha=side, va="center", size=9, color=colour)
