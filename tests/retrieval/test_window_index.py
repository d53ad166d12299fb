"""The approximate index of a large table, against an exact search in memory."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.retrieval import window_index
from leorn.retrieval.window_index import IndexRecord, approximately, read_record
from leorn.retrieval.window_table import VideoWindows, WindowTable
from leorn.retrieval.windows import Window

pytest.importorskip("lancedb")

WIDTH, OF_EACH, NEAREST = 16, 20, 30


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"INDEX_FROM": 600, "PART": 40, "NEAREST": NEAREST, "FEWEST_PARTS": 2}.items():
        monkeypatch.setattr(window_index, name, value)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def videos(first: int, count: int) -> dict[str, VideoWindows]:
    """Videos of windows that are alike in each."""
    made = {}
    for number in range(first, first + count):
        rng = np.random.default_rng(number)
        vectors = unit(rng.normal(size=WIDTH) + 0.5 * rng.normal(size=(OF_EACH, WIDTH)))
        windows = [Window(float(start), start + 2.0) for start in range(OF_EACH)]
        made[f"v{number}"] = VideoWindows(windows, vectors)
    return made


def questions(count: int) -> np.ndarray:
    return unit(np.random.default_rng(99).normal(size=(count, WIDTH)))


def nearest(held: dict[str, VideoWindows], vector: np.ndarray, count: int) -> list[tuple[str, float]]:
    pairs = [
        (float(one @ vector), video, window.start_seconds)
        for video, of in held.items()
        for window, one in zip(of.windows, of.vectors, strict=True)
    ]
    return [(video, start) for _, video, start in sorted(pairs, key=lambda pair: -pair[0])[:count]]


def share_found(table: WindowTable, held: dict[str, VideoWindows], asked: np.ndarray) -> float:
    found = 0
    for vector in asked:
        recalled = table.recall(vector, NEAREST)
        assert len(recalled) == NEAREST
        here = {(one.video, one.window.start_seconds) for one in recalled}
        found += len(here & set(nearest(held, vector, NEAREST)))
    return found / (NEAREST * len(asked))


def plan(search: Any) -> str:  # noqa: ANN401
    return search.explain_plan(True)


def test_a_large_table_is_searched_by_an_index_whose_recall_is_what_was_measured(tmp_path: Path) -> None:
    table, held, asked = WindowTable(tmp_path), videos(0, 40), questions(30)
    table.replace(held)
    table.tidy(lambda: asked)
    record = table.index
    assert record is not None
    assert (record.rows, record.parts, record.nearest, record.queries) == (800, 20, NEAREST, 50 + 30)
    assert record.recall >= 0.95
    assert record.looked_into < record.parts
    assert json.loads((tmp_path / "index.json").read_text())["recall"] == record.recall
    # by the index, and not all of it
    assert "ANN" in plan(approximately(table._search(asked[0], NEAREST), NEAREST, record))
    # that of the sentences, or of the windows
    own = np.concatenate([of.vectors for of in held.values()])[::16]
    shares = share_found(WindowTable(tmp_path), held, asked), share_found(WindowTable(tmp_path), held, own)
    assert shares[0] >= record.recall - 0.01
    assert shares[1] >= record.recall - 0.04


def test_windows_of_some_videos_are_searched_exactly(tmp_path: Path) -> None:
    table, held = WindowTable(tmp_path), videos(0, 40)
    table.replace(held)
    table.tidy()
    assert table.index is not None
    some = {video: held[video] for video in list(held)[::7]}
    for vector in questions(10):
        found = table.recall(vector, 50, some)
        assert [(one.video, one.window.start_seconds) for one in found] == nearest(some, vector, 50)


def test_what_is_added_later_is_found_before_and_after_it_is_indexed(tmp_path: Path) -> None:
    table, held = WindowTable(tmp_path), videos(0, 40)
    table.replace(held)
    table.tidy()
    before = table.index
    more = videos(100, 3)
    table.replace(more)
    for _ in range(2):
        for video, of in more.items():
            best = WindowTable(tmp_path).recall(of.vectors[3], 1)[0]
            assert (best.video, best.window.start_seconds) == (video, 3.0)
            assert best.similarity == pytest.approx(1, abs=1e-5)
        table.tidy()
    assert table.index == before
    # half as much again: measured anew
    table.replace(videos(200, 20))
    table.tidy()
    assert table.index is not None
    assert table.index.rows == 63 * OF_EACH
    table.remove(list(held))
    assert {one.video for one in table.recall(questions(1)[0], NEAREST)} <= {*more, *videos(200, 20)}


def test_more_windows_than_the_parts_hold_are_found_too(tmp_path: Path) -> None:
    table, held = WindowTable(tmp_path), videos(0, 40)
    table.replace(held)
    table.tidy()
    asked = questions(1)[0]
    assert len(table.recall(asked, 790)) == 790
    found = table.recall(asked, 5000)
    assert [(one.video, one.window.start_seconds) for one in found] == nearest(held, asked, 800)


def test_a_small_table_and_an_index_that_misses_too_much_are_searched_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, held = WindowTable(tmp_path), videos(0, 29)
    table.replace(held)
    table.tidy()
    assert table.index is None
    table.replace(more := videos(29, 11))
    monkeypatch.setattr(window_index, "LEAST_RECALL", 1.01)
    table.tidy()
    assert table.index is None
    assert not (tmp_path / "index.json").exists()
    assert not table._rows.table.list_indices()
    for vector in questions(5):
        found = table.recall(vector, NEAREST)
        assert [(one.video, one.window.start_seconds) for one in found] == nearest({**held, **more}, vector, NEAREST)


def test_an_index_that_was_not_measured_is_not_used(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    for damaged in ("{", "[]", '{"rows": 3}', '{"rows": "many"}'):
        (tmp_path / "index.json").write_text(damaged)
        assert read_record(tmp_path) is None
    record = IndexRecord(rows=800, parts=20, looked_into=4, recall=0.97, nearest=30, queries=50)
    (tmp_path / "index.json").write_text(json.dumps(record.__dict__))
    assert read_record(tmp_path) == record
