"""What the packets of a video stream tell without decoding: when it starts and ends, and where its keyframes are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from leorn.errors import InputError

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

FRESH_STARTS = {"h264": re.compile(rb"\x00\x00\x01[\x05\x25\x45\x65]"), "hevc": re.compile(rb"\x00\x00\x01[\x26\x28]")}
"""For codecs whose order of frames only the decoder knows, so that FFmpeg cannot tell the times that AVI leaves out:
how the packet of a frame begins (IDR, in H.264 and H.265 section 7.4.2) that parts what is shown before it from what is
shown after. Other keyframes may have frames after them that are shown before them."""
USUAL_RATE = 25
"""Frames a second where nothing tells: FFmpeg's own guess for a picture."""


@dataclass(frozen=True)
class Timeline:
    """When a video stream's frames are shown, in ticks of its time base.

    Attributes:
        start: the first frame's time.
        end: when the last frame ends.
        decode_start: when the first packet that can be decoded from is decoded, which some formats (AVI) seek by.
        frames: how many packets with a frame there are.
        keyframes: times of the frames from which decoding can start, rising; the first is not after `start`.
        by_order: packets tell only when they are decoded (H.264 in AVI): frames are shown at these times, in the order
            in which they leave the decoder.
    """

    start: int
    end: int
    decode_start: int
    frames: int
    keyframes: tuple[int, ...]
    by_order: bool


def read_timeline(container: "InputContainer", stream: "VideoStream", name: str) -> Timeline:
    """Read all packets, from where the container stands to its end or to where the file breaks off.

    What the container says of its length is not used: it may be absent (WebM) or that of the sound. Packets before the
    first keyframe cannot be decoded and do not count.

    Args:
        container: an open file.
        stream: its video.
        name: names the file in errors.

    Raises:
        InputError: there is no packet with a time, or none but one time.
    """
    fresh = FRESH_STARTS.get(stream.codec_context.codec.canonical_name) if container.format.name == "avi" else None
    by_order = fresh is not None
    timed = ((packet_time(packet, by_order), packet) for packet in read_packets(container, stream))
    rows = np.fromiter(
        (
            (
                time,
                time if packet.dts is None else packet.dts,
                packet.duration or 0,
                _is_start(packet, fresh),
                packet.is_discard,
            )
            for time, packet in timed
            if time is not None
        ),
        dtype=[("time", np.int64), ("decoded", np.int64), ("duration", np.int64), ("key", bool), ("discard", bool)],
    )
    # without any mark, decoding can start at the first packet at best
    rows = rows[rows["key"].argmax() :] if len(rows) else rows
    shown = rows[~rows["discard"] & (rows["time"] >= rows["time"][:1])]
    if not len(shown):
        raise InputError(f"{name}: cannot be read as a video (no packet with a time); expected a whole file")
    keys = rows[rows["key"]]["time"] if rows["key"].any() else rows["time"][:1]
    start, last = int(shown["time"].min()), int(shown["time"].max())
    if last == start and len(shown) > 1:
        raise InputError(f"{name}: all its {len(shown)} frames are shown at the same time; expected a time for each")
    end = int((shown["time"] + shown["duration"]).max())
    if end <= last:
        end = last + _usual_ticks(stream, last - start, len(shown))
    return Timeline(start, end, int(rows["decoded"][0]), len(shown), tuple(np.unique(keys).tolist()), by_order)


def read_packets(container: "InputContainer", stream: "VideoStream") -> Iterator["Packet"]:
    """Read a stream's packets up to the end, or to where the file breaks off; not empty ones, which repeat a frame."""
    return (packet for packet in demux(container, stream) if packet.size)


def demux(container: "InputContainer", *streams: "Stream") -> Iterator["Packet"]:
    """Read all packets of some streams up to the end, or to where the file breaks off."""
    import av

    try:
        yield from container.demux(*streams)
    except av.InvalidDataError:
        return
    except IndexError:
        # PyAV stumbles, after the last packet, over a stream that appeared on the way
        return


def packet_time(packet: "Packet", by_order: bool) -> int | None:
    """Return when a packet's frame is shown, or, `by_order`, when some frame is."""
    return packet.dts if by_order else packet.pts


def _is_start(packet: "Packet", fresh: re.Pattern[bytes] | None) -> bool:
    return packet.is_keyframe and (fresh is None or fresh.search(bytes(packet)) is not None)


def _usual_ticks(stream: "VideoStream", span: int, frames: int) -> int:
    """Return how long the last frame is shown where its packet does not tell: as long as the others, on average."""
    assert stream.time_base is not None
    if frames > 1:
        return max(1, round(span / (frames - 1)))
    return max(1, round(1 / (stream.time_base * (stream.average_rate or USUAL_RATE))))
