"""A store that grows video by video, and what a killed, a second or a different writer finds."""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.features import store_writer as writer_module
from leorn.features.store import FeatureStore
from leorn.features.store_writer import GrowingStore, MisfitError, write_store
from leorn.records import VideoObjects
from tests.disks import full_disk
from tests.objects import FINGERPRINT, assert_same, files_of, objects_of

SOURCE, OTHER_SOURCE = "1a2b", "3c4d"
"""SHA-256 of every made-up file of a video, and of one that has changed."""


def grow(folder: Path, *videos: str, width: int = 3) -> None:
    with GrowingStore(folder, FINGERPRINT) as store:
        for video in videos:
            store.add(objects_of(video, width=width, seed=ord(video)), SOURCE)


def in_a_child(work: Callable[..., None], *arguments: object) -> int | None:
    child = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    child.start()
    child.join()
    return child.exitcode


def test_every_added_video_is_in_the_store_before_the_next(tmp_path: Path) -> None:
    with GrowingStore(tmp_path / "new" / "store", FINGERPRINT) as store:
        written = {}
        for video in "cab":
            written[video] = objects_of(video, frames=4 + len(written), seed=ord(video), frame_width=2)
            store.add(written[video], SOURCE)
            read = FeatureStore(store.path)
            assert read.videos == tuple(written)
            assert read.fingerprint == FINGERPRINT
            for name, objects in written.items():
                assert_same(read.read(name), objects)
    assert sorted(files_of(store.path)) == ["index.json", *(f"objects-0000{n}.h5" for n in range(3))]


def test_labels_of_later_videos_come_behind_those_of_earlier_ones(tmp_path: Path) -> None:
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        for video, names in (("a", ("cup", "dog")), ("b", ("egg", "cup"))):
            store.add(objects_of(video, names=names), SOURCE)
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        store.add(objects_of("c", names=("fork", "egg")), SOURCE)
    read = FeatureStore(tmp_path)
    assert read.label_names == ("cup", "dog", "egg", "fork")
    assert_same(read.read("b"), objects_of("b", names=("egg", "cup")))
    assert_same(read.read("c"), objects_of("c", names=("fork", "egg")))


def test_a_store_that_grew_in_several_turns_is_that_of_one(tmp_path: Path) -> None:
    grow(tmp_path / "one", "a", "b", "c")
    for video in "abc":
        grow(tmp_path / "several", video)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "several")


def test_of_each_video_the_store_knows_the_file_it_was_made_from(tmp_path: Path) -> None:
    grow(tmp_path, "a")
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        assert store.source_sha256("a") == SOURCE
        assert store.source_sha256("b") is None
        store.add(objects_of("b"), OTHER_SOURCE)
        assert store.source_sha256("b") == OTHER_SOURCE
        assert store.source_sha256("a") == SOURCE


def test_a_video_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    grow(tmp_path, "a", "b")
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        store.add(objects_of("a", frames=9), OTHER_SOURCE)
        assert store.source_sha256("a") == OTHER_SOURCE
    read = FeatureStore(tmp_path)
    assert read.videos == ("b", "a")
    assert_same(read.read("a"), objects_of("a", frames=9))
    assert_same(read.read("b"), objects_of("b", seed=ord("b")))
    assert sorted(files_of(tmp_path)) == ["index.json", "objects-00001.h5", "objects-00002.h5"]


def test_a_video_that_leaves_a_common_shard_leaves_the_others_there(tmp_path: Path) -> None:
    write_store(tmp_path, [objects_of("a"), objects_of("b", seed=1)], FINGERPRINT)
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        # of which file the videos of such a store were made is not known
        assert store.source_sha256("a") is None
        store.add(objects_of("a", seed=2), SOURCE)
        assert_same(FeatureStore(tmp_path).read("b"), objects_of("b", seed=1))
        store.add(objects_of("b", seed=3), SOURCE)
    read = FeatureStore(tmp_path)
    assert_same(read.read("a"), objects_of("a", seed=2))
    assert_same(read.read("b"), objects_of("b", seed=3))
    assert sorted(files_of(tmp_path)) == ["index.json", "objects-00001.h5", "objects-00002.h5"]


def add_and_die(folder: Path, name: str) -> None:
    """Add a video, and die at the place of the writer that has this name."""
    setattr(writer_module, name, lambda *arguments: os._exit(9))
    grow(folder, "b")


@pytest.mark.parametrize("place", ["_write_video", "write_index"])
def test_a_killed_writer_leaves_the_store_that_was_there_and_its_leftovers_go(tmp_path: Path, place: str) -> None:
    grow(tmp_path / "killed", "a")
    before = files_of(tmp_path / "killed")
    assert in_a_child(add_and_die, tmp_path / "killed", place) == 9
    left = files_of(tmp_path / "killed")
    assert len(left) == len(before) + 1
    assert {name: left[name] for name in before} == before
    assert FeatureStore(tmp_path / "killed").videos == ("a",)

    with GrowingStore(tmp_path / "killed", FINGERPRINT):
        assert files_of(tmp_path / "killed") == before
    grow(tmp_path / "killed", "b")
    grow(tmp_path / "whole", "a", "b")
    assert files_of(tmp_path / "killed") == files_of(tmp_path / "whole")


def test_the_shard_of_a_replaced_video_goes_even_if_the_writer_was_killed_before(tmp_path: Path) -> None:
    grow(tmp_path, "a")
    old = (tmp_path / "objects-00000.h5").read_bytes()
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        store.add(objects_of("a", seed=1), OTHER_SOURCE)
    (tmp_path / "objects-00000.h5").write_bytes(old)
    (tmp_path / ".index.json.x1y2.part").write_text("half an ind")
    (tmp_path / "notes.txt").write_text("of a person")
    with GrowingStore(tmp_path, FINGERPRINT):
        assert sorted(files_of(tmp_path)) == ["index.json", "notes.txt", "objects-00001.h5"]
    assert_same(FeatureStore(tmp_path).read("a"), objects_of("a", seed=1))


def test_two_writers_at_once_are_refused(tmp_path: Path) -> None:
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        store.add(objects_of("a"), SOURCE)
        before = files_of(tmp_path)
        with pytest.raises(InputError) as caught:
            GrowingStore(tmp_path, FINGERPRINT)
        assert str(caught.value) == (
            f"{tmp_path}: another process is writing to this store; expected to be the only one"
        )
        assert files_of(tmp_path) == before
    grow(tmp_path, "b")
    assert FeatureStore(tmp_path).videos == ("a", "b")


def test_whoever_writes_a_whole_store_is_alone_too(tmp_path: Path) -> None:
    alone = r": another process is writing to this store; expected to be the only one$"
    with GrowingStore(tmp_path, FINGERPRINT) as store, pytest.raises(InputError, match=alone):
        write_store(store.path, [objects_of("b")], FINGERPRINT, overwrite=True)

    def videos() -> Iterator[VideoObjects]:
        yield objects_of("a")
        with pytest.raises(InputError, match=alone):
            GrowingStore(tmp_path, FINGERPRINT)
        yield objects_of("b")

    write_store(tmp_path, videos(), FINGERPRINT, overwrite=True)
    assert FeatureStore(tmp_path).videos == ("a", "b")
    grow(tmp_path, "c")
    assert FeatureStore(tmp_path).videos == ("a", "b", "c")


def lock_and_die(folder: Path) -> None:
    GrowingStore(folder, FINGERPRINT)
    os._exit(9)


def test_a_writer_that_died_or_was_refused_keeps_nobody_out(tmp_path: Path) -> None:
    assert in_a_child(lock_and_die, tmp_path) == 9
    grow(tmp_path, "a")
    for _ in range(2):
        with pytest.raises(InputError, match="made otherwise"):
            GrowingStore(tmp_path, {"extractor": "another"})
    grow(tmp_path, "b")
    assert FeatureStore(tmp_path).videos == ("a", "b")


def test_a_store_that_was_made_otherwise_is_left_alone(tmp_path: Path) -> None:
    grow(tmp_path, "a")
    before = files_of(tmp_path)
    with pytest.raises(InputError) as caught:
        GrowingStore(tmp_path, FINGERPRINT | {"revision": 4, "model": {"name": "yolo"}})
    assert str(caught.value) == (
        f"{tmp_path}: holds features that were made otherwise: "
        "model {'name': 'yolo'} instead of None, revision 4 instead of 3; expected another folder"
    )
    assert files_of(tmp_path) == before


def test_a_fingerprint_is_compared_as_it_is_written(tmp_path: Path) -> None:
    fingerprint: dict[str, Any] = {"size": (416, 416), "detector": {"anchors": ((1, 2), (3, 4))}}
    for video in "ab":
        with GrowingStore(tmp_path, fingerprint) as store:
            store.add(objects_of(video), SOURCE)
    assert FeatureStore(tmp_path).fingerprint == json.loads(json.dumps(fingerprint))
    with pytest.raises(TypeError, match="JSON"):
        GrowingStore(tmp_path / "other", {"model": object()})


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        (objects_of("b", width=4), r"video b: features of shape \(6, 4, 4\); expected width 3"),
        (replace(objects_of("b"), features=np.full((6, 4, 3), 1e5)), "video b: features beyond ±65504"),
        (replace(objects_of("b"), duration_seconds=0.0), "video b: duration 0.0; expected a positive number"),
        (replace(objects_of("b"), video="b\udce9"), r"video 'b\\udce9': half a character in its id; expected Unicode"),
    ],
)
def test_a_video_that_does_not_fit_leaves_the_store_as_it_was(tmp_path: Path, objects: Any, message: str) -> None:  # noqa: ANN401
    grow(tmp_path, "a")
    before = files_of(tmp_path)
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        with pytest.raises(MisfitError, match=message):
            store.add(objects, SOURCE)
        assert files_of(tmp_path) == before
        store.add(objects_of("c"), SOURCE)
    assert FeatureStore(tmp_path).videos == ("a", "c")


def test_a_full_disk_is_one_clear_line_and_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    grow(tmp_path, "a")
    before = files_of(tmp_path)
    with GrowingStore(tmp_path, FINGERPRINT) as store:
        message = r"cannot write .*objects-00001\.h5: File too large$"
        with full_disk(20_000), pytest.raises(InputError, match=message) as caught:
            store.add(objects_of("b", 500, 10), SOURCE)
        # no fault of the video
        assert type(caught.value) is InputError
        assert files_of(tmp_path) == before
        store.add(objects_of("c", seed=ord("c")), SOURCE)
    assert_same(FeatureStore(tmp_path).read("c"), objects_of("c", seed=ord("c")))
