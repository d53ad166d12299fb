"""Frames of a video file at given times, small enough to look at."""

from collections.abc import Sequence
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from leorn.errors import InputError

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

SUFFIXES = frozenset({".mp4", ".mkv", ".avi", ".webm", ".mov"})
MAX_WIDTH = 320
"""Pixels of a frame's width as it is shown; wider ones are made smaller."""
TICK_SHARE = 1e-6
"""A time this share of a tick before the next counts as that one: 0.7 s is 6.999… ticks of 0.1 s."""


def find_video(folder: str | Path, video: str) -> Path | None:
    """Return the file of `folder` that is named by a video's id and a known suffix, or None.

    The id is only compared with what lies in the folder: it comes from outside and never becomes a path.

    Raises:
        InputError: the folder is missing or cannot be read.
    """
    try:
        files = sorted(Path(folder).iterdir())
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}; expected a folder of videos") from error
    return next((file for file in files if file.stem == video and file.suffix.lower() in SUFFIXES), None)


def read_frames(
    path: str | Path, times_seconds: Sequence[float]
) -> list[tuple[float, UInt8[np.ndarray, "height width 3"]]]:
    """Read the frame that is shown at each time: upright, with square pixels, at most `MAX_WIDTH` wide.

    Args:
        path: a video of any format that FFmpeg reads.
        times_seconds: times since the start of the video stream, in any order. Before the first frame's time the
            first frame is shown, after the last one's the last.

    Returns:
        Each time with its frame in RGB, in the order of `times_seconds`.

    Raises:
        InputError: PyAV is not installed, or the file is missing, broken or without a video.
    """
    try:
        import av
    except ImportError as error:
        raise InputError(f"{path}: reading a video needs PyAV: pip install leorn[video]") from error
    if not Path(path).is_file():
        raise InputError(f"{path}: no such file; expected a video")
    try:
        # an absolute path is never taken for an address such as http:…
        with av.open(str(Path(path).absolute())) as container:
            if not container.streams.video:
                raise InputError(f"{path}: holds no video stream; expected a video")
            stream = container.streams.video[0]
            return [(time, _picture(_frame_at(container, stream, time), stream)) for time in times_seconds]
    except (av.FFmpegError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path}: cannot be read as a video ({reason}); expected a whole file") from error


def _frame_at(container: "InputContainer", stream: "VideoStream", seconds: float) -> "VideoFrame":
    """Decode from the keyframe before a time up to the last frame that does not come after it."""
    assert stream.time_base is not None
    target = (stream.start_time or 0) + floor(seconds / float(stream.time_base) + TICK_SHARE)
    container.seek(target, stream=stream)
    shown = None
    for frame in container.decode(stream):
        if shown is not None and frame.pts is not None and frame.pts > target:
            break
        shown = frame
    if shown is None:
        raise EOFError(f"no frame at {seconds} s")
    return shown


def _picture(frame: "VideoFrame", stream: "VideoStream") -> UInt8[np.ndarray, "height width 3"]:
    """Turn a frame into RGB as a player shows it."""
    quarters = round(frame.rotation / 90)
    width, height = frame.width * float(stream.sample_aspect_ratio or 1), frame.height
    scale = min(1, MAX_WIDTH / (height if quarters % 2 else width))
    small = frame.reformat(max(1, round(width * scale)), max(1, round(height * scale)), format="rgb24")
    return np.ascontiguousarray(np.rot90(small.to_ndarray(), quarters))
