"""How many frames of a video are looked at."""

import math


def frame_count(duration_seconds: float, frames: int, rate: float | None = None) -> int:
    """Return how many frames to sample of a video, at the middles of as many equal parts of its time.

    Args:
        duration_seconds: the length of the video.
        frames: so many of every video, or at most, where there is a rate.
        rate: frames a second.
    """
    if rate is None:
        return frames
    # a length that is a whole number of frames on paper is not always one in floating point
    return min(frames, max(1, math.ceil(duration_seconds * rate - 1e-6)))
