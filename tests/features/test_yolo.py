"""The YOLO detector, against the same network in torch and a slow non-maximum suppression."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jaxtyping import Float, Int, UInt8

from leorn.assets import asset
from leorn.errors import InputError
from leorn.features.detectors import Detector, open_detector
from leorn.features.yolo import candidates, pool, suppress
from tests.darknets import FEATURE_SIZE, LABELS, SIZE, forward, write_darknet

pytest.importorskip("cv2")


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """The small random network."""
    return open_detector(f"opencv-yolo:{write_darknet(tmp_path_factory.mktemp('yolo'))}", slots=12)


def noise(seed: int, size: tuple[int, int] = SIZE) -> UInt8[np.ndarray, "h w 3"]:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def slow_iou(one: Float[np.ndarray, "4"], other: Float[np.ndarray, "4"]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common)


def slow_suppress(
    boxes: Float[np.ndarray, "K 4"], scores: Float[np.ndarray, "K"], labels: Int[np.ndarray, "K"], nms_iou: float
) -> list[int]:
    kept: list[int] = []
    for index in sorted(range(len(boxes)), key=lambda index: -scores[index]):
        rivals = [other for other in kept if labels[other] == labels[index]]
        if all(slow_iou(boxes[index], boxes[other]) <= nms_iou for other in rivals):
            kept.append(index)
    return kept


def slow_pool(feature_map: Float[np.ndarray, "D h w"], box: Float[np.ndarray, "4"]) -> Float[np.ndarray, "D"]:
    """Cells that share some area with a box, or the one that an empty box lies in."""
    _, height, width = feature_map.shape
    left, top, right, bottom = box * [width, height, width, height]
    cells = [
        feature_map[:, y, x]
        for y in range(height)
        for x in range(width)
        if x < max(right, np.floor(left) + 1e-9)
        and left < x + 1
        and y < max(bottom, np.floor(top) + 1e-9)
        and top < y + 1
    ]
    return np.mean(cells, axis=0)


@pytest.mark.parametrize("seed", range(4))
def test_objects_are_those_of_the_network_written_out(detector: Detector, seed: int) -> None:
    frame = noise(seed)
    # a frame of the input's size is not resized
    rows, feature_map = (tensor.double().numpy() for tensor in forward(frame / 255))
    labels = rows[:, 5:].argmax(1)
    scores = rows[:, 5:].max(1)
    confident = scores > 0.25
    half = rows[:, 2:4] / 2
    boxes = np.concatenate([rows[:, :2] - half, rows[:, :2] + half], 1).clip(0, 1)[confident]
    scores, labels = scores[confident], labels[confident]
    best = slow_suppress(boxes, scores, labels, 0.45)[:12]
    assert len(best) > 3

    (found,) = detector.detect([frame])
    np.testing.assert_allclose(found.boxes, boxes[best], atol=1e-5)
    np.testing.assert_allclose(found.scores, scores[best], atol=1e-5)
    np.testing.assert_array_equal(found.labels, labels[best])
    np.testing.assert_allclose(found.features, [slow_pool(feature_map, box) for box in boxes[best]], atol=1e-4)
    assert found.features.dtype == found.boxes.dtype == np.float32
    assert detector.label_names == LABELS
    assert detector.feature_size == FEATURE_SIZE
    assert detector.max_side == max(SIZE)


def test_boxes_are_of_the_frame_and_not_of_the_input(detector: Detector) -> None:
    # a square in the 64 × 32 input leaves 16 grey columns on both sides
    square = noise(1, (32, 32))
    input_picture = np.full((32, 64, 3), 128, np.uint8)
    input_picture[:, 16:48] = square
    (wide,), (found,) = detector.detect([input_picture]), detector.detect([square])
    # suppression sees what the frame's edge leaves of a box, so that others may be kept
    common, in_wide, in_found = np.intersect1d(wide.scores, found.scores, return_indices=True)
    assert len(common) > 3
    expected = (wide.boxes[in_wide] * [64, 32, 64, 32] - [16, 0, 16, 0]) / 32
    assert (expected[:, 0] > 0).any()
    np.testing.assert_allclose(found.boxes[in_found], expected.clip(0, 1), atol=1e-6)


def test_a_frame_gives_the_same_alone_and_after_others_of_other_sizes(detector: Detector) -> None:
    frames = [noise(0), noise(1, (50, 70)), noise(2, (5, 3))]
    together = detector.detect(frames)
    assert [len(found.scores) > 0 for found in together] == [True, True, True]
    for frame, found in zip(reversed(frames), reversed(together), strict=True):
        (alone,) = detector.detect([frame])
        for name in ("boxes", "scores", "labels", "features"):
            assert (getattr(alone, name) == getattr(found, name)).all()
    assert detector.detect([]) == []


def test_only_the_best_are_kept_and_none_where_nothing_is_confident(tmp_path: Path) -> None:
    name = f"opencv-yolo:{write_darknet(tmp_path)}"
    ((many,), (two,), (none,)) = (
        open_detector(name, slots=slots, min_score=score).detect([noise(0)])
        for slots, score in ((12, 0.25), (2, 0.25), (12, 0.999))
    )
    assert len(many.scores) > 2
    assert (two.scores == many.scores[:2]).all()
    assert (two.features == many.features[:2]).all()
    assert (np.diff(many.scores) <= 0).all()
    assert none.boxes.shape == (0, 4)
    assert none.features.shape == (0, FEATURE_SIZE)


def test_the_fingerprint_changes_with_all_that_changes_the_numbers(tmp_path: Path) -> None:
    one, other = write_darknet(tmp_path / "one"), write_darknet(tmp_path / "other", seed=1)
    base = open_detector(f"opencv-yolo:{one}", slots=3).fingerprint
    assert base == open_detector(f"opencv-yolo:{one}", slots=3).fingerprint
    assert base["kind"] == "opencv-yolo"
    assert base["preprocessing"] == "letterbox 64x32"
    changed = [
        open_detector(f"opencv-yolo:{other}", slots=3).fingerprint,
        open_detector(f"opencv-yolo:{one}", slots=4).fingerprint,
        open_detector(f"opencv-yolo:{one}", slots=3, min_score=0.3).fingerprint,
        open_detector(f"opencv-yolo:{one}", slots=3, nms_iou=0.5).fingerprint,
    ]
    different = [[key for key in base if base[key] != one_changed[key]] for one_changed in changed]
    assert different == [["weights"], ["slots"], ["min_score"], ["nms_iou"]]


def test_a_confidence_that_opencv_has_dropped_already_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^min_score is 0\.1; expected 0\.2 or more"):
        open_detector(f"opencv-yolo:{write_darknet(tmp_path)}", slots=3, min_score=0.1)


def test_rows_become_boxes_with_their_best_class() -> None:
    rows = np.array(
        [
            [0.5, 0.5, 0.2, 0.4, 0.9, 0.3, 0.8, 0.0],
            [0.1, 0.9, 0.4, 0.4, 0.9, 0.25, 0.2, 0.0],
            [0.1, 0.9, 0.4, 0.4, 0.9, 0.0, 0.2, 0.5],
        ],
        np.float32,
    )
    boxes, scores, labels = candidates(rows, 0.25)
    np.testing.assert_allclose(boxes, [[0.4, 0.3, 0.6, 0.7], [-0.1, 0.7, 0.3, 1.1]], atol=1e-6)
    np.testing.assert_array_equal(scores, np.array([0.8, 0.5], np.float32))
    assert labels.tolist() == [1, 2]


corners = hnp.arrays(np.float64, st.tuples(st.integers(0, 12), st.just(2)), elements=st.floats(0, 0.75, width=16))


@given(corners=corners, data=st.data(), nms_iou=st.sampled_from([0.3, 0.45, 1.0]))
def test_suppression_is_that_of_the_slow_version(
    corners: Float[np.ndarray, "K 2"], data: st.DataObject, nms_iou: float
) -> None:
    count = len(corners)
    sizes = data.draw(hnp.arrays(np.float64, (count, 2), elements=st.sampled_from([0.0625, 0.125, 0.25])))
    labels = data.draw(hnp.arrays(np.int32, count, elements=st.integers(0, 2)))
    order = data.draw(st.permutations(range(count)))
    boxes, scores = np.concatenate([corners, corners + sizes], 1), np.array(order) / 100 + 0.3
    assert suppress(boxes, scores, labels, nms_iou).tolist() == slow_suppress(boxes, scores, labels, nms_iou)


def test_boxes_without_area_are_dropped() -> None:
    boxes = np.array([[0, 0.2, 0, 0.4], [0.1, 0.1, 0.2, 0.2], [0.3, 1, 0.5, 1.0]])
    assert suppress(boxes, np.array([0.9, 0.5, 0.4]), np.zeros(3, np.int32), 0.5).tolist() == [1]
    assert suppress(boxes[:1], np.array([0.9]), np.zeros(1, np.int32), 0.5).tolist() == []


@given(box=st.lists(st.floats(0, 1, width=16), min_size=4, max_size=4))
def test_a_feature_is_the_mean_of_the_cells_that_a_box_touches(box: list[float]) -> None:
    feature_map = np.random.default_rng(0).normal(size=(3, 4, 6)).astype(np.float32)
    x1, x2 = sorted((box[0], box[2]))
    y1, y2 = sorted((box[1], box[3]))
    # a box that starts at the very end lies in the last cell
    inner = np.array([min(x1, 0.999), min(y1, 0.999), x2, y2])
    np.testing.assert_allclose(pool(feature_map, inner[None]), slow_pool(feature_map, inner)[None], atol=1e-6)


def test_a_box_at_the_edge_still_has_a_cell() -> None:
    feature_map = np.arange(12, dtype=np.float32).reshape(1, 3, 4)
    assert pool(feature_map, np.array([[1.0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 1, 1]])).tolist() == [[11], [0], [5.5]]


@pytest.mark.usefixtures("demo_assets")
def test_yolov3_tiny_finds_the_cyclist_of_the_clip() -> None:
    av = pytest.importorskip("av")
    with av.open(str(asset("bikes.mp4"))) as container:
        frame = next(frame for frame in container.decode(video=0) if frame.time >= 4.8).to_ndarray(format="rgb24")
    detector = open_detector("opencv-yolo", slots=18)
    assert detector.feature_size == 1024
    assert detector.max_side == 416
    assert detector.label_names[:3] == ("person", "bicycle", "car")
    (found,) = detector.detect([frame])
    labels = [detector.label_names[label] for label in found.labels]
    assert labels[0] == "person"
    assert found.scores[0] > 0.9
    # helmet to pedals, measured on the picture
    assert slow_iou(found.boxes[0], np.array([0.58, 0.04, 0.76, 0.97])) > 0.8
    bicycle = found.boxes[labels.index("bicycle")]
    assert set(labels) == {"person", "bicycle"}
    assert 0.55 < bicycle[0] < bicycle[2] <= 1
    assert 0.4 < bicycle[1] < bicycle[3] <= 1
    assert found.features.shape == (len(labels), 1024)
    assert (found.features.std(axis=1) > 0).all()
