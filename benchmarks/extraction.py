"""How fast videos are extracted, compared with the detector alone on frames that are decoded already.

    leorn assets --fetch
    python benchmarks/extraction.py --seconds 20 --frames 128

makes a 640×360 clip of the frames of the assets' street video in a temporary folder, and measures both in rounds, one
after the other and every second round the other way round, so that whatever else the machine does hits both alike. It
prints JSON: medians of the rounds. The time of the processor tells what is hidden where another core is idle.
"""

import argparse
import json
import os
import tempfile
import time
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import av

from leorn.assets import asset
from leorn.config import ExtractionConfig
from leorn.features.detectors import open_detector
from leorn.features.extract import BATCH, Extractor
from leorn.features.video import sample_frames

WIDTH, HEIGHT = 640, 360
RATE = 25
"""Frames a second of the clip."""
SECONDS_BETWEEN_KEYFRAMES = 10


def main() -> None:
    """Make the clip, measure both, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="length of the clip")
    parser.add_argument("--frames", type=int, default=128, help="frames to sample")
    parser.add_argument("--rounds", type=int, default=6, help="how often to measure each")
    parser.add_argument("--detector", default="opencv-yolo")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write(clip, round(options.seconds * RATE))
        print(json.dumps(measure(clip, options.detector, options.frames, options.rounds), indent=2))


def write(path: Path, frames: int) -> None:
    """Encode frames of the street video, over and over."""
    with av.open(str(asset("bikes.mp4"))) as source:
        pictures = [frame.reformat(WIDTH, HEIGHT, "yuv420p") for frame in source.decode(video=0)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"g": str(SECONDS_BETWEEN_KEYFRAMES * RATE)})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, picture in enumerate(islice(cycle(pictures), frames)):
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def measure(clip: Path, detector_name: str, frames: int, rounds: int) -> dict[str, object]:
    """Measure detection of decoded frames and extraction of the clip, in turns."""
    config = ExtractionConfig(detector=detector_name, frames=frames, features="appearance")
    detector = open_detector(config.detector, min_score=config.min_score, nms_iou=config.nms_iou, slots=config.slots)
    extractor = Extractor(config)
    pictures = [picture for _, picture in sample_frames(clip, frames, detector.max_side)]

    def detect() -> None:
        for first in range(0, frames, BATCH):
            detector.detect(pictures[first : first + BATCH])

    def extract() -> None:
        extractor(clip, "clip")

    detector.detect(pictures[:BATCH])
    extract()  # both are warm now
    turns = {"detection": detect, "extraction": extract}
    wall: dict[str, list[float]] = {name: [] for name in turns}
    cpu: dict[str, list[float]] = {name: [] for name in turns}
    load = os.getloadavg()[0]
    for number in range(rounds):
        for name in turns if number % 2 == 0 else reversed(turns):
            started, cpu_started = time.perf_counter(), time.process_time()
            turns[name]()
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(time.process_time() - cpu_started)
    ratios = [alone / whole for alone, whole in zip(*wall.values(), strict=True)]
    return {
        **{f"{name}_frames_per_second": round(frames / median(wall[name]), 1) for name in turns},
        "ratio": round(median(ratios), 3),
        "ratios": [round(ratio, 3) for ratio in ratios],
        **{f"{name}_cpu_milliseconds_a_frame": round(1000 * median(cpu[name]) / frames, 1) for name in turns},
        "sampled_frames": frames,
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(load, 1),
    }


if __name__ == "__main__":
    main()
