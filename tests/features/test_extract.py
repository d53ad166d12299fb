"""The objects of a video, against a slow loop over its decoded frames."""

import math
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from jaxtyping import UInt8

from leorn.config import ExtractionConfig, FeatureKind
from leorn.errors import InputError
from leorn.features.detectors import Detections
from leorn.features.extract import BATCH, FEATURES, Extractor, LabelVectors
from tests.darknets import write_darknet
from tests.detecting import (
    FEATURE_SIZE,
    FRAME_SIZE,
    LABELS,
    SLOTS,
    NumberDetector,
    Told,
    description_of,
    detect_numbers,
    objects_in,
)
from tests.videos import RATE, decode_all, write_video

pytest.importorskip("av")

# the last label has no known word
VECTORS = np.array([[3, 0, 4, 0], [1, 2, 2, 0], [0, 0, 0, 0]], dtype=np.float32)
CONFIG = ExtractionConfig(detector="numbers", frames=12, slots=SLOTS, min_score=0.3)


def label_vectors(names: Sequence[str]) -> LabelVectors:
    assert tuple(names) == LABELS
    return LabelVectors(VECTORS, "made up")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[NumberDetector]:
    return detect_numbers(monkeypatch)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "kitchen.mp4", 30)


def shown_at(path: Path, times: Sequence[float]) -> list[int]:
    """Look for the frame that is shown at each time among all that there are."""
    decoded = decode_all(path)
    return [[number for time, number in decoded if time <= seconds + 1e-9][-1] for seconds in times]


def slow_unit(values: Sequence[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in values))
    return [value / length if length else 0.0 for value in values]


def slow_feature(kind: FeatureKind, appearance: Sequence[float], vector: Sequence[float]) -> list[float]:
    if kind == "label":
        return list(vector)
    return slow_unit(appearance) + (slow_unit(vector) if kind == "both" else [])


@pytest.mark.parametrize(("kind", "width"), [("label", 4), ("appearance", FEATURE_SIZE), ("both", FEATURE_SIZE + 4)])
def test_objects_are_those_of_a_slow_loop_over_decoded_frames(
    opened: list[NumberDetector], video: Path, kind: FeatureKind, width: int
) -> None:
    extractor = Extractor(replace(CONFIG, features=kind), label_vectors)
    objects = extractor(video, "a kitchen")
    assert (objects.video, objects.duration_seconds, objects.label_names) == ("a kitchen", 30 / RATE, LABELS)
    assert objects.features.shape == (12, SLOTS, width)
    assert extractor.fingerprint["feature_size"] == width
    found_any = 0
    times = [(row + 0.5) * 3.0 / 12 for row in range(12)]
    assert objects.times_seconds == pytest.approx(times)
    for row, number in enumerate(shown_at(video, times)):
        found = objects_in(number)
        for slot in range(SLOTS):
            if slot < len(found.scores):
                found_any += 1
                expected = slow_feature(kind, found.features[slot].tolist(), VECTORS[found.labels[slot]].tolist())
                np.testing.assert_allclose(objects.features[row, slot], expected, rtol=1e-6)
                np.testing.assert_array_equal(objects.boxes[row, slot], found.boxes[slot])
                assert objects.scores[row, slot] == found.scores[slot]
                assert objects.labels[row, slot] == found.labels[slot]
            else:
                assert objects.labels[row, slot] == -1
                assert objects.scores[row, slot] == 0
                assert not objects.features[row, slot].any()
                assert not objects.boxes[row, slot].any()
    assert 0 < found_any < 12 * SLOTS
    assert objects.frames is None


def test_a_rate_gives_longer_videos_more_frames_up_to_the_most(opened: list[NumberDetector], tmp_path: Path) -> None:
    extractor = Extractor(replace(CONFIG, features="appearance", rate=4.0))
    assert extractor.fingerprint["rate"] == 4.0
    for frames, expected in [(10, 4), (25, 10), (50, 12)]:
        path = write_video(tmp_path / f"{frames}.mp4", frames)
        objects = extractor(path, "a")
        duration = frames / RATE
        assert objects.times_seconds == pytest.approx([(row + 0.5) * duration / expected for row in range(expected)])
        assert objects.features.shape == (expected, SLOTS, FEATURE_SIZE)


@pytest.mark.parametrize(("frames_of_clip", "count"), [(1, 40), (3, 40), (30, 20)])
def test_a_frame_is_looked_at_once_however_often_it_is_shown(
    opened: list[NumberDetector], tmp_path: Path, frames_of_clip: int, count: int
) -> None:
    path = write_video(tmp_path / "short.mp4", frames_of_clip)
    told = Told()
    extractor = Extractor(replace(CONFIG, frames=count, backbone="hf:numbers"), label_vectors)
    objects = extractor(path, "short", told)

    duration = frames_of_clip / RATE
    times = [(row + 0.5) * duration / count for row in range(count)]
    numbers = shown_at(path, times)
    np.testing.assert_allclose(objects.times_seconds, times, rtol=1e-6)
    (detector,) = opened
    assert [number for batch in detector.seen for number in batch] == sorted(set(numbers))
    assert max(map(len, detector.seen)) <= BATCH
    assert objects.frames is not None
    for row, number in enumerate(numbers):
        np.testing.assert_array_equal(objects.frames[row], description_of(number))
        assert (objects.scores[row] > 0).sum() == len(objects_in(number).scores)
        np.testing.assert_array_equal(objects.scores[row, : number % (SLOTS + 1)], objects_in(number).scores)
    assert told.counts[-1] == (count, count)
    assert [done for done, _ in told.counts] == sorted({done for done, _ in told.counts})


def test_the_detector_is_opened_as_asked_for_and_gets_frames_as_small_as_it_likes(
    opened: list[NumberDetector], video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes: set[tuple[int, ...]] = set()

    def detect(self: NumberDetector, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> list[Detections]:
        shapes.update(frame.shape for frame in frames)
        return [objects_in(0)] * len(frames)

    monkeypatch.setattr(NumberDetector, "max_side", 24)
    monkeypatch.setattr(NumberDetector, "detect", detect)
    Extractor(replace(CONFIG, nms_iou=0.7, features="appearance"))(video, "a")
    (detector,) = opened
    assert detector.fingerprint == {
        "name": "numbers",
        "kind": "numbers",
        "min_score": 0.3,
        "nms_iou": 0.7,
        "slots": SLOTS,
    }
    # a film of 48 × 32 pixels
    assert shapes == {(16, 24, 3)}


def test_the_fingerprint_says_all_that_the_objects_depend_on(opened: list[NumberDetector]) -> None:
    config = replace(CONFIG, features="both", backbone="hf:numbers")
    assert Extractor(config, label_vectors).fingerprint == {
        "extractor": "leorn extract",
        "detector": {"name": "numbers", "kind": "numbers", "min_score": 0.3, "nms_iou": 0.45, "slots": SLOTS},
        "backbone": {"name": "numbers too"},
        "features": "appearance, mean word vector of the label",
        "feature_size": FEATURE_SIZE + 4,
        "word_vectors": "made up",
        "frames": 12,
        "slots": SLOTS,
        "sampling": "middles of equal parts of the video stream",
    }
    appearance = Extractor(replace(CONFIG, features="appearance"), label_vectors)
    assert (appearance.label_vectors, appearance.fingerprint["word_vectors"]) == (None, None)
    assert appearance.fingerprint["backbone"] is None
    assert set(FEATURES) == set(get_args(FeatureKind))
    assert len(set(FEATURES.values())) == 3


def test_frame_features_have_the_width_of_the_backbone(opened: list[NumberDetector], video: Path) -> None:
    objects = Extractor(replace(CONFIG, backbone="hf:numbers"), label_vectors)(video, "a")
    assert objects.frames is not None
    assert objects.frames.shape == (12, FRAME_SIZE)


def test_what_fails_in_the_middle_of_a_video_leaves_no_thread_behind(
    opened: list[NumberDetector], video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: NumberDetector, frames: object) -> None:
        raise RuntimeError("a defect of the detector")

    monkeypatch.setattr(NumberDetector, "detect", fail)
    before = threading.active_count()
    with pytest.raises(RuntimeError, match="a defect of the detector"):
        Extractor(CONFIG, label_vectors)(video, "a")
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (replace(CONFIG, frames=0), "frames is 0; expected 1 to 100000"),
        (replace(CONFIG, rate=0.0), "rate is 0.0; expected a number of frames a second above 0"),
        (replace(CONFIG, rate=math.nan), "rate is nan; expected a number of frames a second above 0"),
        (replace(CONFIG, frames=10**9), "frames is 1000000000; expected 1 to 100000"),
        (CONFIG, "features 'label' need word vectors for the labels; give them with --words"),
        (replace(CONFIG, features="both"), "features 'both' need word vectors for the labels; give them with --words"),
    ],
)
def test_options_that_do_not_fit_are_named(
    opened: list[NumberDetector], config: ExtractionConfig, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        Extractor(config)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("module", "changes", "message"),
    [
        ("av", {}, "reading videos needs PyAV: pip install leorn[video]"),
        ("cv2", {}, "the detector opencv-yolo needs OpenCV: pip install leorn[video]"),
        ("transformers", {"detector": "hf:model"}, "hf:model needs transformers and Pillow: pip install leorn["),
        ("transformers", {"backbone": "hf:model"}, "hf:model needs transformers and Pillow: pip install leorn["),
    ],
)
def test_a_missing_extra_is_said_before_any_video_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, changes: dict[str, str], message: str
) -> None:
    pytest.importorskip("cv2")
    detector = f"opencv-yolo:{write_darknet(tmp_path / 'yolo')}"
    options: dict[str, Any] = {"detector": detector, "features": "appearance"} | changes
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError) as caught:
        Extractor(replace(CONFIG, **options))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("name", ["detector", "backbone"])
def test_what_is_not_known_is_named(tmp_path: Path, name: str) -> None:
    pytest.importorskip("cv2")
    detector = f"opencv-yolo:{write_darknet(tmp_path / 'yolo')}"
    options: dict[str, Any] = {"detector": detector, "features": "appearance", name: "yolo"}
    with pytest.raises(InputError, match=rf"^unknown {name} yolo; expected "):
        Extractor(replace(CONFIG, **options))
