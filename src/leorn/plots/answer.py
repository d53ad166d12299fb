"""An answer on somebody's own video in one picture: frames with their objects, moments, score and attention."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from leorn.plots.attention import ROW_HEIGHT, attention_rows, draw_attention
from leorn.plots.canvas import (
    BAR_ROOM,
    BEST_COLOUR,
    MARGIN,
    NAME_LETTERS,
    house_style,
    mark_edges,
    save_figure,
    stack_panels,
)
from leorn.plots.curve import CURVE_HEIGHT, Curve, draw_curve
from leorn.plots.film import draw_film, film_frames, film_height
from leorn.plots.moments import LANE_HEIGHT, draw_lanes, moment_lanes, prediction_lanes
from leorn.records import Frame, Moment, Query, VideoObjects


def plot_answer(
    query: Query,
    moments: Sequence[Moment],
    path: str | Path,
    *,
    curve: Curve,
    weights: Float[np.ndarray, "T slots"],
    video: VideoObjects,
    frames: Sequence[Frame],
    answers_to: Mapping[str, str],
    top_moments: int = 3,
    top_labels: int = 6,
) -> None:
    """Write one picture with the frames and their objects, the moments found, the score over time and the attention.

    Args:
        query: the sentence, its video's length, and its true moments where they are known.
        moments: the moments found, best first.
        path: where to write; .png or .svg.
        curve: the best score of any candidate over the video's time.
        weights: (T, N+1) attention of each frame over the sentinel (slot 0) and its N object slots.
        video: the objects as the network saw them, T frames with N slots.
        frames: frames of the video (seconds, RGB), in any order, such as those at `frames_worth_showing`; of more
            than five, evenly chosen ones are drawn.
        answers_to: labels with the word of the sentence that they answer, of those that answer one.
        top_moments: moments drawn.
        top_labels: labels with a row of their own, those with the most attention.

    Raises:
        InputError: parts that do not fit each other, frames that cannot be drawn, or a path that cannot be written.
    """
    figure = answer_figure(
        query,
        moments,
        curve=curve,
        weights=weights,
        video=video,
        frames=frames,
        answers_to=answers_to,
        top_moments=top_moments,
        top_labels=top_labels,
    )
    save_figure(figure, path)


@house_style()
def answer_figure(
    query: Query,
    moments: Sequence[Moment],
    *,
    curve: Curve,
    weights: Float[np.ndarray, "T slots"],
    video: VideoObjects,
    frames: Sequence[Frame],
    answers_to: Mapping[str, str],
    top_moments: int = 3,
    top_labels: int = 6,
) -> Figure:
    """The picture that `plot_answer` writes: the panels film, strip, curve, attention and its colour bar."""
    shown = film_frames(query, frames)
    lanes_of = moment_lanes if query.moments else prediction_lanes
    lanes = lanes_of(query, {"best moment": moments}, top_moments)
    names, rows = attention_rows(weights, video, top_labels)
    heights = [film_height(shown), LANE_HEIGHT * len(lanes), CURVE_HEIGHT, ROW_HEIGHT * len(names)]
    figure, [film, strip, score, attention] = stack_panels(query, heights, side=BAR_ROOM, title_left=MARGIN)
    draw_film(film, query, shown, moments, weights, video, answers_to)
    draw_lanes(strip, lanes, query)
    draw_curve(score, curve, moments[:top_moments])
    draw_attention(figure, attention, [name_answer(name, answers_to) for name in names], rows, video, query)
    for moment in moments[:1]:
        mark_edges(attention, moment, BEST_COLOUR)
    return figure


def name_answer(label: str, answers_to: Mapping[str, str]) -> str:
    """A label's name with the word of the sentence that it answers, where there is one and both fit beside a row."""
    name = f"{label} → “{answers_to.get(label)}”"
    return name if label in answers_to and len(name) <= NAME_LETTERS else label
