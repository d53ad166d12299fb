"""The sound of a stretch of a file, on the grid of its samples."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32

if TYPE_CHECKING:
    from av import AudioFrame, AudioStream
    from av.container import InputContainer

SOUND_RATE = 48_000
"""Samples a second: the rate of Opus."""
JITTER_SAMPLES = SOUND_RATE // 100
"""How far a frame's time may be off before that counts as a gap: some formats round it to milliseconds."""
LEAD_SECONDS = 10
"""How long before the stretch reading begins: some formats land after the time they are asked for."""

Samples = Float32[np.ndarray, "channels samples"]
Piece = tuple[int, Samples]
"""Some sound, and which sample of the stretch it begins with."""


def cut_sound(container: "InputContainer", start_seconds: float, seconds: float) -> Iterator["AudioFrame"]:
    """Give a stretch of a file's first sound stream that can be decoded, mono or stereo.

    Where the stream has a gap, begins later or ends earlier, there is silence. What is broken is passed over.

    Args:
        container: an open file; nothing else reads it.
        start_seconds: in the file's own time.
        seconds: how long.

    Yields:
        Frames of `SOUND_RATE` without a gap, `seconds` in all, their times since the start; none where there is no
        sound stream.
    """
    from av import AudioFrame

    stream = next((stream for stream in container.streams.audio if stream.codec_context), None)
    if stream is None:
        return
    channels = 1 if stream.codec_context.channels == 1 else 2
    layout = ("mono", "stereo")[channels - 1]
    frames = _decode(container, stream, start_seconds - LEAD_SECONDS)
    pieces = _resample(frames, layout, start_seconds)
    written = 0
    for samples in lay_out(pieces, channels, max(1, round(seconds * SOUND_RATE))):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", layout)
        frame.sample_rate, frame.time_base, frame.pts = SOUND_RATE, Fraction(1, SOUND_RATE), written
        written += samples.shape[1]
        yield frame


def lay_out(pieces: Iterable[Piece], channels: int, length: int) -> Iterator[Samples]:
    """Lay pieces of sound one after another, where they belong.

    A piece that is no more than `JITTER_SAMPLES` away from the end of the one before follows it at once.

    Args:
        pieces: sound with the sample it begins with, which may be before 0; of two at the same time the first counts.
        channels: of the silence where there is no sound.
        length: how many samples.

    Yields:
        `length` samples in all, no more than a second of silence at a time.
    """
    written, position = 0, None
    for first, samples in pieces:
        if position is None or abs(first - position) > JITTER_SAMPLES:
            position = first
        if position >= length:
            break
        yield from _silence(channels, position - written)
        written = max(written, position)
        kept = samples[:, written - position : length - position]
        if kept.size:
            yield kept
        written += kept.shape[1]
        position += samples.shape[1]
    yield from _silence(channels, length - written)


def _silence(channels: int, length: int) -> Iterator[Samples]:
    for first in range(0, length, SOUND_RATE):
        yield np.zeros((channels, min(SOUND_RATE, length - first)), np.float32)


def _decode(container: "InputContainer", stream: "AudioStream", start_seconds: float) -> Iterator["AudioFrame"]:
    """Decode from a time of the file on, or from before it."""
    import av

    # what cannot seek is read from its beginning
    with suppress(av.FFmpegError):
        container.seek(round(start_seconds * av.time_base))
    with suppress(av.InvalidDataError):
        for packet in container.demux(stream):
            with suppress(av.FFmpegError):
                yield from stream.decode(packet)


def _resample(frames: Iterable["AudioFrame"], layout: str, start_seconds: float) -> Iterator[Piece]:
    """Bring frames to one layout and rate; a broadcast may change its own on the way."""
    from av import AudioResampler

    resampler, before = None, None
    for frame in frames:
        setup = frame.format.name, frame.layout.name, frame.sample_rate
        if resampler is None or setup != before:
            # surround sound is mixed so that nothing is clipped
            resampler = AudioResampler("fltp", layout, SOUND_RATE, options={"rematrix_maxval": "1"})
            before = setup
        for heard in resampler.resample(frame):
            if heard.time is not None:
                yield round((heard.time - start_seconds) * SOUND_RATE), heard.to_ndarray()
