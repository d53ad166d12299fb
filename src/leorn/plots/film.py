"""A row of large frames with their objects, each with its time and a line to it on the axis below."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from leorn.plots.boxes import OBJECT_COLOUR, draw_objects, frame_objects, seam
from leorn.plots.canvas import ANSWER_COLOUR, BEST_COLOUR, GAP, LEFT, MARGIN, QUIET, WIDTH, panel_size
from leorn.plots.frames import check_frames, choose_frames, place_frames
from leorn.records import Frame, Moment, Query, VideoObjects

MOST_FRAMES = 5
"""Frames that stand side by side, at most."""
FEWEST_COLUMNS = 3
"""Fewer frames are not larger than so many side by side."""
TALLEST = 2.3
"""Inches of a frame's height, at most."""
SPACE = 0.08
"""Inches between two frames."""
ROOM = WIDTH - 2 * MARGIN
"""Inches that frames have side by side."""
KEY_HEIGHT = 0.27
"""Inches of the line above the frames that says what the colours mean."""
BELOW = 0.45
"""Inches below the frames, for their times and the lines to the axis."""
LEADER = 0.22
"""Inches of those for the lines; above them stands the time."""
SWATCH = "#777777"
"""What lies behind a box in the key, dark as most frames."""
BORDER = 2.5
"""Points of the border of a frame inside the best moment."""


def film_frames(query: Query, frames: Sequence[Frame]) -> list[Frame]:
    """The frames to draw, in order of time: all, or as many as go side by side, evenly chosen.

    Raises:
        InputError: no frame, a time outside the video, or a picture that is not RGB of the common size.
    """
    check_frames(query, frames)
    return choose_frames(frames, MOST_FRAMES)


def frame_size(frames: Sequence[Frame]) -> tuple[float, float]:
    """Inches of width and height that each of the frames gets in a row between the picture's margins."""
    height, width = frames[0][1].shape[:2]
    columns = max(len(frames), FEWEST_COLUMNS)
    widest = (ROOM - SPACE * (columns - 1)) / columns
    inches_high = min(widest * height / width, TALLEST)
    return inches_high * width / height, inches_high


def film_height(frames: Sequence[Frame]) -> float:
    """Inches of the panel that the frames, the key above them and what stands below them take."""
    return KEY_HEIGHT + frame_size(frames)[1] + BELOW


def draw_film(
    axes: Axes,
    query: Query,
    frames: Sequence[Frame],
    moments: Sequence[Moment],
    weights: Float[np.ndarray, "T slots"],
    video: VideoObjects,
    answers_to: Mapping[str, str],
) -> None:
    """Draw the frames with the objects of the sampled frames nearest to them, and the key to their colours.

    Args:
        axes: a panel whose x axis is the video's time; frames may stand outside it, up to the picture's margins.
        query: gives the length of the axis.
        frames: what `film_frames` chose.
        moments: the moments found, best first; frames inside the best one get a border.
        weights: (T, N+1) attention of each frame over the sentinel (slot 0) and its N object slots.
        video: the objects as the network saw them, T frames with N slots.
        answers_to: labels with the word of the sentence that they answer.
    """
    frame_width, frame_height = frame_size(frames)
    panel_width, panel_height = panel_size(axes)
    second = panel_width / query.duration_seconds
    width = frame_width / second
    # the row of frames begins before the axis does
    early = (LEFT - MARGIN) / second
    times = np.array([time for time, _ in frames])
    lefts = place_frames(times + early, width, SPACE / second, ROOM / second) - early
    axes.set(xlim=(0, query.duration_seconds), ylim=(0, panel_height), yticks=[])
    axes.spines[:].set_visible(False)
    objects = [frame_objects(time, weights, video, answers_to) for time, _ in frames]
    most = max((item.weight for items in objects for item in items), default=0.0)
    start, end = moments[0].span if moments else (math.inf, math.inf)
    inside = [start <= time <= end for time, _ in frames]
    for (time, picture), left, items, bordered in zip(frames, lefts, objects, inside, strict=True):
        frame = _add_frame(axes, picture, (left, BELOW, width, frame_height), bordered)
        draw_objects(frame, items, most)
        _lead_to_time(axes, time, left + width / 2, bordered)
    _add_key(axes, -early, any(inside), {item.colour for items in objects for item in items})


def _add_frame(
    axes: Axes,
    picture: UInt8[np.ndarray, "height width 3"],
    place: tuple[float, float, float, float],
    bordered: bool,
) -> Axes:
    """A frame at left, bottom, width and height of the panel, as axes from 0 to 1 rightwards and downwards."""
    frame = axes.inset_axes(place, transform=axes.transData, xticks=[], yticks=[])
    frame.imshow(picture, extent=(0, 1, 1, 0), aspect="auto", interpolation="hanning")
    frame.autoscale(False)
    frame.spines[:].set_visible(bordered)
    frame.spines[:].set(color=BEST_COLOUR, linewidth=BORDER)
    return frame


def _lead_to_time(axes: Axes, time: float, centre: float, bordered: bool) -> None:
    colour = BEST_COLOUR if bordered else QUIET
    axes.text(centre, (LEADER + BELOW) / 2, f"{time:.1f} s", size=9, color=colour, ha="center", va="center")
    # across the gap too: the line ends on the panel below
    axes.plot([centre, time, time], [LEADER, 0, -GAP], color=colour, linewidth=1, clip_on=False)


def _add_key(axes: Axes, left: float, bordered: bool, colours: set[str]) -> None:
    """Say above the frames what the colours mean, of those that are there."""
    border = Patch(facecolor="none", edgecolor=BEST_COLOUR, linewidth=2, label="in the best moment")
    boxes = {
        ANSWER_COLOUR: "object that answers a word",
        OBJECT_COLOUR: "other object" if ANSWER_COLOUR in colours else "object",
    }
    entries = [
        Patch(facecolor=SWATCH, edgecolor=colour, linewidth=2, label=label, path_effects=[seam(2)])
        for colour, label in boxes.items()
        if colour in colours
    ]
    if entries:
        entries[-1].set_label(f"{entries[-1].get_label()} (the thicker, the more attention)")
    axes.legend(
        handles=[border, *entries] if bordered else entries,
        loc="upper left",
        bbox_to_anchor=(left, axes.get_ylim()[1]),
        bbox_transform=axes.transData,
        ncols=3,
        frameon=False,
        fontsize=8,
        handlelength=1.4,
        borderpad=0,
        borderaxespad=0,
    )
