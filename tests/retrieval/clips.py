"""Films of which every second begins with a beep, and what a clip shows and sounds like."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from heapq import merge
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import Float32

from leorn.features.video import probe
from tests.videos import decode_all

av = pytest.importorskip("av")

BEEP_SECONDS = 0.2
AUDIO_FRAME_SECONDS = 1024 / 48000
"""Sound frames of AAC at 48 kHz."""


def pitch_of(second: int) -> int:
    """Return the pitch in Hz of the beep that a second begins with."""
    return 400 + 200 * second


def beeps(seconds: float, rate: int) -> Float32[np.ndarray, "samples"]:
    """Return a beep of another pitch at the start of each second, silence between."""
    since, second = np.modf(np.arange(round(seconds * rate)) / rate)
    pitches = np.array([pitch_of(number) for number in range(ceil(seconds))])[second.astype(int)]
    return (0.5 * np.sin(2 * np.pi * pitches * since) * (since < BEEP_SECONDS)).astype(np.float32)


def add_sound(
    silent: Path,
    path: Path,
    *,
    codec: str = "pcm_s16le",
    rate: int = 48000,
    layout: str = "stereo",
    seconds: tuple[float, float] = (0.0, 4.0),
    shift_seconds: float = 0.0,
) -> Path:
    """Copy a video and add the beeps that lie in a stretch of it; all of it is shown and heard later by a shift."""
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        pictures = target.add_stream_from_template(source.streams.video[0])
        sound = target.add_stream(codec, rate=rate, layout=layout)

        def heard() -> Iterator[Any]:
            tone = beeps(seconds[1], rate)
            for first in range(round(seconds[0] * rate), len(tone), 1000):
                samples = np.tile(tone[first : first + 1000], (sound.layout.nb_channels, 1))
                frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
                frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                frame.pts = first + round(shift_seconds * rate)
                yield from sound.encode(frame)
            yield from sound.encode(None)

        def shown() -> Iterator[Any]:
            for packet in source.demux(video=0):
                if packet.dts is not None:
                    shift = round(Fraction(shift_seconds) / packet.time_base)
                    packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, pictures
                    yield packet

        for packet in merge(shown(), heard(), key=lambda packet: packet.dts * packet.time_base):
            target.mux(packet)
    return path


def hear(path: Path) -> Float32[np.ndarray, "samples"]:
    """Decode the first channel of a clip's sound, from the time of its first frame on, at 48 kHz."""
    resampler = av.AudioResampler("fltp", rate=48000)
    with av.open(str(path)) as container:
        first = next(container.decode(video=0)).time
        container.seek(0)
        frames = [heard for frame in container.decode(audio=0) for heard in resampler.resample(frame)]
    start = round((frames[0].time - first) * 48000)
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return samples[-start:] if start < 0 else np.concatenate([np.zeros(start, np.float32), samples])


def onsets(samples: Float32[np.ndarray, "samples"]) -> list[tuple[float, float]]:
    """Return when each beep begins, in seconds, and its pitch in Hz."""
    loud = np.flatnonzero(np.abs(samples) > 0.15)
    starts = loud[np.r_[True, np.diff(loud) > 9600]] if len(loud) else loud
    found = []
    for start in starts.tolist():
        beep = samples[start + 480 : start + 480 + 4800]
        found.append((start / 48000, int(np.abs(np.fft.rfft(beep)).argmax()) * 48000 / len(beep)))
    return found


def assert_beeps(path: Path, expected: Sequence[tuple[float, int]]) -> None:
    got = onsets(hear(path))
    assert [pitch for _, pitch in got] == pytest.approx([pitch_of(second) for _, second in expected], abs=20)
    assert [start for start, _ in got] == pytest.approx([start for start, _ in expected], abs=AUDIO_FRAME_SECONDS)


def assert_shown(path: Path, expected: Sequence[tuple[float, int]], seconds: float) -> None:
    """Assert which frames a clip shows, when, and how long it lasts; WebM's times are milliseconds."""
    times, numbers = zip(*decode_all(path), strict=True)
    assert list(numbers) == [number for _, number in expected]
    assert [float(time) for time in times] == pytest.approx([time for time, _ in expected], abs=0.00051)
    assert probe(path).duration_seconds == pytest.approx(seconds, abs=0.0011)
    with av.open(str(path)) as container:
        assert container.start_time == 0
        # sound comes in frames, of which players leave the end out
        assert container.duration / av.time_base == pytest.approx(seconds, abs=AUDIO_FRAME_SECONDS)
