from pathlib import Path

import h5py
import numpy as np
import pytest

from leorn.errors import InputError
from leorn.features.published import FrameFeatures, PublishedObjects
from leorn.features.sources import ObjectSource, check_frame_features, check_videos, open_frames, open_objects
from leorn.features.store import FeatureStore, StoredFrames
from leorn.features.store_writer import write_store
from leorn.records import VideoObjects
from tests.objects import FINGERPRINT, objects_of


def write_published(path: Path, **videos: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for video, array in videos.items():
            file[video] = array
    return path


def array_of(frames: int = 8, slots: int = 3, columns: int = 9) -> np.ndarray:
    return np.full((frames, slots, columns), 0.5, dtype=np.float32)


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    def objects_of(video: str, frames: int) -> VideoObjects:
        return VideoObjects(
            video=video,
            duration_seconds=9.0,
            times_seconds=np.linspace(0, 8, frames),
            features=np.ones((frames, 3, 4)),
            boxes=np.zeros((frames, 3, 4)),
            scores=np.ones((frames, 3)),
            labels=np.full((frames, 3), -1),
        )

    write_store(tmp_path / "store", [objects_of("a", 8), objects_of("short", 7)], {"extractor": "made up"})
    return FeatureStore(tmp_path / "store")


def test_the_kind_of_source_is_found_by_looking(tmp_path: Path, store: FeatureStore) -> None:
    published = open_objects(write_published(tmp_path / "objects.h5", a=array_of()))
    assert isinstance(published, PublishedObjects)
    assert isinstance(open_objects(str(store.path)), FeatureStore)
    for source in (published, open_objects(store.path)):
        objects = source.read("a", slots=2, rows=np.array([1, 4]), duration_seconds=9.0)
        assert source.shape("a") == (8, 3, 4)
        assert objects.features.shape == (2, 2, 4)
        assert objects.duration_seconds == 9.0


def test_frame_features_are_the_same_from_a_store_and_from_a_published_file(tmp_path: Path) -> None:
    written = objects_of("a", frame_width=5)
    assert written.frames is not None
    write_store(tmp_path / "store", [written], FINGERPRINT)
    stored = open_frames(tmp_path / "store")
    published = open_frames(write_published(tmp_path / "frames.h5", a=written.frames.astype(np.float16)))
    assert isinstance(stored, StoredFrames)
    assert isinstance(published, FrameFeatures)
    assert stored.shape("a") == published.shape("a") == (6, 5)
    assert published.fingerprint == {"extractor": "published", "feature_size": 5}
    # without the detector's part
    assert stored.fingerprint == {
        "extractor": "made up",
        "backbone": None,
        "frames": None,
        "rate": None,
        "sampling": FINGERPRINT["sampling"],
    }
    np.testing.assert_array_equal(stored.read("a", 4), published.read("a", 4))
    for source in (stored, published):
        check_frame_features(source, ["a"], frame_size=5)
        with pytest.raises(InputError, match=r"frame features of shape \(6, 5\); expected width 4"):
            check_frame_features(source, ["a"], frame_size=4)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"", "an empty file; expected an HDF5 file"),
        (b"video,features\n" * 99, "not HDF5; expected an HDF5 file"),
        (b"\x89HDF\r\n\x1a\n", "cannot be read as HDF5"),
    ],
)
def test_what_is_no_source_is_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "objects.h5"
    if content is not None:
        path.write_bytes(content)
    for read in (open_objects, open_frames):
        with pytest.raises(InputError, match=rf"objects\.h5: {message}") as caught:
            read(path)
        assert "\n" not in str(caught.value)


def test_what_is_not_there_is_told_with_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nope: no such file or folder; expected objects: a store's folder, or a pub"):
        open_objects(tmp_path / "nope")
    with pytest.raises(InputError, match="nope: no such file or folder; expected frame features: a store's folder, or"):
        open_frames(tmp_path / "nope")


def test_a_truncated_published_file_is_named(tmp_path: Path) -> None:
    path = write_published(tmp_path / "objects.h5", a=array_of())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"objects\.h5: cannot be read as HDF5 .*truncated"):
        open_objects(path)


def test_a_folder_that_is_no_store_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"index\.json: No such file or directory; expected the index"):
        open_objects(tmp_path)


def test_good_videos_pass_and_progress_is_told(store: FeatureStore) -> None:
    told: list[tuple[int, int]] = []
    check_videos(
        store,
        ["short", "a", "a"],
        object_size=4,
        slots=3,
        min_frames=7,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 2), (2, 2)]


def test_all_bad_videos_are_listed_at_once(tmp_path: Path) -> None:
    spoilt, beyond = array_of(), array_of()
    spoilt[3, 1, 0] = np.nan
    beyond[0, 0, -1] = 640
    path = write_published(
        tmp_path / "objects.h5",
        good=array_of(),
        few_frames=array_of(frames=7),
        few_slots=array_of(slots=2),
        wide=array_of(columns=10),
        flat=np.zeros((8, 9)),
        spoilt=spoilt,
        beyond=beyond,
    )
    source = open_objects(path)
    videos = ["missing", "good", "good", "few_frames", "few_slots", "wide", "flat", "spoilt", "beyond"]
    with pytest.raises(InputError) as caught:
        check_videos(source, videos, object_size=4, slots=3, min_frames=8)
    expected = "expected at least 8 frames, at least 3 slots, width 4"
    faults = [
        "video beyond: box corners from 0.5 to 640; expected 0..1 of the frame",
        f"video few_frames: features of shape (7, 3, 4); {expected}",
        f"video few_slots: features of shape (8, 2, 4); {expected}",
        "video flat: float64 array of shape (8, 9); expected floats of shape (T, N, D+5)",
        "video missing is not in the file; expected an array of shape (T, N, D+5)",
        "video spoilt: features holds NaN or infinity; expected finite numbers",
        f"video wide: features of shape (8, 3, 5); {expected}",
    ]
    listed = "; ".join(f"{path}: {fault}" for fault in faults)
    assert str(caught.value) == f"7 of 8 videos have no usable features: {listed}"


def test_values_are_checked_in_the_needed_slots_and_only_when_asked(tmp_path: Path) -> None:
    spoilt = array_of()
    spoilt[3, 2, 0] = np.nan
    source = open_objects(write_published(tmp_path / "objects.h5", a=spoilt))
    check_videos(source, ["a"], object_size=4, slots=2, min_frames=8)
    check_videos(source, ["a"], object_size=4, slots=3, min_frames=8, check_values=False)
    with pytest.raises(InputError, match=r"1 of 1 videos have no usable features: .*video a: features holds NaN"):
        check_videos(source, ["a"], object_size=4, slots=3, min_frames=8)


def test_a_store_names_its_folder_and_bad_videos(store: FeatureStore) -> None:
    with pytest.raises(InputError) as caught:
        check_videos(store, ["a", "short", "z"], object_size=4, slots=3, min_frames=8)
    assert str(caught.value) == (
        f"2 of 3 videos have no usable features: {store.path}: video short: features of shape (7, 3, 4); "
        f"expected at least 8 frames, at least 3 slots, width 4; {store.path}: video z is not in the store; "
        "expected one of its 2 videos"
    )


@pytest.mark.parametrize(("missing", "more"), [(2, ""), (20, ""), (23, ", and 3 more")])
def test_one_reason_is_said_once_with_the_names_of_twenty_videos(store: ObjectSource, missing: int, more: str) -> None:
    with pytest.raises(InputError) as caught:
        check_videos(store, ["short", *(f"v{n:02d}" for n in range(missing))], object_size=4, slots=3, min_frames=8)
    others = ", ".join(f"v{n:02d}" for n in range(1, min(missing, 20)))
    assert str(caught.value) == (
        f"{missing + 1} of {missing + 1} videos have no usable features: "
        f"{store.path}: video short: features of shape (7, 3, 4); "
        "expected at least 8 frames, at least 3 slots, width 4; "
        f"{store.path}: video v00 is not in the store; expected one of its 2 videos (the same of {others}{more})"
    )


def test_a_long_list_of_reasons_is_cut_after_twenty(tmp_path: Path) -> None:
    arrays = {f"v{n:02d}": array_of(columns=10 + n) for n in range(23)}
    source = open_objects(write_published(tmp_path / "objects.h5", **arrays))
    with pytest.raises(InputError) as caught:
        check_videos(source, arrays, object_size=4, slots=3, min_frames=8)
    assert str(caught.value).count("features of shape") == 20
    assert str(caught.value).endswith("; and 3 more")


def test_frame_features_are_checked_too(tmp_path: Path) -> None:
    path = write_published(
        tmp_path / "frames.h5",
        good=np.ones((9, 4)),
        narrow=np.ones((9, 3)),
        spoilt=np.full((9, 4), np.inf),
        deep=np.ones((9, 2, 4)),
    )
    source = FrameFeatures(path)
    told: list[tuple[int, int]] = []
    check_frame_features(source, ["good"], frame_size=4, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]
    check_frame_features(source, ["good", "spoilt"], frame_size=4, check_values=False)
    with pytest.raises(InputError) as caught:
        check_frame_features(source, ["good", "narrow", "spoilt", "deep", "missing"], frame_size=4)
    assert str(caught.value) == (
        "4 of 5 videos have no usable features: "
        f"{path}: video deep: float64 array of shape (9, 2, 4); expected floats of shape (R, D); "
        f"{path}: video missing is not in the file; expected an array of shape (R, D); "
        f"{path}: video narrow: frame features of shape (9, 3); expected width 4; "
        f"{path}: video spoilt: frame features hold NaN or infinity; expected finite numbers"
    )
