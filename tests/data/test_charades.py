"""The annotations of Charades: handwritten files everywhere, and the published ones where they are."""

import csv
import hashlib
import json
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from leorn.data.annotations import Annotations, read_queries
from leorn.errors import InputError
from leorn.records import Moment, Query
from tests.charades import CHARADES_CD, CHARADES_LINES, write_charades, write_charades_cd, write_reannotated


def spans(annotations: Annotations) -> dict[str, list[tuple[float, float]]]:
    return {query.query_id: [moment.span for moment in query.moments] for query in annotations.queries}


def test_charades_lines_become_queries_with_late_ends_clipped_and_empty_moments_dropped(tmp_path: Path) -> None:
    found = read_queries(write_charades(tmp_path), "charades-sta", "test")
    assert spans(found) == {"testA#0": [(0.0, 6.9)], "testB#0": [(20.0, 31.5)]}
    assert [query.text for query in found.queries] == ["a person sits.", "person plays on a phone."]
    assert [query.duration_seconds for query in found.queries] == [30.0, 31.5]
    assert {query.split for query in found.queries} == {"test"}
    assert (found.clipped, found.dropped, len(found.dropped_queries)) == (1, 2, 2)


def test_charades_counts_an_end_that_is_clipped_to_a_moment(tmp_path: Path) -> None:
    found = read_queries(write_charades(tmp_path, "AAAAA 20.0 30.01##a person sits.\n"), "charades-sta", "test")
    assert spans(found) == {"testA#0": [(20.0, 30.0)]}
    assert (found.clipped, found.dropped) == (1, 0)


def test_charades_holds_out_a_tenth_of_the_training_videos_by_hash(tmp_path: Path) -> None:
    videos = [f"V{number:03}" for number in range(300)]
    lines = "".join(f"{video} 0 5##a person sits.\n{video} 5 9##a person stands.\n" for video in videos)
    for part in ("train", "test"):
        (tmp_path / f"charades_sta_{part}.txt").write_text(lines if part == "train" else CHARADES_LINES)
        lengths = "".join(f"{video},10\n" for video in [*videos, "AAAAA", "BBBBB"])
        (tmp_path / f"Charades_v1_{part}.csv").write_text(f"id,length\n{lengths}")
    found = {split: read_queries(tmp_path, "charades-sta", split).queries for split in ("train", "val")}
    held_out = {video for video in videos if int(hashlib.sha256(video.encode()).hexdigest(), 16) % 10 == 0}
    assert {query.video for query in found["val"]} == held_out
    assert {query.video for query in found["train"]} == set(videos) - held_out
    assert 20 <= len(held_out) <= 40
    everything = {query.query_id: query for query in read_queries(tmp_path, "charades-sta").queries}
    assert all(everything[query.query_id] == query for query in found["train"] + found["val"])
    assert {query.split for query in everything.values()} == {"train", "val", "test"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("AAAAA 0.0 6.9 a person sits.", r"\.txt:2: .*expected 'video start end##sentence'"),
        ("AAAAA 0.0", r"\.txt:2: .*expected 'video start end##sentence'"),
        ("AAAAA 0.0 6.9x##a person sits.", r"\.txt:2: end is '6.9x'; expected a finite number"),
        ("AAAAA nan 6.9##a person sits.", r"\.txt:2: start is 'nan'; expected a finite number"),
        ("AAAAA -1 6.9##a person sits.", r"\.txt:2: moment \(-1.0, 6.9\): expected 0 <= start < end"),
        ("AAAAA 0 6.9## ", r"\.txt:2: query testA#1: the sentence is empty"),
        ("CCCCC 0 6.9##a person sits.", r"\.txt:2: video CCCCC is not in .*Charades_v1_test.csv"),
    ],
)
def test_a_malformed_charades_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    write_charades(tmp_path, f"AAAAA 0 1##a person sits.\n{line}\n")
    with pytest.raises(InputError, match=message):
        read_queries(tmp_path, "charades-sta", "test")


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ("video,seconds\nAAAAA,3\n", r"csv:1: columns video, seconds; expected id and length"),
        ("id,length\nAAAAA,3\nBBBBB,\n", r"csv:3: length is ''; expected a finite number"),
        ("id,length\nAAAAA\n", r"csv:2: length is ''; expected a finite number"),
        ('id,length\n"AAAAA' + 140_000 * "x", r"csv: field larger than field limit .*; expected a CSV file"),
        ("id,length\nAAAAA,0\n", r"csv:2: length is 0.0; expected a positive number"),
    ],
)
def test_malformed_charades_lengths_are_named(tmp_path: Path, lengths: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_queries(write_charades(tmp_path, lengths=lengths), "charades-sta", "test")


def test_charades_cd_is_in_seconds_with_late_ends_clipped_and_empty_moments_dropped(tmp_path: Path) -> None:
    found = read_queries(write_charades_cd(tmp_path, CHARADES_CD), "charades-cd", "test-iid")
    assert found.queries == (
        Query("AAAAA#0", "AAAAA", "a person sits", 30.5, (Moment(0.0, 6.9),), "test-iid"),
        Query("AAAAA#1", "AAAAA", "he runs", 30.5, (Moment(20.0, 30.5),), "test-iid"),
    )
    assert (found.clipped, found.dropped, len(found.dropped_queries)) == (2, 1, 1)


def test_every_split_of_charades_cd_is_read_from_its_file(tmp_path: Path) -> None:
    write_charades_cd(tmp_path, {})
    names = {"train": "train", "val": "val", "test-iid": "test_iid", "test-ood": "test_ood"}
    for split, name in names.items():
        content = {split: CHARADES_CD["AAAAA"]}
        (tmp_path / f"charades_{name}.json").write_text(json.dumps(content))
    for split in names:
        assert {query.video for query in read_queries(tmp_path, "charades-cd", split).queries} == {split}
    assert [query.split for query in read_queries(tmp_path, "charades-cd").queries[::2]] == list(names)


def test_what_is_wrong_with_charades_cd_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split 'test' in Charades-CD; it has train, val, test-iid, test-ood"):
        read_queries(tmp_path, "charades-cd", "test")
    write_charades_cd(tmp_path, {"AAAAA": {"timestamps": [], "sentences": [], "duration": 3}})
    with pytest.raises(
        InputError, match=r"charades_test_ood\.json: video AAAAA: video_duration is missing; expected a"
    ):
        read_queries(tmp_path, "charades-cd", "test-ood")


def test_a_reannotated_sentence_has_the_moments_of_five_people_in_seconds(tmp_path: Path) -> None:
    found = read_queries(write_reannotated(tmp_path), "charades-sta-reannotated", "test")
    assert [query.query_id for query in found.queries] == ["AAAAA#TASK1", "BBBBB#TASK2", "AAAAA#TASK3", "AAAAA#TASK4"]
    assert [query.video for query in found.queries] == ["AAAAA", "BBBBB", "AAAAA", "AAAAA"]
    assert found.queries[1].text == "person sits, then eats."
    assert [query.duration_seconds for query in found.queries] == [30.0, 31.5, 30.0, 30.0]
    assert {query.split for query in found.queries} == {"test"}
    # in the order of the file, the one that two people marked twice
    assert spans(found)["AAAAA#TASK1"] == [(3.0, 15.0), (3.0, 15.0), (0.0, 30.0), (6.0, 18.0), (1.5, 16.5)]
    assert spans(found)["BBBBB#TASK2"][2] == (0.0, 31.5)
    assert (found.clipped, found.dropped) == (0, 0)


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (3, "TASK1,AAAAA.mp4,person eats a cake.,ten,20", r"csv:5: start is 'ten'; expected a finite number"),
        (3, "TASK1,AAAAA.mp4,person eats a cake.,10", r"csv:5: end is ''; expected a finite number"),
        (3, "TASK1,AAAAA.mp4,person eats a cake.,10,101", r"csv:5: start 10, end 101; expected percent of the video's"),
        (3, "TASK1,AAAAA.mp4,person eats a cake.,-1,50", r"csv:5: start -1, end 50; expected percent of the video's"),
        (3, "TASK1,AAAAA.mp4,person eats.,10,20", r"csv:5: TASK1 is about another video or sentence than in the line"),
        (3, "TASK1,BBBBB.mp4,person eats a cake.,10,20", r"csv:5: TASK1 is about another video or sentence than in"),
        (4, "TASK9,AAAAA.mp4,person eats a cake.,10,20", r"csv:5: TASK1 ends after 4 moments; expected 5"),
        (5, "TASK1,AAAAA.mp4,person eats a cake.,10,20", r"csv:7: TASK1 ends after 6 moments; expected 5"),
        (0, "TASK1,CCCCC.mp4,person eats a cake.,10,20", r"csv:2: video CCCCC is not in .*Charades_v1_test\.csv"),
    ],
)
def test_a_malformed_line_of_five_peoples_moments_is_named(tmp_path: Path, line: int, text: str, message: str) -> None:
    write_reannotated(tmp_path, lambda lines: [*lines[:line], text, *lines[line + 1 :]])
    with pytest.raises(InputError, match=f"test_00.{message}"):
        read_queries(tmp_path, "charades-sta-reannotated")


def test_a_task_that_comes_back_is_named(tmp_path: Path) -> None:
    write_reannotated(tmp_path, lambda lines: [*lines, *lines[:5]])
    with pytest.raises(InputError, match=r"test_00\.csv:12: query id 'AAAAA#TASK1' is already at .*test_00\.csv:2"):
        read_queries(tmp_path, "charades-sta-reannotated")


def test_a_truncated_file_of_five_peoples_moments_is_named(tmp_path: Path) -> None:
    write_reannotated(tmp_path, lambda lines: lines[:-2])
    with pytest.raises(InputError, match=r"test_00\.csv:9: TASK2 ends after 3 moments; expected 5"):
        read_queries(tmp_path, "charades-sta-reannotated")
    (tmp_path / "test_00.csv").write_text("HITId,video,start\n")
    with pytest.raises(
        InputError, match=r"test_00\.csv:1: columns HITId, video, start; expected HITId, .*start and end"
    ):
        read_queries(tmp_path, "charades-sta-reannotated")


def test_only_test_sentences_were_marked_anew(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no split 'train' in the re-annotated Charades-STA; it has test"):
        read_queries(tmp_path, "charades-sta-reannotated", "train")


def test_published_charades_counts(shared: Path) -> None:
    folder = shared / "data" / "charades_sta"
    train, val, test = (read_queries(folder, "charades-sta", split) for split in ("train", "val", "test"))
    lines = [len(part.queries) + len(part.dropped_queries) for part in (train, val, test)]
    assert lines[0] + lines[1] == 12_408
    assert lines[2] == 3_720
    assert (train.clipped + val.clipped, test.clipped) == (1_805, 562)
    assert (train.dropped + val.dropped, test.dropped) == (4, 0)
    videos = [{query.video for query in part.queries} for part in (train, val, test)]
    assert not videos[0] & videos[1]
    assert len(videos[1]) == 530  # of 5,338: fixed for ever by the hash
    assert len(videos[2]) == 1_334


def test_published_charades_cd_counts(shared: Path) -> None:
    counts = {"train": 11_071, "val": 859, "test-iid": 823, "test-ood": 3_375}
    parts = {split: read_queries(shared / "data" / "charades_cd", "charades-cd", split) for split in counts}
    assert {split: len(part.queries) + len(part.dropped_queries) for split, part in parts.items()} == counts
    assert {split: part.dropped for split, part in parts.items()} == {
        "train": 0, "val": 0, "test-iid": 0, "test-ood": 3,
    }  # fmt: skip
    videos = [{query.video for query in part.queries} for part in parts.values()]
    # two videos of test-ood have no sentence about what is before their end
    assert [len(part) for part in videos] == [4_564, 333, 333, 1_440]
    assert len(set.union(*videos)) == sum(map(len, videos))


def test_sentences_of_charades_cd_have_their_ids_of_charades_sta(shared: Path) -> None:
    plain = str.maketrans("", "", ".")
    texts: dict[str, list[str]] = defaultdict(list)
    for part in ("train", "test"):
        for line in (shared / "data" / "charades_sta" / f"charades_sta_{part}.txt").read_text().splitlines():
            texts[line.split()[0]].append(line.partition("##")[2].translate(plain).strip())
    queries = read_queries(shared / "data" / "charades_cd", "charades-cd").queries
    for query in queries:
        video, _, number = query.query_id.partition("#")
        assert texts[video][int(number)] == query.text.translate(plain)


def test_published_reannotation_is_of_test_sentences_of_charades_sta(shared: Path, tmp_path: Path) -> None:
    data = shared / "data"
    for path in (data / "charades_sta_reannotated").glob("*.csv"):
        shutil.copy(path, tmp_path)
    shutil.copy(data / "charades_sta" / "Charades_v1_test.csv", tmp_path)
    found = read_queries(tmp_path, "charades-sta-reannotated")
    assert len(found.queries) == 1_000
    assert len({query.video for query in found.queries}) == 723
    assert {len(query.moments) for query in found.queries} == {5}
    assert (found.clipped, found.dropped) == (0, 0)
    known = {(query.video, query.text) for query in read_queries(data / "charades_sta", "charades-sta", "test").queries}
    assert {(query.video, query.text) for query in found.queries} <= known
    with (tmp_path / "test_02.csv").open() as file:
        *_, last = csv.DictReader(file)
    query = found.queries[-1]
    assert query.query_id == f"{query.video}#{last['HITId']}"
    assert query.moments[-1].start_seconds * 100 == pytest.approx(float(last["start"]) * query.duration_seconds)
    assert query.moments[-1].end_seconds * 100 == pytest.approx(float(last["end"]) * query.duration_seconds)
