"""Frames of the video, laid over the time they belong to."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes

from leorn.errors import InputError
from leorn.plots.canvas import QUIET
from leorn.records import Frame, Query

FRAMES_HEIGHT = 0.95
"""Inches of the whole panel."""
LEADER = 0.12
"""Share of the panel's height below the frames, where a line leads from each frame to its time."""
SPACE = 0.03
"""Between two frames, in widths of a frame."""


def draw_frames(axes: Axes, query: Query, frames: Sequence[Frame]) -> None:
    """Draw as many frames as fit side by side, evenly chosen, each as near its time as the others let it.

    Args:
        axes: a panel whose x axis is the video's time.
        query: names the query in errors.
        frames: frames of one size, in any order.

    Raises:
        InputError: no frame, a time outside the video, or a picture that is not RGB of the common size.
    """
    check_frames(query, frames)
    duration = query.duration_seconds
    panel = axes.get_window_extent()
    height, width = frames[0][1].shape[:2]
    frame_seconds = min(panel.height * (1 - LEADER) * width / height / panel.width * duration, duration)
    space = frame_seconds * SPACE
    # n frames have n - 1 spaces between them; the division may fall just short of 1
    frames = choose_frames(frames, max(1, int((duration + space) / (frame_seconds + space))))
    lefts = place_frames(np.array([time for time, _ in frames]), frame_seconds, space, duration)
    for (time, picture), left in zip(frames, lefts, strict=True):
        axes.imshow(picture, extent=(left, left + frame_seconds, LEADER, 1), aspect="auto", interpolation="bilinear")
        axes.plot([left + frame_seconds / 2, time], [LEADER, 0], color=QUIET, linewidth=1, clip_on=False)
    axes.set(xlim=(0, duration), ylim=(0, 1), yticks=[])
    axes.spines[:].set_visible(False)


def choose_frames(frames: Sequence[Frame], count: int) -> list[Frame]:
    """At most `count` of the frames, in order of time: every n-th of them, as many left off at either end."""
    step = -(-len(frames) // count)
    ordered = sorted(frames, key=lambda frame: frame[0])
    return ordered[((len(ordered) - 1) % step) // 2 :: step]


def place_frames(times: Float[np.ndarray, "K"], width: float, space: float, length: float) -> Float[np.ndarray, "K"]:
    """Left edges at which frames stand centred on their times, or as near as the axis and the others let them.

    Args:
        times: rising times of the K frames, in seconds.
        width: seconds of the axis that a frame covers.
        space: least seconds between two frames; K frames with their spaces must fit into `length`.
        length: seconds from the axis' start to where the last frame may end.
    """
    lefts = times - width / 2
    earliest, latest = 0.0, length - width
    for k in range(len(lefts)):
        lefts[k] = max(lefts[k], earliest)
        earliest = lefts[k] + width + space
    for k in reversed(range(len(lefts))):
        lefts[k] = min(lefts[k], latest)
        latest = lefts[k] - width - space
    return lefts


def check_frames(query: Query, frames: Sequence[Frame]) -> None:
    """Check that frames can be drawn over a query's time.

    Raises:
        InputError: no frame, a time outside the video, or a picture that is not RGB of the common size.
    """
    if not frames:
        raise InputError(f"query {query.query_id}: no frame to draw; expected at least one")
    expected = frames[0][1].shape
    for k, (time, picture) in enumerate(frames):
        if not 0 <= time <= query.duration_seconds:
            raise InputError(
                f"query {query.query_id}: frame {k} at {time} s; expected 0 to {query.duration_seconds} s, "
                f"the length of video {query.video}"
            )
        is_rgb = picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3 and picture.size > 0
        if not is_rgb or picture.shape != expected:
            raise InputError(
                f"query {query.query_id}: frame {k} is {picture.dtype} of shape {picture.shape}; "
                "expected uint8 of shape (height, width, 3), the same for every frame"
            )
