"""How much memory and time it takes to sample frames of a long video.

    python benchmarks/long_video.py --minutes 120 --frames 256

makes a video in a temporary folder, samples frames of it in a process of its own, and prints JSON: the seconds that
took and the most memory the process ever held.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from memory import peak_bytes

from leorn.features.video import probe, sample_frames

SECONDS_BETWEEN_KEYFRAMES = 10


def main() -> None:
    """Make a video, measure a child process that samples it, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120, help="length of the video")
    parser.add_argument("--rate", type=int, default=5, help="frames a second")
    parser.add_argument("--size", type=int, nargs=2, default=(320, 180), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("--frames", type=int, default=256, help="frames to sample")
    parser.add_argument("--sample", type=Path, help="sample this file instead, in this process")
    options = parser.parse_args()
    if options.sample:
        print(json.dumps(sample(options.sample, options.frames)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.mp4"
        started = time.perf_counter()
        write(path, round(options.minutes * 60 * options.rate), options.rate, tuple(options.size))
        making_seconds = time.perf_counter() - started
        command = [sys.executable, __file__, "--sample", str(path), "--frames", str(options.frames)]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        size_megabytes = path.stat().st_size / 1e6
    made = {"making_seconds": round(making_seconds, 1), "file_megabytes": round(size_megabytes, 1)}
    print(json.dumps(made | measured, indent=2))


def write(path: Path, frames: int, rate: int, size: tuple[int, int]) -> None:
    """Encode a bright bar that moves over a still noise, with B-frames."""
    width, height = size
    still = np.random.default_rng(0).integers(0, 120, (height, width, 3), dtype=np.uint8)
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "bf": "2", "g": str(SECONDS_BETWEEN_KEYFRAMES * rate), "crf": "35"}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            picture = still.copy()
            picture[:, number % width] = 255
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def sample(path: Path, frames: int) -> dict[str, float]:
    """Sample frames of a video and say what it took."""
    started = time.perf_counter()
    info = probe(path)
    probing_seconds = time.perf_counter() - started
    started = time.perf_counter()
    count = sum(1 for _ in sample_frames(path, frames))
    return {
        "duration_seconds": round(info.duration_seconds, 1),
        "probing_seconds": round(probing_seconds, 2),
        "frames": count,
        "sampling_seconds": round(time.perf_counter() - started, 2),
        "peak_megabytes": round(peak_bytes() / 1e6, 1),
    }


if __name__ == "__main__":
    main()
