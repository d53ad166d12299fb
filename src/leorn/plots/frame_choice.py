"""Which frames of a video show best why an answer was given."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from leorn.errors import InputError
from leorn.plots.attention import check_weights
from leorn.records import Moment, VideoObjects

FEWEST_WITH_CONTEXT = 3
"""From so many frames on, one before and one after the moment are among them."""
CONTEXT_SHARE = 0.5
"""How far before and after the moment these are, in lengths of the moment."""


def frames_worth_showing(
    weights: Float[np.ndarray, "T slots"], video: VideoObjects, moments: Sequence[Moment], count: int
) -> list[float]:
    """Choose sampled frames: the best moment's most attended one, one before and one after it, others spread inside.

    The most attended frame is the one in which a single object got the most attention; of equals, the one nearest
    the middle. Without a moment the whole video is taken for it.

    Args:
        weights: (T, N+1) attention of each frame over the sentinel (slot 0) and its N object slots.
        video: the objects as the network saw them, T frames with N slots.
        moments: the moments found, best first.
        count: how many frames; there are fewer where the video has fewer.

    Returns:
        Times of sampled frames in seconds, rising.

    Raises:
        InputError: weights that do not fit the video, or a count below 1.
    """
    check_weights(weights, video)
    if count < 1:
        raise InputError(f"video {video.video}: {count} frames to show; expected at least 1")
    times = video.times_seconds
    start, end = moments[0].span if moments else (0.0, video.duration_seconds)
    inside = np.flatnonzero((times >= start) & (times <= end))
    if inside.size == 0:
        # the moment lies between two sampled frames
        inside = np.array([np.abs(times - (start + end) / 2).argmin()])
    attention = weights[inside, 1:].max(axis=1, initial=0)
    off_middle = np.abs(times[inside] - (start + end) / 2)
    chosen = [int(inside[np.lexsort((off_middle, -attention))[0]])]
    if count >= FEWEST_WITH_CONTEXT:
        chosen += _context(times, inside, start, end)
    # the moment's ends count as taken, so that the others stand well inside it
    _spread(chosen, times, inside, count, (start, end))
    _spread(chosen, times, np.arange(len(times)), count, ())
    return np.sort(times[chosen]).tolist()


def _context(times: Float[np.ndarray, "T"], inside: np.ndarray, start: float, end: float) -> list[int]:
    """The frames nearest to half a moment's length before it and after it, of those outside."""
    away = CONTEXT_SHARE * (end - start)
    before, after = np.arange(inside[0]), np.arange(inside[-1] + 1, len(times))
    return [
        int(outside[np.abs(times[outside] - wanted).argmin()])
        for outside, wanted in ((before, start - away), (after, end + away))
        if outside.size
    ]


def _spread(
    chosen: list[int], times: Float[np.ndarray, "T"], choice: np.ndarray, count: int, taken: tuple[float, ...]
) -> None:
    """Add frames out of a choice, each the farthest in time from all chosen and taken, until there are `count`."""
    while len(chosen) < count and (free := np.setdiff1d(choice, chosen)).size:
        apart = np.abs(times[free, None] - np.array([*times[chosen], *taken])).min(axis=1)
        chosen.append(int(free[apart.argmax()]))
