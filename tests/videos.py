"""Videos whose every frame carries its number in its pixels."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

RATE = 10
"""Frames a second."""
B_FRAMES = {"x264-params": "bframes=3:b-adapt=0:keyint=7:scenecut=0"}
"""Three B-frames between others, a keyframe every seventh."""
ROWS, COLUMNS = 3, 4
"""A frame shows its number in binary, as so many black and white blocks, the lowest bit first."""


def numbered(number: int, size: tuple[int, int]) -> UInt8[np.ndarray, "height width 3"]:
    """Draw a number's blocks on a picture of a width and a height."""
    width, height = size
    bits = (number >> np.arange(ROWS * COLUMNS) & 1).reshape(ROWS, COLUMNS)
    blocks = bits[np.arange(height)[:, None] * ROWS // height, np.arange(width) * COLUMNS // width]
    return np.repeat(blocks[..., None], 3, axis=2).astype(np.uint8) * 255


def number_of(picture: UInt8[np.ndarray, "height width 3"]) -> int:
    """Read the number of a picture of any size, from its blocks' middles."""
    height, width = picture.shape[:2]
    rows = (2 * np.arange(ROWS) + 1) * height // (2 * ROWS)
    columns = (2 * np.arange(COLUMNS) + 1) * width // (2 * COLUMNS)
    return int(((picture[np.ix_(rows, columns)].mean(-1) > 128).ravel() << np.arange(ROWS * COLUMNS)).sum())


def write_video(
    path: Path,
    frames: int | Sequence[int],
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    first: int = 0,
    rate: int = RATE,
    size: tuple[int, int] = (48, 32),
    options: Mapping[str, str] = B_FRAMES,
    aspect: Fraction | None = None,
    rotation: int = 0,
) -> Path:
    """Encode numbered frames, `rate` a second from frame number `first` on.

    In place of how many, `frames` may say when each is shown, in ticks of the rate.
    """
    import av

    times = range(first, first + frames) if isinstance(frames, int) else frames
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options=dict(options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(number, size), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def decode_all(path: Path) -> list[tuple[Fraction, int]]:
    """Decode a whole video: when each frame is shown, in seconds since the first, and its number."""
    import av

    with av.open(str(path)) as container:
        frames = [
            (frame.pts * frame.time_base, number_of(frame.to_ndarray(format="rgb24")))
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]
    return [(time - frames[0][0], number) for time, number in frames]
