"""Videos whose every frame has a grey level of its own."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np

RATE = 10
"""Frames a second."""
B_FRAMES = {"x264-params": "bframes=3:b-adapt=0:keyint=7:scenecut=0"}
"""Three B-frames between others, a keyframe every seventh."""


def level(index: int) -> int:
    """Return the grey level of a frame."""
    return 20 + 7 * index


def write_video(
    path: Path,
    frames: int,
    *,
    codec: str = "libx264",
    first: int = 0,
    size: tuple[int, int] = (48, 32),
    options: Mapping[str, str] = B_FRAMES,
    top: int | None = None,
    aspect: Fraction | None = None,
    rotation: int = 0,
) -> Path:
    """Encode frames of one grey level each, ten a second from frame number `first` on; `top` is the upper half's."""
    import av

    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=dict(options))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        for index in range(frames):
            picture = np.full((height, width, 3), level(index), dtype=np.uint8)
            if top is not None:
                picture[: height // 2] = top
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = first + index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
