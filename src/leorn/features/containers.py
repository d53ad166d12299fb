"""Opening video files: which are videos at all, which of their streams is the video, and whether they are whole."""

from pathlib import Path
from typing import TYPE_CHECKING

from leorn.errors import InputError
from leorn.features.packets import Timeline, demux

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

PICTURES = frozenset({"image2", "image2pipe", "ico", "fits", "tty"})
"""FFmpeg's names of what reads pictures and texts as if they were videos, beside those that end in `_pipe`."""
LISTS = frozenset({"concat", "hls", "dash", "imf", "sdp", "rtsp"})
"""FFmpeg's names of formats that only name the files or addresses that hold the video."""
ANNOUNCING = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "flv"})
"""FFmpeg's names of formats that announce how long the whole file is; elsewhere FFmpeg measures what is there."""
MISSING_SECONDS = 1
MISSING_SHARE = 0.02
"""What a whole file may lack of the length that it announces: the larger of the two."""


def open_container(path: Path) -> "InputContainer":
    """Open a video file.

    Raises:
        InputError: it is a picture, or a list of other files.
        av.FFmpegError: it cannot be read.
    """
    import av

    # an absolute path is never taken for an address, and a playlist in the file leads to none
    container = av.open(str(path.absolute()), options={"protocol_whitelist": "file"}, metadata_errors="replace")
    name = container.format.name
    if name in PICTURES or name.endswith("_pipe"):
        container.close()
        raise InputError(f"{path}: is no video but a picture or a text ({name}); expected a video")
    if name in LISTS:
        container.close()
        raise InputError(f"{path}: is a list of other files ({name}); expected the video itself")
    return container


def pick_stream(path: Path, container: "InputContainer") -> "VideoStream":
    """Return the first video stream that is not the cover of a record; the others' packets are not read from now on.

    Raises:
        InputError: there is none, or FFmpeg cannot decode it.
    """
    from av.stream import Discard, Disposition

    videos = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not videos:
        raise InputError(f"{path}: holds no video stream; expected a video")
    if videos[0].codec_context is None:
        raise InputError(f"{path}: FFmpeg has no decoder for its video; expected one it knows, such as H.264")
    for stream in container.streams:
        if stream is not videos[0]:
            stream.discard = Discard.all
    return videos[0]


def check_whole(path: Path, container: "InputContainer", stream: "VideoStream", timeline: Timeline) -> None:
    """Check that the packets reach the end that the container announces.

    Where the pictures do not, the file is read again with the sound, which may go on after them. A container that does
    not say how long it is (a broadcast, WebM made on the fly, WMV) is taken as it is. Some formats count from the first
    frame and some from 0: of a video that begins late up to that much of its end may be missing unnoticed.

    Raises:
        InputError: the file is truncated.
        av.FFmpegError: the file cannot be read.
    """
    announced = _announced_seconds(path, container, stream)
    assert stream.time_base is not None
    there = float(max(timeline.end, timeline.end - timeline.start) * stream.time_base)
    if _falls_short(there, announced):
        there = max(there, _measure_seconds(path))
    if _falls_short(there, announced):
        raise InputError(f"{path}: truncated: {there:.1f} of {announced:.1f} s are there; expected a whole file")


def _announced_seconds(path: Path, container: "InputContainer", stream: "VideoStream") -> float:
    """Return how long the file says that it is; 0 where it does not."""
    import av

    if container.format.name in ANNOUNCING:
        return (container.duration or 0) / av.time_base
    # AVI announces its frames, but with those that repeat the last picture, which FFmpeg does not give
    if container.format.name == "avi" and _lacks_bytes(path):
        assert stream.time_base is not None
        return float(stream.frames * stream.time_base)
    return 0.0


def _lacks_bytes(path: Path) -> bool:
    """Return whether a RIFF file is smaller than its header says, which names the bytes after the first eight."""
    with path.open("rb") as file:
        header = file.read(8)
    return path.stat().st_size < 8 + int.from_bytes(header[4:], "little")


def _falls_short(seconds: float, announced_seconds: float) -> bool:
    return announced_seconds - seconds > max(MISSING_SECONDS, MISSING_SHARE * announced_seconds)


def _measure_seconds(path: Path) -> float:
    """Return when the last picture or sound ends."""
    with open_container(path) as container:
        return max(
            float((time + (packet.duration or 0)) * packet.time_base)
            for packet in demux(container, *container.streams.video, *container.streams.audio)
            if (time := packet.dts if packet.pts is None else packet.pts) is not None
        )
