"""Stores and tables by URIs: in memory, and in an S3 server of this machine where moto is installed."""

import os
import sys
from pathlib import Path
from uuid import uuid4

import fsspec
import fsspec.implementations.memory
import numpy as np
import pytest

from leorn.errors import InputError
from leorn.features.remote import RemotePath, path_of
from leorn.features.sources import open_frames, open_objects
from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.records import VideoObjects
from tests.objects import FINGERPRINT, assert_same, objects_of
from tests.s3 import s3 as s3


@pytest.fixture
def written(tmp_path: Path) -> list[VideoObjects]:
    """Objects that are in a store, in two shards."""
    objects = [objects_of(f"v {number}", frames=40, seed=number, frame_width=5) for number in range(3)]
    write_store(tmp_path / "store", objects, FINGERPRINT, videos_per_shard=2)
    return objects


@pytest.fixture
def in_memory() -> str:
    """The URI of a folder that no other test has."""
    return f"memory://{uuid4()}"


def upload(folder: Path, uri: str) -> None:
    system, path = fsspec.core.url_to_fs(uri)
    for file in folder.iterdir():
        system.pipe_file(f"{path}/{file.name}", file.read_bytes())


def check_store(folder: Path, uri: str, written: list[VideoObjects]) -> None:
    upload(folder, uri)
    store = open_objects(uri)
    assert isinstance(store, FeatureStore)
    assert str(store.path) == uri
    assert store.fingerprint == FINGERPRINT
    for objects in written:
        assert_same(store.read(objects.video), objects)
    some = store.read("v 2", slots=2, rows=np.array([3, 30]))
    np.testing.assert_array_equal(some.boxes, written[2].boxes[[3, 30], :2].astype(np.float32))
    frames, local = open_frames(uri), open_frames(folder)
    np.testing.assert_array_equal(frames.read("v 1", 8), local.read("v 1", 8))


def test_a_store_in_memory_is_read_as_one_on_disk(tmp_path: Path, in_memory: str, written: list[VideoObjects]) -> None:
    check_store(tmp_path / "store", in_memory, written)


def test_a_store_in_s3_is_read_as_one_on_disk(tmp_path: Path, s3: str, written: list[VideoObjects]) -> None:
    check_store(tmp_path / "store", f"{s3}/some/store", written)


def test_what_is_wrong_with_a_uri_is_one_line(tmp_path: Path, in_memory: str, written: list[VideoObjects]) -> None:
    with pytest.raises(InputError) as caught:
        open_objects(f"{in_memory}/none")
    assert str(caught.value) == (
        f"{in_memory}/none/index.json: No such file or directory; expected the index of a finished feature store"
    )
    with pytest.raises(InputError, match=r"^gopher://a/index\.json: ValueError: Protocol not known: gopher; expected"):
        open_objects("gopher://a")
    upload(tmp_path / "store", in_memory)
    fsspec.filesystem("memory").pipe_file(f"{in_memory}/objects-00000.h5", b"no HDF5")
    with pytest.raises(InputError) as caught:
        open_objects(in_memory).read("v 0")
    assert str(caught.value).startswith(f"{in_memory}/objects-00000.h5: cannot be read as HDF5 (")
    fsspec.filesystem("memory").rm_file(f"{in_memory}/objects-00001.h5")
    with pytest.raises(InputError, match=r"objects-00001\.h5: cannot be read as HDF5 \(No such file or directory\)"):
        open_objects(in_memory).read("v 2")


def test_an_object_store_that_fails_while_it_is_read_is_one_line(
    tmp_path: Path, in_memory: str, written: list[VideoObjects], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(tmp_path / "store", in_memory)
    store = open_objects(in_memory)

    def fail(*arguments: object) -> None:
        raise LookupError("no such\nhost")

    monkeypatch.setattr(fsspec.implementations.memory.MemoryFile, "readinto", fail)
    monkeypatch.setattr(fsspec.implementations.memory.MemoryFile, "read", fail)
    with pytest.raises(InputError) as caught:
        store.read(written[0].video)
    expected = f"{in_memory}/objects-00000.h5: cannot be read (LookupError: no such host); expected a whole file"
    assert str(caught.value) == expected


def test_a_protocol_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(InputError, match=r"^gs://bucket/store/index\.json: ImportError: Please install gcsfs"):
        open_objects("gs://bucket/store")


def test_files_are_written_and_removed(in_memory: str) -> None:
    path = RemotePath(f"{in_memory}/") / "电影.txt"
    path.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        path.unlink()
    path.write_text("café")
    assert (path.name, path.read_text()) == ("电影.txt", "café")
    path.unlink()
    with pytest.raises(FileNotFoundError):
        path.read_text()


def test_a_folder_is_no_uri(tmp_path: Path) -> None:
    assert path_of(str(tmp_path)) == path_of(tmp_path) == tmp_path
    assert str(path_of("s3://a/b/")) == "s3://a/b"
    assert os.fspath(Path("s3:/a")) == str(path_of("s3:/a"))
