"""Tables of windows by URIs, against one on disk."""

import sys
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.features.remote import RemotePath
from leorn.retrieval import window_index
from leorn.retrieval.window_table import VideoWindows, WindowTable
from leorn.retrieval.windows import Window
from tests.s3 import s3 as s3

pytest.importorskip("lancedb")

WIDTH, OF_EACH, VIDEOS = 16, 20, 50


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def write(table: WindowTable) -> dict[str, VideoWindows]:
    rng = np.random.default_rng(0)
    windows = [Window(float(start), start + 2.0) for start in range(OF_EACH)]
    held = {f"v{number}": VideoWindows(windows, unit(rng.normal(size=(OF_EACH, WIDTH)))) for number in range(VIDEOS)}
    table.replace(held)
    table.remove(["v3"])
    table.keep_only([f"v{number}" for number in range(VIDEOS - 5)])
    table.replace({"v3": held["v3"]})
    table.tidy()
    return held


def check_same(remote: WindowTable, local: WindowTable, held: dict[str, VideoWindows]) -> None:
    assert len(remote) == len(local) == OF_EACH * (VIDEOS - 5)
    for vector in held["v7"].vectors[:5]:
        for among in (None, ["v9", "v10"]):
            for one, other in zip(remote.recall(vector, 5, among), local.recall(vector, 5, among), strict=True):
                assert one[:2] == other[:2]
                assert one.similarity == pytest.approx(other.similarity, abs=1e-6)


def test_a_table_in_memory_is_as_one_on_disk(tmp_path: Path) -> None:
    # each connection of LanceDB has a memory of its own
    remote, local = WindowTable(f"memory://{uuid4()}"), WindowTable(tmp_path)
    write(remote)
    check_same(remote, local, write(local))


def test_a_table_in_s3_is_as_one_on_disk_and_so_is_its_index(
    tmp_path: Path, s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"INDEX_FROM": 600, "PART": 40}.items():
        monkeypatch.setattr(window_index, name, value)
    write(WindowTable(f"{s3}/some/windows"))
    held = write(WindowTable(tmp_path))
    remote, local = WindowTable(RemotePath(f"{s3}/some/windows")), WindowTable(tmp_path)
    assert remote.index is not None
    assert local.index is not None
    assert remote.index.rows == local.index.rows == len(remote)
    check_same(remote, local, held)


def test_a_table_whose_index_cannot_be_looked_for_is_not_searched_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(InputError, match=r"^memory://a/index\.json: cannot be read \(.*fsspec"):
        WindowTable("memory://a")


def test_a_store_that_lancedb_does_not_know_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^gopher://a: its table of windows cannot be used \("):
        WindowTable("gopher://a")
