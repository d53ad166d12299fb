"""Video files: finding them, what they are, and their frames in the order of time."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from leorn.errors import InputError
from leorn.features.containers import check_whole, open_container, pick_stream
from leorn.features.frames import FrameReader, Painter
from leorn.features.packets import Timeline, read_timeline
from leorn.records import Frame

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".wmv", ".flv", ".ogv"}
    | {".mpg", ".mpeg", ".ts", ".mts", ".m2ts"}
)
"""What the name of a video in a folder ends in; a file that is named itself may have any other."""
MAX_SIDE = 320
"""Pixels of the longer side of a frame that is read to be looked at."""
TICK_SHARE = 1e-6
"""A time this share of a tick before the next counts as that one: 0.7 s is 6.999… ticks of 0.1 s."""


@dataclass(frozen=True)
class VideoInfo:
    """What a video is.

    Attributes:
        path: its file.
        duration_seconds: from the first frame of the video stream to the end of its last.
        frame_rate: frames a second, on average.
        width: pixels of a frame's width as it is shown: upright, with square pixels.
        height: pixels of its height.
        rotation_degrees: by how much a stored frame is turned counterclockwise to stand upright: 0, 90, 180 or 270.
        mirrored: whether it is mirrored, left to right, before it is turned.
        codec: FFmpeg's name of what it is coded with.
    """

    path: Path
    duration_seconds: float
    frame_rate: float
    width: int
    height: int
    rotation_degrees: int
    mirrored: bool
    codec: str


def probe(path: str | Path) -> VideoInfo:
    """Find out what a video is, from all its packets and its first frame.

    Raises:
        InputError: PyAV is not installed; the file is missing, empty, not readable, no video or truncated, or nothing
            in it can be decoded.
    """
    with _open(path) as video:
        return video.info


def sample_frames(path: str | Path, count: int, max_side: int | None = None) -> Iterator[Frame]:
    """Read the frames that are shown at the middles of equal parts of a video's time.

    The same file gives the same pixels every time. A frame that is shown at several of these times is decoded once and
    given as the same array. One frame is held in memory, and the few inside the decoder. Frames of H.264 or HEVC in
    AVI, which does not tell when they are shown, are counted from a keyframe on: each broken one before the next
    keyframe that decoding starts at makes later ones a frame early.

    Args:
        path: a video of any format that FFmpeg reads. Of a truncated file of a format that does not say how long it is
            (MPEG-TS, WMV) the part that is there is the video.
        count: how many parts.
        max_side: pixels of the longer side; larger frames are made smaller.

    Yields:
        Each part's middle, in seconds since the first frame, with the frame.

    Raises:
        InputError: as `probe`, or `count` is below 1.
    """
    if count < 1:
        raise InputError(f"{path}: {count} frames; expected at least 1")
    with _open(path) as video:
        timeline = video.timeline
        ticks = [(2 * part + 1) * (timeline.end - timeline.start) // (2 * count) for part in range(count)]
        seconds = [(part + 0.5) * video.info.duration_seconds / count for part in range(count)]
        yield from zip(seconds, video.pictures(ticks, max_side), strict=True)


def different_frames(frames: Iterable[Frame]) -> Iterator[tuple[tuple[float, ...], UInt8[np.ndarray, "h w 3"]]]:
    """Give each picture once, with the times at which it is shown: a short clip shows some more than once."""
    # an id is not given twice, for groupby holds a picture until it has seen the next
    for _, shown in groupby(frames, key=lambda frame: id(frame[1])):
        times, pictures = zip(*shown, strict=True)
        yield times, pictures[0]


def read_frames(path: str | Path, times_seconds: Sequence[float]) -> list[Frame]:
    """Read the frame that is shown at each time, at most `MAX_SIDE` pixels on its longer side.

    Args:
        path: a video of any format that FFmpeg reads.
        times_seconds: times since the first frame, in any order. Before it the first frame is shown, after the last
            one the last.

    Returns:
        Each time with its frame, in the order of `times_seconds`.

    Raises:
        InputError: as `probe`.
    """
    rising = sorted(set(times_seconds))
    with _open(path) as video:
        ticks = [floor(seconds / video.tick_seconds + TICK_SHARE) for seconds in rising]
        pictures = dict(zip(rising, video.pictures(ticks, MAX_SIDE), strict=True))
    return [(seconds, pictures[seconds]) for seconds in times_seconds]


class _Video:
    """A video file that is open."""

    def __init__(self, path: Path, container: "InputContainer", stream: "VideoStream") -> None:
        assert stream.time_base is not None
        self.timeline: Timeline = read_timeline(container, stream, str(path))
        check_whole(path, container, stream, self.timeline)
        self.tick_seconds = float(stream.time_base)
        self._reader = FrameReader(container, stream, self.timeline)
        first = self._reader.at(self.timeline.start)
        if first is None:
            raise InputError(f"{path}: none of its {self.timeline.frames} frames can be decoded; expected a whole file")
        self._painter = Painter(first, stream)
        duration = self.tick_seconds * (self.timeline.end - self.timeline.start)
        self.info = VideoInfo(
            path, duration, self.timeline.frames / duration, self._painter.width, self._painter.height,
            90 * self._painter.quarters, self._painter.mirrored, stream.codec_context.codec.canonical_name,
        )  # fmt: skip

    def pictures(self, ticks: Iterable[int], max_side: int | None) -> Iterator[UInt8[np.ndarray, "height width 3"]]:
        """Give the pictures shown at rising times, in ticks since the first frame."""
        painted = picture = None
        for tick in ticks:
            frame = self._reader.at(self.timeline.start + tick)
            assert frame is not None  # there is a first one
            if frame is not painted:
                painted, picture = frame, self._painter.paint(frame, max_side)
            assert picture is not None
            yield picture


@contextmanager
def _open(path: str | Path) -> Iterator[_Video]:
    """Open a video file for as long as it is read."""
    path = Path(path)
    try:
        import av
    except ImportError as error:
        raise InputError(f"{path}: reading a video needs PyAV: pip install leorn[video]") from error
    _check_file(path)
    try:
        with open_container(path) as container:
            yield _Video(path, container, pick_stream(path, container))
    except av.FFmpegError as error:
        reason = error.strerror or error
        raise InputError(f"{path}: cannot be read as a video ({reason}); expected a whole file") from error


def _check_file(path: Path) -> None:
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise InputError(f"{path}: the file is empty; expected a video")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a video") from error


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


def find_videos(paths: Sequence[str | Path]) -> list[Path]:
    """Return the videos that are named: files as they are, and what lies in folders, at any depth, by its suffix.

    Returns:
        The paths, sorted, each once.

    Raises:
        InputError: a path that does not exist, or no video at all.
    """
    found = {file for path in paths for file in _videos_at(Path(path))}
    if not found:
        names = ", ".join(map(str, paths)) or "no path"
        raise InputError(f"{names}: holds no video; expected files ending in {', '.join(sorted(SUFFIXES))}")
    return sorted(found)


def _videos_at(path: Path) -> set[Path]:
    try:
        # unlike is_dir(), it raises where the path may not be looked at
        path.stat()
        if not path.is_dir():
            return {path}
        return {file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()}
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a video or a folder of videos") from error
