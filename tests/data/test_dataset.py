"""Batches against slow, obvious versions, on a store made by hand."""

import itertools
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import h5py
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.data.dataset import (
    Collate,
    QueryBatches,
    QueryDataset,
    middle_rows,
    shuffled_sentences,
    shuffled_videos,
)
from leorn.data.words import WordVectors
from leorn.errors import InputError
from leorn.features.published import FrameFeatures
from leorn.features.store import FeatureStore
from leorn.features.store_writer import write_store
from leorn.records import Moment, Query, VideoObjects

WORDS = WordVectors({"cup": 0, "person": 1}, np.array([[1, 2], [3, 4]], dtype=np.float32), "made up")
STORED = {"a": 32, "b": 16, "c": 16}
"""Frames stored of each video; a batch takes 16."""


def query(number: int, video: str, text: str = "a person", *spans: tuple[float, float]) -> Query:
    return Query(f"q{number}", video, text, 20.0, tuple(Moment(*span) for span in spans or [(5, 10)]))


@pytest.fixture
def store(tmp_path: Path) -> FeatureStore:
    rng = np.random.default_rng(0)

    def objects_of(video: str, frames: int) -> VideoObjects:
        scores = np.sort(rng.choice([0.0, 0.1, 0.25, 0.9], (frames, 3)), axis=1)[:, ::-1]
        features = rng.normal(0, 3, (frames, 3, 4)) * (scores > 0)[..., None]
        boxes = rng.uniform(0, 1, (frames, 3, 4))
        return VideoObjects(video, 20.0, np.arange(frames) * 1.0, features, boxes, scores, np.full((frames, 3), -1))

    write_store(tmp_path / "store", [objects_of(*item) for item in STORED.items()], {"extractor": "made up"})
    return FeatureStore(tmp_path / "store")


def collate_from(source: FeatureStore | Mock, **changes: Any) -> Collate:  # noqa: ANN401 - whatever Collate takes
    options: dict[str, Any] = {"tokenizer": "words", "frames": 16, "slots": 2, "min_score": 0.25}
    return Collate(source, WORDS, **(options | changes))


def test_a_video_is_read_once_however_many_queries_ask_about_it(store: FeatureStore) -> None:
    source = Mock(wraps=store)
    batch = collate_from(source)([query(0, "b"), query(1, "a"), query(2, "b"), query(3, "a"), query(4, "b")])
    assert [call.args[0] for call in source.read.call_args_list] == ["a", "b"]
    assert batch.objects.shape == (2, 16, 2, 4)
    assert batch.query_ids == ["q0", "q1", "q2", "q3", "q4"]
    assert batch.video_index.tolist() == [1, 0, 1, 0, 1]


def test_only_the_slots_and_rows_that_are_needed_are_read(store: FeatureStore) -> None:
    source = Mock(wraps=store)
    collate_from(source)([query(0, "a"), query(1, "b")])
    (_, slots_a, rows_a, _), (_, slots_b, rows_b, _) = (call.args for call in source.read.call_args_list)
    assert (slots_a, slots_b) == (2, 2)
    assert rows_a.tolist() == list(range(1, 32, 2))
    assert rows_b is None


def test_objects_of_each_query_are_those_of_its_video(store: FeatureStore) -> None:
    queries = [query(0, "b"), query(1, "a"), query(2, "b")]
    inputs: dict[str, Any] = collate_from(store)(queries).inputs()
    assert inputs["frames"] is None
    assert inputs["frame_mask"].tolist() == [[True] * 16] * 2
    for number, asked in enumerate(queries):
        row = inputs["video_index"][number]
        stored = store.read(asked.video)
        for frame in range(16):
            at = frame if asked.video == "b" else 2 * frame + 1
            for slot in range(2):
                feature = stored.features[at, slot].astype(np.float32)
                norm = np.sqrt((feature**2).sum())
                expected = feature / norm if norm else feature
                np.testing.assert_allclose(inputs["objects"][row, frame, slot], expected, rtol=1e-5)
                np.testing.assert_array_equal(inputs["boxes"][row, frame, slot], stored.boxes[at, slot])
                assert inputs["object_mask"][row, frame, slot] == (stored.scores[at, slot] > 0.25)


@pytest.mark.parametrize("min_score", [0.0, 0.1, 0.25])
def test_an_object_counts_when_its_score_is_strictly_above_the_least(store: FeatureStore, min_score: float) -> None:
    mask = collate_from(store, min_score=min_score, slots=3)([query(0, "b")]).object_mask[0]
    # 0.1 has no exact float: what is stored as 0.1 must still not pass for more
    assert torch.equal(mask, torch.from_numpy(store.read("b").scores > np.float32(min_score)))
    assert 0 < mask.sum() < mask.numel()


def test_features_have_length_one_or_zero(store: FeatureStore) -> None:
    batch = collate_from(store, slots=3)([query(0, "a")])
    assert batch.objects.dtype == torch.float16
    objects = batch.inputs()["objects"]
    assert objects is not None
    norms = objects.norm(dim=-1)
    empty = torch.from_numpy(store.read("a", rows=middle_rows(32, 16)).scores == 0)
    torch.testing.assert_close(norms, torch.where(empty, 0.0, 1.0)[None])


def test_words_are_padded_and_unknown_words_are_zero(store: FeatureStore) -> None:
    batch = collate_from(store)([query(0, "a", "A person, a cup."), query(1, "a", "Cup!")])
    assert batch.words.tolist() == [[[0, 0], [3, 4], [0, 0], [1, 2]], [[1, 2], [0, 0], [0, 0], [0, 0]]]
    assert batch.word_mask.tolist() == [[True] * 4, [True, False, False, False]]


def test_a_query_of_punctuation_alone_is_one_unknown_word(store: FeatureStore) -> None:
    batch = collate_from(store)([query(0, "a", "?!"), query(1, "a", "cup cup")])
    assert batch.words[0].tolist() == [[0, 0], [0, 0]]
    assert batch.word_mask.tolist() == [[True, False], [True, True]]


def test_moments_are_fractions_of_the_duration(store: FeatureStore) -> None:
    batch = collate_from(store)([query(0, "a", "cup", (5, 10), (15, 20)), query(1, "b", "cup", (0, 4))])
    torch.testing.assert_close(batch.spans, torch.tensor([[[0.25, 0.5], [0.75, 1.0]], [[0.0, 0.2], [0.0, 0.0]]]))
    assert batch.span_mask.tolist() == [[True, True], [True, False]]


def test_queries_without_moments_have_none(store: FeatureStore) -> None:
    batch = collate_from(store)([Query("q", "a", "cup", 20.0)])
    assert batch.spans.shape == (1, 1, 2)
    assert batch.span_mask.tolist() == [[False]]


def test_frame_features_come_with_their_video(store: FeatureStore, tmp_path: Path) -> None:
    rows = {video: np.random.default_rng(number).normal(size=(32, 5)) for number, video in enumerate("abc")}
    with h5py.File(tmp_path / "frames.h5", "w") as file:
        for video, array in rows.items():
            file[video] = array.astype(np.float32)
    frames = FrameFeatures(tmp_path / "frames.h5")
    queries = [query(0, "b"), query(1, "a"), query(2, "b")]

    def expected(video: str) -> np.ndarray:
        unit = rows[video] / np.linalg.norm(rows[video], axis=1, keepdims=True)
        return np.stack([(unit[2 * frame] + unit[2 * frame + 1]) / 2 for frame in range(16)])

    plain = collate_from(store, frame_features=frames)(queries)
    assert plain.frames is not None
    np.testing.assert_allclose(
        plain.frames[plain.video_index], [expected("b"), expected("a"), expected("b")], rtol=1e-4, atol=1e-6
    )
    shuffled = collate_from(store, frame_features=frames, objects_of={"a": "c", "b": "a"})(queries)
    assert shuffled.frames is not None
    expected_rows = [expected("a"), expected("c"), expected("a")]
    np.testing.assert_allclose(shuffled.frames[shuffled.video_index], expected_rows, rtol=1e-4, atol=1e-6)


def test_objects_of_another_video_are_shown_where_asked(store: FeatureStore) -> None:
    swapped = collate_from(store, objects_of={"b": "c", "c": "b"})([query(0, "b"), query(1, "c")])
    straight = collate_from(store)([query(0, "b"), query(1, "c")])
    assert torch.equal(swapped.objects, straight.objects.flip(0))
    assert torch.equal(swapped.object_mask, straight.object_mask.flip(0))
    assert torch.equal(swapped.boxes, straight.boxes.flip(0))
    assert not torch.equal(straight.objects[0], straight.objects[1])


def test_the_dataset_makes_a_batch_of_a_list_of_numbers(store: FeatureStore) -> None:
    dataset = QueryDataset([query(number, "a") for number in range(4)], collate_from(store))
    assert len(dataset) == 4
    assert dataset[[3, 1]].query_ids == ["q3", "q1"]


@given(st.integers(1, 60), st.integers(0, 100))
def test_middle_rows_lie_in_their_parts_and_rise(frames: int, more: int) -> None:
    stored = frames + more
    rows = middle_rows(stored, frames)
    assert len(rows) == frames
    assert (np.diff(rows) > 0).all()
    for part, row in enumerate(rows.tolist()):
        # the row that holds the middle of the part: row ≤ (part + ½)·stored/frames < row + 1, in whole numbers
        assert 2 * frames * row <= (2 * part + 1) * stored < 2 * frames * (row + 1)


@given(st.integers(2, 30), st.integers(0, 5))
def test_every_shuffled_video_gets_another_one(count: int, seed: int) -> None:
    queries = [query(number, f"v{number % count}") for number in range(2 * count)]
    given_to = shuffled_videos(queries, seed)
    assert sorted(given_to) == sorted(given_to.values()) == sorted(f"v{number}" for number in range(count))
    assert all(video != other for video, other in given_to.items())
    assert given_to == shuffled_videos(queries[::-1], seed)


@given(st.lists(st.sampled_from("abcd"), min_size=2, max_size=20).filter(lambda videos: len({*videos}) > 1))
def test_every_query_gets_a_sentence_about_the_shuffled_video_and_keeps_all_else(videos: list[str]) -> None:
    queries = [query(number, video, f"{video} {number}", (0, 1 + number)) for number, video in enumerate(videos)]
    given_to = shuffled_videos(queries, 3)
    shuffled = shuffled_sentences(queries, 3)
    assert [replace(new, text=old.text) for new, old in zip(shuffled, queries, strict=True)] == queries
    assert shuffled == shuffled_sentences(queries, 3)
    for video, other in given_to.items():
        asked = [one.text for one in shuffled if one.video == video]
        theirs = [one.text for one in queries if one.video == other]
        # in turn, and again from the first
        assert asked == [theirs[place % len(theirs)] for place in range(len(asked))]


def test_a_lone_video_cannot_be_shuffled() -> None:
    for shuffle in (shuffled_videos, shuffled_sentences):
        with pytest.raises(InputError, match="all queries are about a; expected two videos or more"):
            shuffle([query(0, "a"), query(1, "a")], 0)


@given(
    videos=st.lists(st.sampled_from("abcde"), min_size=1, max_size=40),
    together=st.integers(1, 4),
    batch_size=st.integers(1, 9),
    seed=st.none() | st.integers(0, 3),
    processes=st.integers(1, 5),
    epoch=st.integers(0, 3),
)
def test_batches_are_dealt_out_evenly_and_are_the_same_for_any_number_of_processes(
    videos: list[str], together: int, batch_size: int, seed: int | None, processes: int, epoch: int
) -> None:
    size = len(videos)

    def deal(rank: int, processes: int) -> list[list[int]]:
        batches = QueryBatches(videos, batch_size, seed=seed, together=together, rank=rank, processes=processes)
        batches.set_epoch(epoch)
        dealt = list(batches)
        assert len(dealt) == len(batches)
        return dealt

    alone = deal(0, 1)
    assert sorted(number for batch in alone for number in batch) == list(range(size))
    # one batch alone may be smaller, wherever it stands
    assert sorted(len(batch) for batch in alone)[1:] == [batch_size] * (len(alone) - 1)
    hands = [deal(rank, processes) for rank in range(processes)]
    dealt = [batch for turn in zip(*hands, strict=True) for batch in turn]
    assert dealt[: len(alone)] == alone
    # where they do not divide, the first ones come again
    assert dealt[len(alone) :] == (alone * processes)[: len(dealt) - len(alone)]
    assert len(dealt) - len(alone) < processes


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    def order(seed: int | None, epoch: int) -> list[int]:
        batches = QueryBatches([""] * 50, 7, seed=seed)
        batches.set_epoch(epoch)
        return [number for batch in batches for number in batch]

    assert order(1, 2) == order(1, 2)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9
    assert order(None, 0) == order(None, 5) == list(range(50))


def test_groups_of_one_size_are_never_cut() -> None:
    videos = [video for video in "abcdefg" for _ in range(7)]
    batches = QueryBatches(videos, 6, seed=0, together=3)
    smallest = set()
    for epoch in range(20):
        batches.set_epoch(epoch)
        dealt = list(batches)
        # 14 groups of three and 7 of one fill 8 batches, and one query is left
        assert sorted(map(len, dealt)) == [1] + [6] * 8
        assert sum(len({videos[number] for number in batch}) for batch in dealt) <= 14 + 7
        smallest.add(min(range(9), key=lambda turn: len(dealt[turn])))
    # it comes at any time of an epoch, not at its end
    assert len(smallest) > 3


@given(
    videos=st.lists(st.sampled_from("abc"), min_size=1, max_size=30),
    together=st.integers(2, 4),
    seed=st.integers(0, 5),
)
def test_queries_of_a_video_stand_side_by_side(videos: list[str], together: int, seed: int) -> None:
    (order,) = QueryBatches(videos, len(videos), seed=seed, together=together)
    runs = [len(list(run)) for _, run in itertools.groupby(order, key=videos.__getitem__)]
    # each video is cut into as few groups as hold its queries; groups of one video may meet
    fewest = sum(-(-count // together) for count in Counter(videos).values())
    assert len(runs) <= fewest
    assert sorted(order) == list(range(len(videos)))


def test_which_queries_of_a_video_stand_together_is_drawn_anew() -> None:
    batches = QueryBatches(["a"] * 8, 4, seed=0, together=4)
    drawn = set()
    for epoch in range(5):
        batches.set_epoch(epoch)
        drawn.add(frozenset(frozenset(batch) for batch in batches))
    assert len(drawn) > 1


def test_shorter_videos_are_padded_and_say_so(store: FeatureStore) -> None:
    batch = collate_from(store, frames=40)([query(0, "b"), query(1, "a")])
    short, long = batch.video_index.tolist()
    assert batch.frame_mask[[short, long]].sum(1).tolist() == [STORED["b"], STORED["a"]]
    assert batch.frame_mask[short, : STORED["b"]].all()
    assert batch.objects.shape[:2] == batch.frame_mask.shape == (2, 32)
    assert not batch.objects[short, 16:].any()
    assert not batch.object_mask[short, 16:].any()
    whole = collate_from(store, frames=STORED["a"])([query(1, "a")])
    assert torch.equal(batch.objects[long], whole.objects[0])
