"""The frames of a moment of a video, as encoders take them."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from typing import TYPE_CHECKING

from leorn.features.containers import open_container, pick_stream
from leorn.features.frames import FrameReader, turn_upright
from leorn.features.packets import Timeline, packet_time, read_packets, read_timeline
from leorn.features.video import TICK_SHARE, VideoInfo
from leorn.records import Moment

if TYPE_CHECKING:
    from av import VideoFrame
    from av.container import InputContainer
    from av.video.reformatter import VideoReformatter

COLOUR_TAGS = ("colorspace", "color_range", "color_trc", "color_primaries")
"""What tells a player which colours a frame's numbers mean."""
RGB_MATRIX = 0
"""The `colorspace` of red, green and blue themselves (ITU-T H.273, table 4), which YUV cannot have."""


@dataclass(frozen=True)
class Cut:
    """Where a moment lies in a video.

    Attributes:
        info: the video.
        timeline: of its pictures.
        tick_seconds: what their times are counted in.
        start_seconds: since the first frame.
        seconds: how long the moment is.
        times: when its frames are shown, in ticks of the file; first its start.
    """

    info: VideoInfo
    timeline: Timeline
    tick_seconds: Fraction
    start_seconds: float
    seconds: float
    times: tuple[int, ...]

    @property
    def start_in_file_seconds(self) -> float:
        """When the moment starts in the file's own time, which sound shares."""
        return float(self.timeline.start * self.tick_seconds) + self.start_seconds


def find_moment(info: VideoInfo, moment: Moment) -> Cut:
    """Find a moment of a video that has been probed, by all its packets.

    Raises:
        InputError: there is no packet with a time.
        av.FFmpegError: the file cannot be read.
    """
    with open_container(info.path) as container:
        stream = pick_stream(info.path, container)
        assert stream.time_base is not None
        tick, timeline = stream.time_base, read_timeline(container, stream, str(info.path))
    end_seconds = min(moment.end_seconds, info.duration_seconds)
    start = timeline.start + floor(moment.start_seconds / tick + TICK_SHARE)
    stop = timeline.start + ceil(end_seconds / tick - TICK_SHARE)
    with open_container(info.path) as container:
        packets = read_packets(container, pick_stream(info.path, container))
        times = {packet_time(packet, timeline.by_order) for packet in packets if not packet.is_discard}
    after = sorted(time for time in times if time is not None and start < time < stop)
    return Cut(info, timeline, tick, moment.start_seconds, end_seconds - moment.start_seconds, (start, *after))


def cut_pictures(container: "InputContainer", cut: Cut, ticks_per_second: int) -> Iterator["VideoFrame"]:
    """Give the frames of a moment: upright, with square pixels and even sides, in YUV 4:2:0.

    Args:
        container: the video, opened; nothing else reads it.
        cut: the moment.
        ticks_per_second: what their times are to be counted in.

    Yields:
        Frames with their time since the moment's start and how long they are shown. A broken one is given as the one
        before it.
    """
    from av.video.reformatter import VideoReformatter

    reader = FrameReader(container, pick_stream(cut.info.path, container), cut.timeline)
    # kept, because it prepares its tables once for all frames of a size
    reformatter = VideoReformatter()
    later = ((time - cut.timeline.start) * cut.tick_seconds - cut.start_seconds for time in cut.times[1:])
    marks = [0]
    for seconds in (*later, cut.seconds):
        marks.append(max(marks[-1] + 1, round(seconds * ticks_per_second)))
    for time, (mark, after) in zip(cut.times, pairwise(marks), strict=True):
        shown = reader.at(time)
        assert shown is not None  # probing has decoded one
        frame = _upright(shown, cut.info, reformatter)
        frame.time_base, frame.pts, frame.duration = Fraction(1, ticks_per_second), mark, after - mark
        # else keyframes would come where the source has them
        frame.pict_type = 0
        yield frame


def _upright(frame: "VideoFrame", info: VideoInfo, reformatter: "VideoReformatter") -> "VideoFrame":
    """Return a frame as encoders take it: upright, with square pixels and even sides, its colours as they were."""
    from av import VideoFrame
    from av.video.reformatter import ColorRange, Colorspace

    size = info.width + info.width % 2, info.height + info.height % 2
    quarters = info.rotation_degrees // 90
    is_turned = quarters > 0 or info.mirrored
    width, height = size[::-1] if quarters % 2 else size
    # grey pictures of PNG say that they are RGB, too
    is_rgb = frame.format.is_rgb or frame.colorspace == RGB_MATRIX
    stored = reformatter.reformat(
        frame,
        width,
        height,
        # where it is to be turned, with colours of full size, so that all planes turn alike
        "yuv444p" if is_turned else "yuv420p",
        dst_colorspace=Colorspace.ITU709 if is_rgb else None,
        dst_color_range=ColorRange.MPEG if is_rgb else None,
        # one thread: the others decode and encode
        threads=1,
    )
    if not is_turned:
        return stored
    planes = turn_upright(stored.to_ndarray(), quarters, info.mirrored, axes=(1, 2))
    turned = VideoFrame.from_ndarray(planes, "yuv444p")
    for tag in COLOUR_TAGS:
        setattr(turned, tag, getattr(stored, tag))
    return turned.reformat(format="yuv420p", threads=1)
