"""Decoding forward through a video stream, from keyframe to keyframe, and pictures as a player shows them."""

import os
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import UInt8

from leorn.features.packets import Timeline, packet_time, read_packets

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

THREADS = 2
"""Threads of the decoder, at most: more would hold more frames and take the cores that look at them."""
SEEK_BACK_SECONDS = (0, 1, 10)
"""How much before a keyframe to look for it: some formats land after the time they are asked for."""


class FrameReader:
    """The frames of a video stream at rising times.

    Two frames are held: the one that is shown and the one after it, beside those inside the decoder.
    """

    def __init__(self, container: "InputContainer", stream: "VideoStream", timeline: Timeline) -> None:
        """Stand before the first frame.

        Args:
            container: an open file; only this reader reads it from now on.
            stream: its video.
            timeline: what the stream's packets told.
        """
        self._container, self._stream, self._timeline = container, stream, timeline
        self._keyframes = list(timeline.keyframes)
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = min(THREADS, os.cpu_count() or 1)
        self._shown: VideoFrame | None = None
        self._start_at(0)

    def at(self, time: int) -> "VideoFrame | None":
        """Return the frame that is shown at a time: the last one that does not come after it.

        Frames are decoded forward. Where a keyframe lies between the next frame and the time, decoding starts there,
        so that no group of pictures is decoded for nothing. A packet that cannot be decoded is passed over.

        Args:
            time: in ticks of the stream, not before the time asked for last. Before the first frame, that one is
                shown.

        Returns:
            The frame, or None where nothing in the stream can be decoded.
        """
        number = max(0, bisect_right(self._keyframes, time) - 1)
        if self._next is not None and self._next[0] < self._keyframes[number]:
            self._jump(number, time)
        while self._next is not None and (self._shown is None or self._next[0] <= time):
            self._shown = self._next[1]
            self._next = next(self._frames, None)
        return self._shown

    def _jump(self, number: int, time: int) -> None:
        """Start at a keyframe; further and further back where what comes of it is shown only after the time.

        Keyframes that turn out broken are forgotten: a long broken stretch is decoded once, not for every time in it.
        """
        self._start_at(number)
        step = 1
        while number > 0 and (self._next is None or self._next[0] > time):
            earlier = max(0, number - step)
            del self._keyframes[earlier + 1 : number + 1]
            number, step = earlier, 2 * step
            self._start_at(number)

    def _start_at(self, number: int) -> None:
        self._frames = self._decode(self._keyframes[number])
        self._next = next(self._frames, None)

    def _decode(self, keyframe: int) -> Iterator[tuple[int, "VideoFrame"]]:
        """Decode from a keyframe to the end, in rising order.

        What is shown before the keyframe is left out: it lacks the frames it was made from. So is a frame that comes
        after a later one, as in a stretch of broken packets.
        """
        times: deque[int] = deque()
        earliest = keyframe
        for packet in chain(self._packets_from(keyframe), [None]):
            if packet is not None and self._timeline.by_order and packet.dts is not None:
                times.append(packet.dts)
            for frame in decode_packet(self._stream, packet):
                time = frame.pts
                if self._timeline.by_order:
                    time = times.popleft() if times else None
                if time is not None and time >= earliest:
                    yield time, frame
                    earliest = time + 1

    def _packets_from(self, keyframe: int) -> Iterator["Packet"]:
        """Read packets from a keyframe's on; where a seek lands after it, from further back, finally from the start."""
        import av

        assert self._stream.time_base is not None
        first, start = self._keyframes[0], self._timeline.decode_start
        ticks = [round(seconds / self._stream.time_base) for seconds in SEEK_BACK_SECONDS]
        earlier = (keyframe - back for back in ticks if keyframe - back > first)
        for place in (*earlier, first, start, start - ticks[-1]):
            try:
                self._container.seek(place, stream=self._stream)
            except av.FFmpegError:
                continue
            packets = read_packets(self._container, self._stream)
            for packet in packets:
                time = packet_time(packet, self._timeline.by_order)
                if time == keyframe:
                    yield packet
                    yield from packets
                    return
                if time is not None and time > keyframe and packet.is_keyframe:
                    break


def decode_packet(stream: "VideoStream", packet: "Packet | None") -> list["VideoFrame"]:
    """Decode one packet, or what the decoder still holds (None); a broken packet gives no frame."""
    import av

    try:
        return stream.decode(packet)
    except av.FFmpegError:
        return []


def read_orientation(frame: "VideoFrame") -> tuple[int, bool]:
    """Return how a stored frame comes to stand upright, from its display matrix (ISO/IEC 14496-12, section 6.2.2).

    Returns:
        By how many quarters it is turned counterclockwise, 0 to 3, and whether it is mirrored, left to right, before.
    """
    from av.sidedata.sidedata import SideData

    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return 0, False
    steps = np.frombuffer(bytes(matrix), np.int32).reshape(3, 3)[:2, :2]
    (right, down), (below_right, below_down) = steps.astype(float)
    mirrored = right * below_down < down * below_right
    # where the way to the right of the stored frame leads, or of the mirrored one
    angle = np.arctan2(down, -right) if mirrored else np.arctan2(-down, right)
    return round(2 * angle / np.pi) % 4, bool(mirrored)


def turn_upright(
    picture: UInt8[np.ndarray, "..."], quarters: int, mirrored: bool, axes: tuple[int, int] = (0, 1)
) -> UInt8[np.ndarray, "..."]:
    """Mirror and turn a picture by what `read_orientation` found; `axes` are those of its height and width."""
    seen = np.flip(picture, axes[1]) if mirrored else picture
    return np.ascontiguousarray(np.rot90(seen, quarters, axes))


class Painter:
    """Turns frames into RGB pictures of one size: upright, with square pixels, whatever size a frame has."""

    def __init__(self, frame: "VideoFrame", stream: "VideoStream") -> None:
        """Take size and orientation from a stream's first frame."""
        from av.video.reformatter import VideoReformatter

        # kept, because it prepares its tables once for all frames of a size
        self._reformatter = VideoReformatter()
        self.quarters, self.mirrored = read_orientation(frame)
        stored = max(1, round(frame.width * (stream.sample_aspect_ratio or 1))), frame.height
        self.width, self.height = stored[::-1] if self.quarters % 2 else stored

    def paint(self, frame: "VideoFrame", max_side: int | None = None) -> UInt8[np.ndarray, "height width 3"]:
        """Return a frame's picture, made smaller where its longer side is above `max_side` pixels."""
        scale = min(1.0, max_side / max(self.width, self.height)) if max_side else 1.0
        size = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        stored = size[::-1] if self.quarters % 2 else size
        # one thread: the others decode and detect
        small = self._reformatter.reformat(frame, *stored, format="rgb24", threads=1)
        return turn_upright(small.to_ndarray(), self.quarters, self.mirrored)
