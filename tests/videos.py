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
    matrix: Sequence[int] | None = None,
) -> Path:
    """Encode numbered frames, `rate` a second from frame number `first` on.

    In place of how many, `frames` may say when each is shown, in ticks of the rate. `matrix` is the display matrix of
    ISO/IEC 14496-12.
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
        if matrix is not None:
            stream.set_display_matrix(matrix)
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(number, size), format="rgb24")
            frame.pts, frame.time_base = time, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


MATRICES = {
    (right, down, below_right, below_down): [
        *(right << 16, down << 16, 0, below_right << 16, below_down << 16, 0),
        *(0, 0, 1 << 30),
    ]
    for right, down, below_right, below_down in (
        *((1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)),
        *((-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)),
    )
}
"""Display matrices (ISO/IEC 14496-12) by where they lead a step to the right and a step down; the last four mirror."""


def as_shown(
    picture: UInt8[np.ndarray, "height width 3"], turn: tuple[int, int, int, int]
) -> UInt8[np.ndarray, "shown_height shown_width 3"]:
    """Move each pixel of a stored picture to where a display matrix leads it."""
    right, down, below_right, below_down = turn
    rows, columns = np.indices(picture.shape[:2])
    x, y = right * columns + below_right * rows, down * columns + below_down * rows
    shown = np.zeros((int(np.ptp(y)) + 1, int(np.ptp(x)) + 1, 3), np.uint8)
    shown[y - y.min(), x - x.min()] = picture
    return shown


def copy_video(source: Path, path: Path, options: Mapping[str, str] | None = None, title: str = "") -> Path:
    """Copy a video's packets to another file, with options of its container and a title."""
    import av

    with av.open(str(source)) as whole, av.open(str(path), "w", options=dict(options or {})) as target:
        if title:
            target.metadata["title"] = title
        stream = target.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return path


def cut_file(path: Path, share: float) -> Path:
    """Leave that share of a file's bytes, from its start."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
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
