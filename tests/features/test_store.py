import json
import multiprocessing
import os
import pickle
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.features import store as store_module
from leorn.features import store_writer as writer_module
from leorn.features.store import FeatureStore, StoredFrames
from leorn.features.store_writer import GrowingStore, keep_videos, write_store
from leorn.records import VideoObjects
from tests.disks import full_disk
from tests.objects import FINGERPRINT, assert_same, objects_of


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    write_store(tmp_path / "store", [objects_of("a", seed=1), objects_of("b", frames=3, seed=2)], FINGERPRINT)
    return FeatureStore(tmp_path / "store")


@settings(max_examples=20, deadline=None)
@given(
    ids=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=5, unique=True),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 6)),
    videos_per_shard=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_what_is_written_is_read_whatever_the_ids(
    ids: list[str], shape: tuple[int, int, int], videos_per_shard: int, seed: int
) -> None:
    frames, slots, width = shape
    written = [objects_of(video, frames, slots, width, seed=seed + n) for n, video in enumerate(ids)]
    with tempfile.TemporaryDirectory() as folder:
        write_store(folder, iter(written), FINGERPRINT, videos_per_shard)
        store = FeatureStore(folder)
        assert store.videos == tuple(ids)
        assert store.fingerprint == FINGERPRINT
        for objects in written:
            assert store.shape(objects.video) == shape
            assert store.duration_seconds(objects.video) == objects.duration_seconds
            assert_same(store.read(objects.video), objects)
        shards = sorted(path.name for path in Path(folder).iterdir())
    count = -(-len(ids) // videos_per_shard)
    assert shards == ["index.json", *(f"objects-{n:05d}.h5" for n in range(count))]


def test_ids_that_look_like_paths_stay_inside_the_store(tmp_path: Path) -> None:
    ids = ["../outside", "/root/x", "a/b", ".", "..", "a.b"]
    write_store(tmp_path / "store", [objects_of(video, seed=n) for n, video in enumerate(ids)], FINGERPRINT)
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    store = FeatureStore(tmp_path / "store")
    for n, video in enumerate(ids):
        assert_same(store.read(video), objects_of(video, seed=n))


def test_arrays_on_disk_are_contiguous_and_small(store: FeatureStore) -> None:
    with h5py.File(store.path / "objects-00000.h5") as file:
        assert [group.attrs["video"] for group in file.values()] == ["a", "b"]
        types = {name: (array.dtype.name, array.chunks) for name, array in file["00000"].items()}
    assert types == {
        "boxes": ("float32", None),
        "features": ("float16", None),
        "labels": ("int16", None),
        "scores": ("float32", None),
        "times_seconds": ("float32", None),
    }


def test_the_same_objects_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_store(tmp_path / name, [objects_of("a")], FINGERPRINT)
    for name in ("index.json", "objects-00000.h5"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_labels_are_merged_into_one_vocabulary(tmp_path: Path) -> None:
    first = replace(objects_of("a", 1, 3, names=("cup", "dog")), labels=np.array([[0, 1, -1]]))
    second = replace(objects_of("b", 1, 3, names=("dog", "egg")), labels=np.array([[1, 0, -1]]))
    write_store(tmp_path, [first, second], FINGERPRINT)
    store = FeatureStore(tmp_path)
    assert store.label_names == ("cup", "dog", "egg")
    assert store.read("a").labels.tolist() == [[0, 1, -1]]
    assert store.read("b").labels.tolist() == [[2, 1, -1]]
    assert store.read("b").label_names == store.label_names


@given(slots=st.none() | st.integers(1, 4), rows=st.none() | st.sets(st.integers(0, 5)).map(sorted))
@settings(max_examples=30, deadline=None)
def test_a_part_read_is_that_part_of_the_whole(slots: int | None, rows: list[int] | None) -> None:
    whole = objects_of("a")
    with tempfile.TemporaryDirectory() as folder:
        write_store(folder, [whole], FINGERPRINT)
        part = FeatureStore(folder).read("a", slots, None if rows is None else np.array(rows, dtype=np.int64))
    frames = range(6) if rows is None else rows
    for name in ("features", "boxes", "scores", "labels"):
        expected = [[getattr(whole, name)[t, n] for n in range(slots or 4)] for t in frames]
        got = getattr(part, name)
        assert got.shape[:2] == (len(frames), slots or 4)
        np.testing.assert_array_equal(got.ravel(), np.array(expected).astype(got.dtype).ravel())
    np.testing.assert_array_equal(part.times_seconds, [1.5 * t + 0.75 for t in frames])


def test_slots_and_rows_not_asked_for_are_not_read(store: FeatureStore) -> None:
    with h5py.File(store.path / "objects-00000.h5", "r+") as file:
        file["00000/features"][:, 2:] = np.nan
        file["00000/features"][4] = np.nan
    part = store.read("a", slots=2, rows=np.array([0, 1, 3, 5]))
    np.testing.assert_array_equal(part.features, objects_of("a", seed=1).features[[0, 1, 3, 5], :2].astype(np.float16))
    with pytest.raises(InputError, match=r"objects-00000\.h5: video a: features holds NaN"):
        store.read("a")


def test_a_pickled_store_reads_without_the_open_file(store: FeatureStore) -> None:
    store.read("a")
    assert_same(pickle.loads(pickle.dumps(store)).read("b"), objects_of("b", frames=3, seed=2))


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes_open_the_files_for_themselves(store: FeatureStore, method: str) -> None:
    store.read("a")
    with multiprocessing.get_context(method).Pool(2) as pool:
        copies = pool.map(store.read, ["a", "b", "a", "b"], chunksize=1)
    for copy in copies:
        seed, frames = (1, 6) if copy.video == "a" else (2, 3)
        assert_same(copy, objects_of(copy.video, frames=frames, seed=seed))
    assert_same(store.read("a"), objects_of("a", seed=1))


def folder_of(store: FeatureStore) -> Path:
    assert isinstance(store.path, Path)
    return store.path


def test_a_store_is_not_replaced_unasked(store: FeatureStore) -> None:
    with pytest.raises(InputError, match="holds a store already"):
        write_store(folder_of(store), [objects_of("c")], FINGERPRINT)
    assert FeatureStore(folder_of(store)).videos == ("a", "b")


def test_overwriting_leaves_the_new_store_alone(store: FeatureStore) -> None:
    for video in ("c", "d"):
        write_store(folder_of(store), [objects_of(video)], {"extractor": "new"}, overwrite=True)
        new = FeatureStore(folder_of(store))
        assert (new.videos, new.fingerprint) == ((video,), {"extractor": "new"})
        assert_same(new.read(video), objects_of(video))
        assert len(list(folder_of(store).glob("*.h5"))) == 1


def test_a_failed_writer_leaves_what_was_there(store: FeatureStore) -> None:
    def videos() -> Iterator[VideoObjects]:
        yield objects_of("c")
        yield objects_of("d")
        raise InputError("the third video cannot be decoded")

    for folder in (folder_of(store), folder_of(store).parent / "fresh"):
        with pytest.raises(InputError, match="third video"):
            write_store(folder, videos(), FINGERPRINT, videos_per_shard=1, overwrite=True)
    assert sorted(path.name for path in folder_of(store).iterdir()) == ["index.json", "objects-00000.h5"]
    assert_same(FeatureStore(folder_of(store)).read("a"), objects_of("a", seed=1))
    assert list((folder_of(store).parent / "fresh").iterdir()) == []


def _write_and_die(folder: Path) -> None:
    def videos() -> Iterator[VideoObjects]:
        yield objects_of("c")
        yield objects_of("d")
        os._exit(9)

    write_store(folder, videos(), FINGERPRINT, videos_per_shard=1, overwrite=True)


def test_a_killed_writer_leaves_no_store_and_can_be_run_again(tmp_path: Path) -> None:
    writer = multiprocessing.get_context("fork").Process(target=_write_and_die, args=(tmp_path,))
    writer.start()
    writer.join()
    assert writer.exitcode == 9
    with pytest.raises(InputError, match=r"index\.json: No such file"):
        FeatureStore(tmp_path)
    write_store(tmp_path, [objects_of("e")], FINGERPRINT)
    assert_same(FeatureStore(tmp_path).read("e"), objects_of("e"))
    assert len(list(tmp_path.glob("*.h5"))) == 1


def test_a_full_disk_is_one_clear_line_and_leaves_nothing(tmp_path: Path) -> None:
    with full_disk(150_000), pytest.raises(InputError, match=r"cannot write .*objects-00000\.h5: File too large$"):
        write_store(tmp_path, [objects_of(video, 50, 10, 100) for video in "ab"], FINGERPRINT)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write to .*file/store: Not a directory$"):
        write_store(tmp_path / "file" / "store", [objects_of("a")], FINGERPRINT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"video": "a"}, "video a comes twice"),
        ({"video": "b\udce9"}, r"video 'b\\udce9': half a character in its id; expected Unicode"),
        ({"duration_seconds": 0.0}, "video b: duration 0.0; expected a positive number"),
        ({"duration_seconds": float("nan")}, "video b: duration nan; expected a positive number"),
        ({"scores": np.tile([0.1, 0.2, 0.0, 0.0], (6, 1))}, "video b: scores rise within a frame"),
        ({"features": np.zeros((6, 4, 7))}, r"video b: features of shape \(6, 4, 7\); expected width 3"),
        ({"features": np.full((6, 4, 3), 1e5)}, "video b: features beyond ±65504"),
    ],
)
def test_a_video_that_does_not_fit_is_named(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        write_store(tmp_path, [objects_of("a"), replace(objects_of("b"), **changes)], FINGERPRINT)
    assert list(tmp_path.iterdir()) == []


def test_more_labels_than_fit_the_store_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "MAX_LABELS", 3)
    with pytest.raises(InputError, match="video b: more than 3 different labels"):
        write_store(tmp_path, [objects_of("a"), objects_of("b", names=("egg", "fork"))], FINGERPRINT)


def test_no_videos_and_empty_shards_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no videos to write"):
        write_store(tmp_path, [], FINGERPRINT)
    with pytest.raises(InputError, match="videos_per_shard is 0; expected 1 or more"):
        write_store(tmp_path, [objects_of("a")], FINGERPRINT, videos_per_shard=0)


def test_a_fingerprint_that_is_not_json_fails_before_any_work(tmp_path: Path) -> None:
    def videos() -> Iterator[VideoObjects]:
        raise AssertionError("nothing should be read")
        yield

    with pytest.raises(TypeError, match="JSON"):
        write_store(tmp_path, videos(), {"model": object()})


@pytest.mark.parametrize(
    ("video", "slots", "rows", "message"),
    [
        ("z", None, None, "store: video z is not in the store"),
        ("a", 5, None, "video a: 5 slots asked for; expected 1 to the 4"),
        ("a", None, [4, 6], r"video a: rows \[4, 6\]; expected rising indices of the 6 frames"),
    ],
)
def test_what_the_store_does_not_hold_is_named(
    store: FeatureStore, video: str, slots: int | None, rows: list[int] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        store.read(video, slots, None if rows is None else np.array(rows))


def test_a_place_that_another_video_has_taken_is_not_read_as_the_first(tmp_path: Path) -> None:
    with GrowingStore(tmp_path, FINGERPRINT) as writer:
        for video in ("a", "b"):
            writer.add(objects_of(video), "0")
    before = FeatureStore(tmp_path)
    keep_videos(tmp_path, ["a"])
    with GrowingStore(tmp_path, FINGERPRINT) as writer:
        writer.add(objects_of("c"), "0")
    with pytest.raises(InputError, match=r"objects-00001\.h5: holds another video in the place of b; written to since"):
        before.read("b")
    assert_same(FeatureStore(tmp_path).read("c"), objects_of("c"))


def test_a_shard_of_another_store_is_named(store: FeatureStore) -> None:
    index = json.loads((store.path / "index.json").read_text())
    index["videos"]["a"]["group"] = 7
    (store.path / "index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=r"objects-00000\.h5: cannot be read as HDF5 .*00007"):
        FeatureStore(store.path).read("a")


def open_shards() -> list[str]:
    """Return the names of the HDF5 files that this process holds open."""
    return [h5py.h5f.get_name(file).decode() for file in h5py.h5f.get_obj_ids(types=h5py.h5f.OBJ_FILE)]


def test_few_of_many_shards_are_open_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = [objects_of(video, seed=n) for n, video in enumerate("abcde")]
    write_store(tmp_path, written, FINGERPRINT, videos_per_shard=1)
    monkeypatch.setattr(store_module, "MAX_OPEN", 2)
    store = FeatureStore(tmp_path)

    def open_after_reading(videos: str) -> list[str]:
        for video in videos:
            assert_same(store.read(video), written["abcde".index(video)])
        shards = (Path(name) for name in open_shards())
        return sorted(path.name for path in shards if path.parent == tmp_path)

    assert open_after_reading("abcde") == ["objects-00003.h5", "objects-00004.h5"]
    # the one that was read longest ago is closed
    assert open_after_reading("aba") == ["objects-00000.h5", "objects-00001.h5"]
    assert open_after_reading("c") == ["objects-00000.h5", "objects-00002.h5"]


@pytest.fixture
def stored_frames(tmp_path: Path) -> StoredFrames:
    written = [objects_of("a", frame_width=7), objects_of("b", 3, seed=1, frame_width=7), objects_of("c", seed=2)]
    write_store(tmp_path / "store", written, FINGERPRINT)
    return StoredFrames(tmp_path / "store")


def test_frame_features_are_kept_beside_objects(stored_frames: StoredFrames) -> None:
    store = FeatureStore(stored_frames.path)
    assert_same(store.read("a"), objects_of("a", frame_width=7))
    assert_same(store.read("c"), objects_of("c", seed=2))
    rows = np.array([1, 4])
    part, whole = store.read("a", rows=rows).frames, objects_of("a", frame_width=7).frames
    assert whole is not None
    np.testing.assert_array_equal(part, whole[rows].astype(np.float16))
    assert stored_frames.videos == ("a", "b", "c")
    assert [stored_frames.shape(video) for video in "ab"] == [(6, 7), (3, 7)]


@pytest.mark.parametrize("parts", [1, 2, 3, 6])
def test_frame_features_are_read_as_means_of_unit_rows(stored_frames: StoredFrames, parts: int) -> None:
    whole = objects_of("a", frame_width=7).frames
    assert whole is not None
    read = stored_frames.read("a", parts)
    assert (read.shape, read.dtype) == ((parts, 7), np.float32)
    each = 6 // parts
    for part in range(parts):
        rows = [row.astype(np.float16).astype(np.float64) for row in whole[part * each : (part + 1) * each]]
        expected = sum(row / np.sqrt((row**2).sum()) for row in rows) / each
        np.testing.assert_allclose(read[part], expected, rtol=1e-5, atol=1e-7)


def test_frame_features_are_read_without_the_objects(stored_frames: StoredFrames) -> None:
    with h5py.File(stored_frames.path / "objects-00000.h5", "r+") as file:
        del file["00000/features"], file["00000/boxes"]
    assert stored_frames.shape("a") == (6, 7)
    assert np.linalg.norm(stored_frames.read("a", 6), axis=1) == pytest.approx(np.ones(6))


@pytest.mark.parametrize(
    ("video", "message"),
    [
        ("c", r"objects-00000\.h5: video c has no frame features; expected a store made with --backbone$"),
        ("z", "store: video z is not in the store; expected one of its 3 videos$"),
    ],
)
def test_frame_features_that_are_not_there_are_named(stored_frames: StoredFrames, video: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        stored_frames.shape(video)
    with pytest.raises(InputError, match=message):
        stored_frames.read(video, 2)


def test_frame_features_that_are_not_finite_are_named(stored_frames: StoredFrames) -> None:
    with h5py.File(stored_frames.path / "objects-00000.h5", "r+") as file:
        file["00001/frames"][2, 3] = np.nan
    with pytest.raises(InputError, match=r"objects-00000\.h5: video b: frame features hold NaN or infinity"):
        stored_frames.read("b", 2)


def test_frame_features_beyond_half_precision_are_refused(tmp_path: Path) -> None:
    objects = replace(objects_of("a"), frames=np.full((6, 2), 1e5))
    with pytest.raises(InputError, match="video a: frame features beyond ±65504, the range of fp16"):
        write_store(tmp_path, [objects], FINGERPRINT)
