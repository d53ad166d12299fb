"""A moment of a video as a file of its own, cut to the frame."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import chain
from math import inf
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from leorn.errors import InputError
from leorn.features.containers import open_container
from leorn.features.video import probe
from leorn.files import replace_atomically
from leorn.records import Moment
from leorn.retrieval.pictures import COLOUR_TAGS, cut_pictures, find_moment
from leorn.retrieval.sound import SOUND_RATE, cut_sound

if TYPE_CHECKING:
    from av import AudioFrame, Packet, VideoFrame
    from av.container import OutputContainer

    Frame = TypeVar("Frame", AudioFrame, VideoFrame)


@dataclass(frozen=True)
class ClipFormat:
    """How a clip is coded.

    Attributes:
        container: FFmpeg's name of the file format.
        container_options: FFmpeg's options of it.
        ticks_per_second: what the frames' times are counted in.
        picture_codec: FFmpeg's name of the encoder.
        picture_options: FFmpeg's options of it.
        sound_codec: FFmpeg's name of the encoder.
    """

    container: str
    container_options: dict[str, str]
    ticks_per_second: int
    picture_codec: str
    picture_options: dict[str, str]
    sound_codec: str


FORMATS = {
    # the clock of MPEG-2 systems (ISO/IEC 13818-1) holds the usual frame rates exactly; without B-frames the frame
    # that is decoded last is shown last, and the file ends when it does
    ".mp4": ClipFormat(
        "mp4", {"movflags": "+faststart"}, 90_000, "libx264", {"preset": "veryfast", "crf": "20", "bf": "0"}, "aac"
    ),
    # its times are milliseconds
    ".webm": ClipFormat(
        "webm", {}, 1000, "libvpx-vp9", {"crf": "31", "deadline": "good", "cpu-used": "5", "row-mt": "1"}, "libopus"
    ),
}
"""By the suffix of a clip's name."""
SOUND_BITS_PER_SECOND = 128_000
ROUNDING_SECONDS = 0.01
"""How much after its video's end a moment may end: times are often written with two decimals."""


def write_clip(video: str | Path, moment: Moment, path: str | Path) -> None:
    """Write a moment of a video as a file of its own.

    Everything is encoded anew, so that the clip begins with the frame that is shown at the moment's start and ends
    where the moment does, wherever keyframes lie. Frames keep their distances in time; they are upright, with square
    pixels and even sides. The first sound stream is cut to the same boundaries, silent where it has a gap; a video
    without sound gives a clip without. A few frames are held in memory. The same video gives the same frames.

    Args:
        video: a video of any format that FFmpeg reads.
        moment: in seconds since its first frame.
        path: the clip. Its suffix says what it is: `.mp4` (H.264 and AAC) or `.webm` (VP9 and Opus).

    Raises:
        InputError: PyAV is not installed; another suffix; the video is missing, not readable or no video, or the
            clip's own file; the moment is not in it; or the clip cannot be written.
    """
    video, path = Path(video), Path(path)
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"clip {path}: its suffix names no known format; expected {' or '.join(FORMATS)}")
    info = probe(video)
    if os.path.exists(path) and os.path.samefile(video, path):
        raise InputError(f"clip {path}: is the video itself; expected another name or folder")
    if moment.start_seconds >= info.duration_seconds or moment.end_seconds > info.duration_seconds + ROUNDING_SECONDS:
        raise InputError(
            f"{video}: moment {moment.span} is not in the video; expected it within 0..{info.duration_seconds:.2f} s"
        )
    import av

    try:
        cut = find_moment(info, moment)
        with (
            replace_atomically(path) as temporary,
            open_container(video) as shown,
            open_container(video) as heard,
            av.open(str(temporary.absolute()), "w", format=kind.container, options=kind.container_options) as clip,
        ):
            sound = cut_sound(heard, cut.start_in_file_seconds, cut.seconds)
            _encode(clip, kind, info.frame_rate, cut_pictures(shown, cut, kind.ticks_per_second), sound)
    except av.FFmpegError as error:
        raise InputError(f"{video}: cannot be cut to {path} ({error.strerror or error})") from error


def _encode(
    clip: "OutputContainer",
    kind: ClipFormat,
    rate: float,
    pictures: Iterator["VideoFrame"],
    sound: Iterator["AudioFrame"],
) -> None:
    """Encode pictures, `rate` a second on average, and sound, where there is some, in the order of time."""
    from av import AudioStream, VideoStream
    from av.codec.context import Flags

    picture = next(pictures)
    assert picture.time_base is not None
    whole_rate = Fraction(rate).limit_denominator(kind.ticks_per_second)
    stream = clip.add_stream(kind.picture_codec, rate=whole_rate, options=kind.picture_options)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, picture.format.name
    stream.codec_context.time_base = picture.time_base
    stream.codec_context.flags |= Flags.frame_duration
    for tag in COLOUR_TAGS:
        setattr(stream.codec_context, tag, getattr(picture, tag))
    tracks = [_packets(stream.encode, chain([picture], pictures))]
    heard = next(sound, None)
    if heard is not None:
        stream = clip.add_stream(kind.sound_codec, rate=SOUND_RATE, bit_rate=SOUND_BITS_PER_SECOND)
        assert isinstance(stream, AudioStream)
        stream.layout = heard.layout
        tracks.append(_packets(stream.encode, chain([heard], sound)))
    for _, packets in merge(*tracks, key=itemgetter(0)):
        clip.mux(packets)


def _packets(
    encode: Callable[["Frame | None"], list["Packet"]], frames: Iterable["Frame"]
) -> Iterator[tuple[float, list["Packet"]]]:
    """Encode frames, each with its time; at last what the encoder still holds."""
    for frame in frames:
        assert frame.time is not None
        yield frame.time, encode(frame)
    yield inf, encode(None)
