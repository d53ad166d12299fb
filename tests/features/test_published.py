import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.features.published import FrameFeatures, PublishedObjects, _average_parts, unit_rows

FRAMES, SLOTS, WIDTH = 6, 4, 2048


@pytest.fixture(scope="module")
def parts() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "feats": rng.normal(size=(FRAMES, SLOTS, WIDTH)).astype(np.float32),
        "confidence": rng.uniform(size=(FRAMES, SLOTS)).astype(np.float32),
        "bbox": rng.uniform(size=(FRAMES, SLOTS, 4)).astype(np.float32),
    }


def write_arrays(path: Path, **videos: dict[str, np.ndarray]) -> Path:
    with h5py.File(path, "w") as file:
        for video, parts in videos.items():
            file[video] = np.concatenate([parts["feats"], parts["confidence"][..., None], parts["bbox"]], axis=2)
    return path


def write_groups(path: Path, **videos: dict[str, np.ndarray]) -> Path:
    with h5py.File(path, "w") as file:
        for video, parts in videos.items():
            for name, array in parts.items():
                file[f"{name}/{video}"] = array
    return path


WRITERS = pytest.mark.parametrize("write", [write_arrays, write_groups])


def test_the_column_order_is_feature_confidence_box(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "objects.h5", "w") as file:
        row = [*range(10, 10 + WIDTH), 0.9, 0.1, 0.2, 0.3, 0.4]
        file["v"] = np.array(row, dtype=np.float32).reshape(1, 1, WIDTH + 5)
    objects = PublishedObjects(tmp_path / "objects.h5").read("v", duration_seconds=1.0)
    assert objects.features[0, 0].tolist() == list(range(10, 10 + WIDTH))
    assert objects.scores.tolist() == [[np.float32(0.9)]]
    assert objects.boxes[0, 0].tolist() == [np.float32(x) for x in (0.1, 0.2, 0.3, 0.4)]


@WRITERS
def test_both_layouts_read_the_same(tmp_path: Path, parts: dict, write) -> None:  # noqa: ANN001
    source = PublishedObjects(write(tmp_path / "objects.h5", b=parts, a=parts))
    assert source.videos == ("a", "b")
    assert source.shape("a") == (FRAMES, SLOTS, WIDTH)
    assert source.duration_seconds("a") is None
    assert source.label_names == ()
    layout = "arrays" if write is write_arrays else "groups"
    assert source.fingerprint == {"extractor": "published", "layout": layout, "feature_size": WIDTH}
    objects = source.read("a", duration_seconds=12.0)
    assert (objects.video, objects.duration_seconds) == ("a", 12.0)
    assert objects.times_seconds.tolist() == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
    np.testing.assert_array_equal(objects.features, parts["feats"])
    np.testing.assert_array_equal(objects.scores, parts["confidence"])
    np.testing.assert_array_equal(objects.boxes, parts["bbox"])
    assert objects.labels.shape == (FRAMES, SLOTS)
    assert (objects.labels == -1).all()


@WRITERS
def test_only_the_slots_and_rows_asked_for_are_read(tmp_path: Path, parts: dict, write) -> None:  # noqa: ANN001
    spoilt = {name: array.copy() for name, array in parts.items()}
    for array in spoilt.values():
        array[:, 3:] = np.nan
        array[2] = np.nan
    source = PublishedObjects(write(tmp_path / "objects.h5", a=spoilt))
    rows = np.array([0, 3, 5])
    objects = pickle.loads(pickle.dumps(source)).read("a", slots=3, rows=rows, duration_seconds=12.0)
    np.testing.assert_array_equal(objects.features, parts["feats"][rows, :3])
    np.testing.assert_array_equal(objects.scores, parts["confidence"][rows, :3])
    np.testing.assert_array_equal(objects.boxes, parts["bbox"][rows, :3])
    assert objects.times_seconds.tolist() == [1.0, 7.0, 11.0]


@WRITERS
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("bbox", 1.02, r"box corners from .* to 1\.02; expected 0\.\.1 of the frame"),
        ("bbox", -0.5, r"box corners from -0\.5 to .*; expected 0\.\.1"),
        ("bbox", np.nan, r"box corners from nan to nan; expected 0\.\.1"),
        ("feats", np.nan, "features holds NaN or infinity"),
        ("confidence", np.inf, "scores holds NaN or infinity"),
    ],
)
def test_bad_values_name_file_and_video(
    tmp_path: Path,
    parts: dict,
    write,  # noqa: ANN001
    name: str,
    value: float,
    message: str,
) -> None:
    spoilt = {key: array.copy() for key, array in parts.items()}
    spoilt[name].flat[-1] = value
    source = PublishedObjects(write(tmp_path / "objects.h5", a=spoilt))
    with pytest.raises(InputError, match=rf"objects\.h5: video a: {message}"):
        source.read("a", duration_seconds=12.0)


def test_boxes_a_little_over_the_edge_are_kept(tmp_path: Path, parts: dict) -> None:
    boxes = parts["bbox"].copy()
    boxes[0, 0] = [-0.005, 0.0, 1.005, 1.0]
    objects = PublishedObjects(write_groups(tmp_path / "objects.h5", a={**parts, "bbox": boxes}))
    np.testing.assert_array_equal(objects.read("a", duration_seconds=1.0).boxes, boxes)


def test_a_read_needs_the_duration_and_a_known_video(tmp_path: Path, parts: dict) -> None:
    source = PublishedObjects(write_arrays(tmp_path / "objects.h5", a=parts))
    with pytest.raises(InputError, match=r"objects\.h5: video a: published features have no times"):
        source.read("a")
    with pytest.raises(InputError, match=r"objects\.h5: video z is not in the file"):
        source.read("z", duration_seconds=1.0)
    with pytest.raises(InputError, match=r"objects\.h5: video a: 5 slots asked for; expected 1 to the 4"):
        source.read("a", slots=5, duration_seconds=1.0)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 3)), r"float64 array of shape \(2, 3\); expected floats of shape \(T, N, D\+5\)"),
        (np.zeros((2, 0, 9)), r"float64 array of shape \(2, 0, 9\)"),
        (np.zeros((2, 3, 9), dtype=int), r"int64 array of shape \(2, 3, 9\); expected floats"),
        (np.zeros((2, 3, 5)), "5 columns; expected more than the 5 of score and box"),
    ],
)
def test_an_array_of_another_shape_is_named(tmp_path: Path, parts: dict, array: np.ndarray, message: str) -> None:
    path = write_arrays(tmp_path / "objects.h5", a=parts)
    with h5py.File(path, "r+") as file:
        file["b"] = array
    with pytest.raises(InputError, match=rf"objects\.h5: video b: {message}"):
        PublishedObjects(path).shape("b")


def test_groups_that_do_not_go_together_are_named(tmp_path: Path, parts: dict) -> None:
    path = write_groups(
        tmp_path / "objects.h5",
        a=parts,
        b={**parts, "confidence": parts["confidence"][:-1]},
        c={**parts, "bbox": parts["bbox"][..., :3]},
        d={"feats": parts["feats"]},
    )
    with h5py.File(path, "r+") as file:
        file.create_group("feats/e")
    source = PublishedObjects(path)
    for video, message in [
        ("b", r"video b: confidence of shape \(5, 4\); expected \(6, 4\)"),
        ("c", r"video c: bbox of shape \(6, 4, 3\); expected \(6, 4, 4\)"),
        ("d", "video d is not in /confidence"),
        ("e", r"video e: a group; expected an array of shape \(T, N, D\)"),
    ]:
        with pytest.raises(InputError, match=rf"objects\.h5: {message}"):
            source.shape(video)


@pytest.mark.parametrize("contents", [{}, {"v": np.zeros((5, 7))}, {"feats/v": np.zeros((2, 3, 4))}])
def test_a_file_of_neither_layout_is_named(tmp_path: Path, contents: dict) -> None:
    with h5py.File(tmp_path / "objects.h5", "w") as file:
        for name, array in contents.items():
            file[name] = array
    with pytest.raises(InputError, match=r"objects\.h5: no objects in it; expected video → \(T, N, D\+5\), or groups"):
        PublishedObjects(tmp_path / "objects.h5")


@given(rows=st.integers(1, 40), parts=st.integers(1, 40), seed=st.integers(0, 99))
@settings(deadline=None)
def test_averaging_is_adaptive_average_pooling(rows: int, parts: int, seed: int) -> None:
    features = np.random.default_rng(seed).normal(size=(rows, 3)).astype(np.float32)
    expected = torch.nn.functional.adaptive_avg_pool1d(torch.from_numpy(features.T), parts).numpy().T
    np.testing.assert_allclose(_average_parts(features, parts), expected, atol=1e-6)


@pytest.fixture
def frame_features(tmp_path: Path) -> FrameFeatures:
    with h5py.File(tmp_path / "frames.h5", "w") as file:
        file["a"] = np.array([[3, 4], [0, 2], [0, 0], [-5, 0]], dtype=np.float64)
        file["flat"] = np.zeros(4)
        file["empty"] = np.zeros((0, 2))
        file["spoilt"] = np.array([[1, np.nan]])
    return FrameFeatures(tmp_path / "frames.h5")


def test_rows_become_of_length_one_and_zeros_stay() -> None:
    np.testing.assert_allclose(
        unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [-2.0, 0.0]])), [[0.6, 0.8], [0, 0], [-1, 0]]
    )


def test_a_file_of_frame_features_is_known_by_their_width(frame_features: FrameFeatures) -> None:
    assert frame_features.fingerprint == {"extractor": "published", "feature_size": 2}


def test_rows_are_normalised_before_they_are_averaged(frame_features: FrameFeatures) -> None:
    assert frame_features.videos == ("a", "empty", "flat", "spoilt")
    assert frame_features.shape("a") == (4, 2)
    read = frame_features.read("a", frames=2)
    assert read.dtype == np.float32
    np.testing.assert_allclose(read, [[0.3, 0.9], [-0.5, 0.0]], atol=1e-7)


def test_fewer_rows_than_frames_are_repeated(frame_features: FrameFeatures) -> None:
    expected = np.repeat([[0.6, 0.8], [0, 1], [0, 0], [-1, 0]], 2, axis=0)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(frame_features)).read("a", frames=8), expected, atol=1e-7)


@pytest.mark.parametrize(
    ("video", "message"),
    [
        ("z", "video z is not in the file"),
        ("flat", r"video flat: float64 array of shape \(4,\); expected floats of shape \(R, D\)"),
        ("empty", r"video empty: float64 array of shape \(0, 2\)"),
        ("spoilt", "video spoilt: frame features hold NaN or infinity"),
    ],
)
def test_bad_frame_features_name_file_and_video(frame_features: FrameFeatures, video: str, message: str) -> None:
    with pytest.raises(InputError, match=rf"frames\.h5: {message}"):
        frame_features.read(video, frames=2)
