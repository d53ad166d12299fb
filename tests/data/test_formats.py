"""Parsers against handwritten files everywhere, and against the counts of the published files where they are."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from leorn.config import DatasetName
from leorn.data.annotations import Annotations, read_queries
from leorn.data.formats import FORMATS
from leorn.errors import InputError
from leorn.records import Moment, Query

TACOS = {
    "s1.avi": {"timestamps": [[10, 30], [20, 60]], "sentences": ["He cuts.", "He eats."], "fps": 20, "num_frames": 50}
}
ACTIVITYNET = {"v_1": {"duration": 70.28999999999999, "timestamps": [[0, 3], [5, 70.29]], "sentences": ["A.", " B."]}}
HIGHLIGHTS = {"qid": 7, "query": "a dog", "duration": 150, "vid": "x_0_150", "relevant_windows": [[0, 4], [140, 152]]}
ROW = {"query_id": "a", "video": "v", "query": "a cup", "duration": 10, "moments": [[1, 2]], "split": "train"}


def json_splits(folder: Path, content: object) -> Path:
    for split in ("train", "val", "test"):
        (folder / f"{split}.json").write_text(json.dumps(content))
    return folder


def spans(annotations: Annotations) -> dict[str, list[tuple[float, float]]]:
    return {query.query_id: [moment.span for moment in query.moments] for query in annotations.queries}


def test_tacos_frames_become_seconds(tmp_path: Path) -> None:
    found = read_queries(json_splits(tmp_path, TACOS), "tacos", "val")
    assert spans(found) == {"s1.avi#0": [(0.5, 1.5)], "s1.avi#1": [(1.0, 2.5)]}
    assert found.queries[0] == Query("s1.avi#0", "s1.avi", "He cuts.", 2.5, (Moment(0.5, 1.5),), "val")
    assert (found.clipped, found.dropped) == (1, 0)


def test_activitynet_sentences_are_stripped_and_rounding_is_not_counted_as_clipped(tmp_path: Path) -> None:
    found = read_queries(json_splits(tmp_path, ACTIVITYNET), "activitynet-captions", "train")
    assert spans(found) == {"v_1#train-0": [(0.0, 3.0)], "v_1#train-1": [(5.0, 70.28999999999999)]}
    assert [query.text for query in found.queries] == ["A.", "B."]
    assert (found.clipped, found.dropped) == (0, 0)


def test_activitynet_ids_of_the_two_descriptions_of_a_video_differ(tmp_path: Path) -> None:
    found = read_queries(json_splits(tmp_path, ACTIVITYNET), "activitynet-captions")
    assert [query.query_id for query in found.queries] == [
        f"v_1#{split}-{number}" for split in ("train", "val", "test") for number in (0, 1)
    ]


def test_qvhighlights_gives_every_window_of_a_query(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "val")):
        row = HIGHLIGHTS | {"qid": 7 + number}
        (tmp_path / f"highlight_{split}_release.jsonl").write_text(json.dumps(row) + "\n")
    found = read_queries(tmp_path, "qvhighlights")
    assert spans(found) == {"7": [(0.0, 4.0), (140.0, 150.0)], "8": [(0.0, 4.0), (140.0, 150.0)]}
    assert [query.split for query in found.queries] == ["train", "val"]
    assert (found.clipped, found.dropped, len(found.dropped_queries)) == (2, 0, 0)


def test_a_line_separator_inside_a_sentence_is_not_the_end_of_the_line(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text(json.dumps(ROW | {"query": "a cup\u2028falls"}, ensure_ascii=False), encoding="utf-8")
    assert read_queries(path, "jsonl").queries[0].text == "a cup\u2028falls"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fps": 0}, r"val.json: video s1.avi: fps is 0.0; expected a positive number"),
        ({"num_frames": True}, r"video s1.avi: num_frames is True; expected a finite number"),
        ({"timestamps": [[10, 30]]}, r"video s1.avi: 1 timestamps and 2 sentences"),
        ({"timestamps": [[10, 30], [20]]}, r"video s1.avi: timestamps holds \[20\]; expected \[start, end\]"),
        ({"timestamps": [[10, 30], [20, "60"]]}, r"video s1.avi: timestamps is '60'; expected a finite number"),
        ({"sentences": "He cuts."}, r"video s1.avi: sentences is 'He cuts.'; expected a list"),
        ({"sentences": ["He cuts.", 5]}, r"video s1.avi, sentence 1: 5; expected text"),
        ({"sentences": ["He cuts.", " "]}, r"video s1.avi, sentence 1: query s1.avi#1: the sentence is empty"),
    ],
)
def test_a_malformed_tacos_video_is_named(tmp_path: Path, change: dict[str, object], message: str) -> None:
    json_splits(tmp_path, {"s1.avi": TACOS["s1.avi"] | change})
    with pytest.raises(InputError, match=message):
        read_queries(tmp_path, "tacos", "val")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"s1.avi": {"timestamps": [], "sentences": []}}, r"video s1.avi: fps is missing; expected a positive number"),
        ({"s1.avi": []}, r"video s1.avi: \[\]; expected an object with timestamps and sentences"),
        ([], r"val.json: \[\]; expected a JSON object"),
        ({}, r"no query of split 'val' left; it has nothing"),
    ],
)
def test_a_file_that_does_not_describe_videos_is_named(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_queries(json_splits(tmp_path, content), "tacos", "val")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"query_id": None}, r"jsonl:2: query_id is None; expected text"),
        ({"query_id": True}, r"jsonl:2: query_id is True; expected text"),
        ({"video": 5}, r"jsonl:2: video is 5; expected text"),
        ({"query": ""}, r"jsonl:2: query a: the sentence is empty"),
        ({"duration": "10"}, r"jsonl:2: duration is '10'; expected a finite number"),
        ({"duration": float("nan")}, r"jsonl:2: duration is nan; expected a finite number"),
        ({"duration": 10**400}, r"jsonl:2: duration is 10+\.\.\.0+; expected a finite number"),
        ({"moments": [1, 2]}, r"jsonl:2: moments holds 1; expected \[start, end\]"),
        ({"moments": [[1, 2, 0.5]]}, r"jsonl:2: moments holds \[1, 2, 0.5\]; expected \[start, end\]"),
        ({"moments": [[float("inf"), 2]]}, r"jsonl:2: moments is inf; expected a finite number"),
        ({"split": 1}, r"jsonl:2: split is 1; expected text"),
    ],
)
def test_a_malformed_json_line_is_named(jsonl: Callable[..., Path], change: dict[str, object], message: str) -> None:
    path = jsonl(ROW | {"query_id": "first"}, ROW | change)
    with pytest.raises(InputError, match=message):
        read_queries(path, "jsonl")


def test_a_missing_key_is_named(jsonl: Callable[..., Path]) -> None:
    path = jsonl({key: value for key, value in ROW.items() if key != "video"})
    with pytest.raises(InputError, match=r"jsonl:1: video is missing; expected text"):
        read_queries(path, "jsonl")


@pytest.mark.parametrize("dataset", FORMATS)
def test_missing_files_are_named(tmp_path: Path, dataset: DatasetName) -> None:
    with pytest.raises(InputError, match=r"cannot read annotations .*absent.*No such file"):
        read_queries(tmp_path / "absent", dataset)


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        ("charades-sta", "Charades_v1_train.csv"),
        ("charades-cd", "charades_train.json"),
        ("tacos", "train.json"),
        ("activitynet-captions", "train.json"),
        ("qvhighlights", "highlight_train_release.jsonl"),
    ],
)
def test_empty_files_are_named(tmp_path: Path, dataset: DatasetName, name: str) -> None:
    (tmp_path / name).write_text("\n")
    with pytest.raises(InputError, match=f"{name}: the file is empty"):
        read_queries(tmp_path, dataset, "train")


def test_truncated_json_is_named(tmp_path: Path, jsonl: Callable[..., Path]) -> None:
    (tmp_path / "train.json").write_text(json.dumps(TACOS)[:-20])
    with pytest.raises(InputError, match=r"train.json: not JSON, or truncated"):
        read_queries(tmp_path, "tacos", "train")
    path = jsonl(ROW, ROW)
    path.write_text(path.read_text()[:-10])
    with pytest.raises(InputError, match=r"jsonl:2: not JSON, or truncated"):
        read_queries(path, "jsonl")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_bytes(b"{\xff}")
    with pytest.raises(InputError, match=r"queries.jsonl: byte 1 is not UTF-8"):
        read_queries(path, "jsonl")


def test_an_unknown_split_of_a_published_data_set_says_which_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split 'test' in QVHighlights; it has train, val"):
        read_queries(tmp_path, "qvhighlights", "test")


@pytest.mark.parametrize(
    ("dataset", "folder", "counts"),
    [
        ("tacos", "tacos", {"train": (9_790, 75), "val": (4_436, 27), "test": (4_001, 25)}),
        ("activitynet-captions", "activitynet_captions", {"train": (37_421, 10_009), "val": (17_505, 4_917)}),
        ("activitynet-captions", "activitynet_captions", {"test": (17_031, 4_885)}),
        ("qvhighlights", "qvhighlights", {"train": (7_218, 7_100), "val": (1_550, 1_519)}),
        ("jsonl", "kscgr/queries.jsonl", {"train": (492, 16), "val": (144, 4), "test": (341, 10)}),
    ],
)
def test_published_counts(shared: Path, dataset: DatasetName, folder: str, counts: dict[str, tuple[int, int]]) -> None:
    for split, (sentences, videos) in counts.items():
        found = read_queries(shared / "data" / folder, dataset, split)
        assert len(found.queries) + len(found.dropped_queries) == sentences
        assert len({query.video for query in found.queries}) == videos


def test_published_activitynet_has_four_moments_that_do_not_move_forward(shared: Path) -> None:
    found = read_queries(shared / "data" / "activitynet_captions", "activitynet-captions")
    assert len(found.queries) == 37_417 + 17_505 + 17_031
    assert (found.clipped, found.dropped, len(found.dropped_queries)) == (35, 4, 4)


def test_published_kscgr_has_several_moments_a_query(shared: Path) -> None:
    found = read_queries(shared / "data" / "kscgr" / "queries.jsonl", "jsonl")
    assert sum(len(query.moments) for query in found.queries) == 1_929
    assert len(found.queries) == 977
