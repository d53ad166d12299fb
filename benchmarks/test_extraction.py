"""How fast videos are extracted, against the detector alone; and sampled, against decoding every frame."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import InTurns

from leorn.assets import asset
from leorn.config import ExtractionConfig
from leorn.errors import InputError
from leorn.features.detectors import Detector, open_detector
from leorn.features.extract import BATCH, Extractor
from leorn.features.video import sample_frames

WIDTH, HEIGHT = 640, 360
RATE = 25
"""Frames a second of the clip."""
SECONDS, FRAMES = 20, 128
SECONDS_BETWEEN_KEYFRAMES = 10
CONFIG = ExtractionConfig(detector="opencv-yolo", frames=FRAMES, features="appearance")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Encode frames of the assets' street video, over and over."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    try:
        street = asset("bikes.mp4")
    except InputError as error:
        pytest.skip(str(error))
    with av.open(str(street)) as source:
        pictures = [frame.reformat(WIDTH, HEIGHT, "yuv420p") for frame in source.decode(video=0)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"g": str(SECONDS_BETWEEN_KEYFRAMES * RATE)})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number, picture in enumerate(islice(cycle(pictures), SECONDS * RATE)):
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def detector() -> Detector:
    """Open the detector alone."""
    return open_detector(CONFIG.detector, min_score=CONFIG.min_score, nms_iou=CONFIG.nms_iou, slots=CONFIG.slots)


def test_a_video_against_its_detector_alone(in_turns: InTurns, clip: Path, detector: Detector) -> None:
    """How much the rest of extraction costs: 1 where it is all hidden behind the detector."""
    extractor = Extractor(CONFIG)
    pictures = [picture for _, picture in sample_frames(clip, FRAMES, detector.max_side)]

    def detect() -> None:
        for batch in batches(pictures):
            detector.detect(batch)

    in_turns(
        lambda: extractor(clip, "clip"),
        detect,
        against="its detector alone",
        examples=FRAMES,
        plain_examples=FRAMES,
    )


def test_sampling_frames_against_decoding_all(in_turns: InTurns, clip: Path) -> None:
    def decode() -> None:
        with av.open(str(clip)) as source:
            for frame in source.decode(video=0):
                frame.to_ndarray(format="rgb24")

    in_turns(lambda: list(sample_frames(clip, 16)), decode, against="decoding every frame")


def batches(pictures: list[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Cut pictures into the detector's batches."""
    return (pictures[first : first + BATCH] for first in range(0, len(pictures), BATCH))
