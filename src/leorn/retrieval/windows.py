"""A video cut into windows that overlap, of several lengths: what a search of many videos recalls."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from leorn.errors import InputError

LENGTHS_SECONDS = (4.0, 8.0, 16.0, 32.0)
"""From a single action to a scene; a video that is shorter than a length is one window."""

MOST_SECONDS = 7 * 24 * 3600.0
"""The longest video that is cut: times that are damaged can make one a million hours long."""


class Window(NamedTuple):
    """A stretch of a video."""

    start_seconds: float
    end_seconds: float


def cut_windows(duration_seconds: float, lengths_seconds: Sequence[float] = LENGTHS_SECONDS) -> list[Window]:
    """Return windows of every length, the first at the start of the video and the last at its end.

    Those of one length lie evenly and overlap by half of it or more, so that whatever takes no longer than half a
    window lies whole in one.

    Args:
        duration_seconds: of the video.
        lengths_seconds: of the windows.

    Raises:
        InputError: the video is longer than a week.
    """
    if duration_seconds > MOST_SECONDS:
        raise InputError(f"a video of {duration_seconds / 3600:,.0f} h; expected a week or less")
    windows: dict[Window, None] = {}
    for length in lengths_seconds:
        rest = duration_seconds - length
        steps = math.ceil(rest / (length / 2)) if rest > 0 else 0
        for number in range(steps + 1):
            start = rest * number / steps if steps else 0.0
            windows[Window(start, min(start + length, duration_seconds))] = None
    return list(windows)


def frames_inside(times_seconds: Float[np.ndarray, "T"], window: Window) -> Int[np.ndarray, "F"]:
    """Return which of the sampled frames tell of a window: those inside it, or the one nearest to its middle.

    Args:
        times_seconds: of the frames, rising.
        window: a stretch of the video.
    """
    first, beyond = np.searchsorted(times_seconds, window)
    if first < beyond:
        return np.arange(first, beyond)
    return np.array([np.abs(times_seconds - (window.start_seconds + window.end_seconds) / 2).argmin()])
