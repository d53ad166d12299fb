"""The table of windows against an exact search in memory."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.retrieval.window_table import VideoWindows, WindowTable
from leorn.retrieval.windows import Window

pytest.importorskip("lancedb")

# ids are anybody's text: quotes, comments and other languages must find nothing but themselves
IDS = ["a", "it's", "a' OR '1'='1", 'b"; --', "c/d e", "電影"]
WIDTH = 8


def unit(rng: np.random.Generator, count: int) -> np.ndarray:
    vectors = rng.normal(size=(count, WIDTH)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def windows(count: int) -> list[Window]:
    return [Window(float(number), number + 2.0) for number in range(count)]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=len(IDS)), st.integers(1, 30), st.integers(0, 2**16))
def test_recall_is_that_of_a_search_in_memory(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], count: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    table = WindowTable(tmp_path_factory.mktemp("table"))
    held = {video: unit(rng, number) for video, number in zip(IDS, counts, strict=False)}
    for video, vectors in held.items():
        table.replace({video: VideoWindows(windows(len(vectors)), vectors)})
    assert len(table) == sum(counts)
    asked = unit(rng, 1)[0]
    among = None if seed % 2 else list(held)[::2]
    pairs = [
        (float(vector @ asked), video, float(number))
        for video, vectors in held.items()
        for number, vector in enumerate(vectors)
        if among is None or video in among
    ]
    expected = sorted(pairs, key=lambda pair: -pair[0])[:count]
    found = table.recall(asked, count, among)
    assert [(one.video, one.window.start_seconds) for one in found] == [(video, start) for _, video, start in expected]
    np.testing.assert_allclose([one.similarity for one in found], [one[0] for one in expected], atol=1e-5)


def test_a_video_s_windows_are_replaced_and_removed(tmp_path: Path) -> None:
    rng, table = np.random.default_rng(0), WindowTable(tmp_path)
    for video in IDS:
        table.replace({video: VideoWindows(windows(3), unit(rng, 3))})
    table.replace({IDS[2]: VideoWindows(windows(1), unit(rng, 1))})
    assert len(table) == 3 * len(IDS) - 2
    table.remove([IDS[1]])
    assert len(WindowTable(tmp_path)) == 3 * len(IDS) - 5
    table.keep_only(IDS[3:])
    found = WindowTable(tmp_path).recall(unit(rng, 1)[0], 100)
    assert {one.video for one in found} == set(IDS[3:])
    assert len(found) == 3 * len(IDS[3:])


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    table = WindowTable(tmp_path)
    assert len(table) == 0
    assert table.recall(np.ones(WIDTH), 5) == []
    table.remove(["a"])
    table.keep_only([])
    table.replace({"a": VideoWindows(windows(2), unit(np.random.default_rng(0), 2))})
    assert table.recall(np.ones(WIDTH), 5, []) == []
    assert table.recall(np.ones(WIDTH), 5, ["b"]) == []
