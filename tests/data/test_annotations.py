"""Queries against handwritten JSON lines: fitted to their videos, written and read back."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leorn.data.annotations import Annotations, read_queries, write_queries
from leorn.errors import InputError
from leorn.records import Moment, Query

ROW = {"query_id": "a", "video": "v", "query": "a cup", "duration": 10, "moments": [[1, 2]], "split": "train"}


def test_unlabelled_queries_are_kept_and_those_that_lost_every_moment_dropped(jsonl: Callable[..., Path]) -> None:
    unlabelled = {key: ROW[key] for key in ("video", "query", "duration")} | {"query_id": 3}
    path = jsonl(
        unlabelled,
        ROW | {"query_id": "null", "moments": None, "split": None},
        ROW | {"query_id": "some left", "moments": [[9, 12], [11, 12], [4, 4]]},
        ROW | {"query_id": "none left", "moments": [[10, 12]]},
    )
    found = read_queries(path, "jsonl")
    assert [(query.query_id, [moment.span for moment in query.moments]) for query in found.queries] == [
        ("3", []),
        ("null", []),
        ("some left", [(9.0, 10.0)]),
    ]
    assert (found.clipped, found.dropped, len(found.dropped_queries)) == (3, 3, 1)
    assert found.summary() == (
        "3 queries in 1 video; 3 ends after the video clipped, 3 empty moments dropped and 1 query with them"
    )
    assert [query.query_id for query in read_queries(path, "jsonl", "train").queries] == ["some left"]


def test_what_was_not_mended_is_not_counted() -> None:
    query = Query("a", "v", "a cup", 10.0)
    assert Annotations((query, query)).summary() == "2 queries in 1 video"
    clipped = Annotations((query,), clipped=1).summary()
    assert (
        clipped == "1 query in 1 video; 1 end after the video clipped, 0 empty moments dropped and 0 queries with them"
    )
    dropped = Annotations((query,), dropped=1, dropped_queries=("b",)).summary()
    assert dropped.endswith("; 0 ends after the video clipped, 1 empty moment dropped and 1 query with them")


def test_a_file_whose_moments_are_all_empty_is_an_error(jsonl: Callable[..., Path]) -> None:
    path = jsonl(ROW | {"moments": [[2000, 3000]]})
    with pytest.raises(InputError, match="no query left; it has train, and 1 query had empty moments"):
        read_queries(path, "jsonl")


def test_a_split_and_a_file_that_there_are_not_say_what_there_is(jsonl: Callable[..., Path]) -> None:
    path = jsonl(ROW)
    with pytest.raises(InputError, match=r"no query of split 'dev' left; it has train$"):
        read_queries(path, "jsonl", "dev")
    with pytest.raises(InputError, match=": a folder; expected a file, or another dataset than jsonl: charades-sta, "):
        read_queries(path.parent, "jsonl")


def test_a_repeated_id_is_named_with_both_its_places(jsonl: Callable[..., Path]) -> None:
    path = jsonl(ROW, ROW | {"query_id": "b"}, ROW)
    with pytest.raises(InputError, match=r"jsonl:3: query id 'a' is already at .*jsonl:1; ids must be unique"):
        read_queries(path, "jsonl")


def test_unknown_formats_and_splits_say_which_there_are(jsonl: Callable[..., Path]) -> None:
    path = jsonl(ROW, ROW | {"query_id": "b", "split": None})
    with pytest.raises(
        InputError, match="dataset 'didemo' is unknown; expected one of jsonl, charades-sta, charades-sta-re"
    ):
        read_queries(path, "didemo")  # pyrefly: ignore[bad-argument-type]
    with pytest.raises(InputError, match="no query of split 'dev' left; it has no split, train"):
        read_queries(path, "jsonl", "dev")


times = st.floats(0, 1e6, allow_nan=False)
some_moments = st.lists(
    st.tuples(times, times).filter(lambda span: span[0] < span[1]).map(lambda span: Moment(*span)), max_size=3
)
some_queries = st.lists(
    st.builds(
        lambda query_id, video, text, moments, split: Query(query_id, video, text, 1e6, tuple(moments), split),
        st.text(),
        st.text(),
        st.text().filter(lambda text: bool(text.strip())),
        some_moments,
        st.none() | st.sampled_from(["train", "val", "test"]),
    ),
    min_size=1,
    unique_by=lambda query: query.query_id,
)


@given(queries=some_queries)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_written_queries_are_read_back_the_same(tmp_path: Path, queries: list[Query]) -> None:
    path = tmp_path / "queries.jsonl"
    write_queries(path, queries)
    assert read_queries(path, "jsonl") == Annotations(tuple(queries))
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_line_has_the_documented_keys(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    write_queries(path, [Query("a", "v", "a cup", 10.0, (Moment(1.0, 2.0),), "train")])
    assert json.loads(path.read_text()) == ROW


def test_writing_into_a_file_as_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot write .*queries.jsonl"):
        write_queries(tmp_path / "file" / "queries.jsonl", [])
