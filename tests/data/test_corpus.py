"""What a run reads, opened and checked together."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch

from leorn.config import DataConfig
from leorn.data.corpus import open_corpus
from leorn.data.detections import import_detections
from leorn.data.word_files import load_word_vectors, save_word_vectors
from leorn.errors import InputError
from leorn.model.leorn import LEORN
from tests.tiny import DURATION_SECONDS, DURATIONS, MODEL, VIDEOS, Tiny


@pytest.fixture
def data(tiny: Tiny) -> DataConfig:
    return tiny.experiment(Path("unused")).data


def write_frames(path: Path, width: int, left_out: str = "") -> str:
    with h5py.File(path, "w") as file:
        for split, count in VIDEOS.items():
            for number in range(count):
                if f"{split}-{number}" != left_out:
                    file[f"{split}-{number}"] = np.random.default_rng(number).normal(size=(9, width)).astype(np.float32)
    return str(path)


def test_queries_come_by_split_with_a_note_on_each_thing_read(data: DataConfig) -> None:
    done = []
    corpus = open_corpus(data, MODEL, ("train", "val"), lambda *count: done.append(count))
    assert [query.query_id for query in corpus.queries["val"]] == [f"val-{n}#{m}" for n in range(3) for m in range(2)]
    assert len(corpus.queries["train"]) == 14
    assert corpus.frame_features is None
    assert [note.split(";")[0] for note in corpus.notes] == [
        "train: 14 queries in 7 videos",
        "val: 6 queries in 3 videos",
        "words: 100.0% of 70 words and 100.0% of 9 different words have a vector",
    ]
    assert done == [(number, 10) for number in range(1, 11)]


def test_batches_are_made_as_the_configuration_says(data: DataConfig) -> None:
    collate = open_corpus(data, MODEL, ("val",)).collate(replace(data, slots=2, min_score=0.85), MODEL)
    batch = collate(open_corpus(data, MODEL, ("val",)).queries["val"])
    assert batch.objects.shape == (3, 16, 2, 6)
    # of the person (0.9) and the animal (0.8) the person alone is sure enough
    assert batch.object_mask.any(dim=1).tolist() == [[True, False]] * 3


def test_queries_without_moments_are_left_out(tiny: Tiny, data: DataConfig, tmp_path: Path) -> None:
    lines = [line for line in tiny.queries.read_text().splitlines() if "val-" in line]
    lines.append(
        '{"query_id": "x", "video": "nowhere", "query": "a cup", "duration": 8, "moments": [], "split": "val"}'
    )
    (tmp_path / "queries.jsonl").write_text("\n".join(lines))
    corpus = open_corpus(replace(data, queries=str(tmp_path / "queries.jsonl")), MODEL, ("val",))
    assert len(corpus.queries["val"]) == 6


def test_a_split_whose_queries_have_no_moments_is_refused(data: DataConfig, tmp_path: Path) -> None:
    path = tmp_path / "queries.jsonl"
    path.write_text('{"query_id": "x", "video": "v", "query": "a", "duration": 8, "moments": [], "split": "test"}\n')
    with pytest.raises(InputError, match=r"queries\.jsonl: no queries with moments in split 'test'"):
        open_corpus(replace(data, queries=str(path)), MODEL, ("test",))


def test_word_vectors_of_another_width_are_refused(data: DataConfig, tmp_path: Path) -> None:
    save_word_vectors(tmp_path / "words.npz", ["a"], np.ones((1, 5)))
    with pytest.raises(InputError, match=r"words\.npz: vectors of width 5; model\.word_size says 6"):
        open_corpus(replace(data, words=str(tmp_path / "words.npz")), MODEL, ("val",))


def test_words_other_than_those_of_the_labels_are_refused(data: DataConfig, tmp_path: Path) -> None:
    # of the same vectors, but not the same file: nothing tells that they are the same
    words = load_word_vectors(data.words)
    save_word_vectors(tmp_path / "few.npz", ["cat", "a"], words.encode(["cat", "a"]))
    with pytest.raises(InputError) as caught:
        open_corpus(replace(data, words=str(tmp_path / "few.npz")), MODEL, ("val",))
    few = load_word_vectors(tmp_path / "few.npz").source
    assert str(caught.value) == (
        f"{data.objects}: its labels have the word vectors {words.source}, the queries {few}; "
        "expected the same file for both"
    )
    # the name of the file does not matter
    (tmp_path / "copy.npz").write_bytes(Path(data.words).read_bytes())
    assert open_corpus(replace(data, words=str(tmp_path / "copy.npz")), MODEL, ("val",)).words.size == 6


def test_a_query_of_unknown_words_is_named_in_a_warning(
    tiny: Tiny, data: DataConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_word_vectors(tmp_path / "words.npz", ["passes"], np.ones((1, 6)))
    words = load_word_vectors(tmp_path / "words.npz")
    import_detections(tiny.folder / "detections", tmp_path / "store", words, MODEL.frames, 3, DURATIONS)
    caplog.clear()
    data = replace(data, words=str(tmp_path / "words.npz"), objects=str(tmp_path / "store"))
    corpus = open_corpus(data, MODEL, ("val",))
    assert "3 queries without any" in corpus.notes[-1]
    assert [record.message.split(" of ")[0] for record in caplog.records] == [f"query val-{n}#1" for n in range(3)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"object_size": 7}, "expected at least 16 frames, at least 3 slots, width 7"),
        ({"frames": 32}, "expected at least 32 frames, at least 3 slots, width 6"),
    ],
)
def test_all_videos_of_another_shape_are_named_at_once(data: DataConfig, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match="3 of 3 videos have no usable features") as caught:
        open_corpus(data, replace(MODEL, **change), ("val",))
    assert str(caught.value).endswith(
        f"video val-0: features of shape (16, 3, 6); {message} (the same of val-1, val-2)"
    )


def test_the_fusion_variant_sees_frame_features(data: DataConfig, tmp_path: Path) -> None:
    model = replace(MODEL, frame_size=5)
    data = replace(data, frame_features=write_frames(tmp_path / "frames.h5", 5))
    corpus = open_corpus(data, model, ("val",))
    batch = corpus.collate(data, model)(corpus.queries["val"])
    assert batch.frames is not None
    assert batch.frames.shape == (3, 16, 5)
    torch.manual_seed(0)
    network = LEORN(model).eval()
    inputs = batch.inputs()
    with torch.no_grad():
        scored = network(**inputs)
        other = network(**{**inputs, "frames": inputs["frames"].flip(0)})
    assert scored.logits.shape == (6, 8, 8)
    # the second video's queries see their own frames still
    same = (scored.logits == other.logits).flatten(1).all(dim=1)
    assert same.tolist() == [False, False, True, True, False, False]


@pytest.mark.parametrize(
    ("width", "left_out", "message"),
    [
        (4, "", r"3 of 3 videos .*frames\.h5: video val-0: frame features of shape \(9, 4\); expected width 5"),
        (5, "val-1", r"1 of 3 videos .*frames\.h5: video val-1 is not in the file"),
    ],
)
def test_frame_features_that_do_not_fit_are_named(
    data: DataConfig, tmp_path: Path, width: int, left_out: str, message: str
) -> None:
    data = replace(data, frame_features=write_frames(tmp_path / "frames.h5", width, left_out))
    with pytest.raises(InputError, match=message):
        open_corpus(data, replace(MODEL, frame_size=5), ("val",))


def test_the_fusion_variant_needs_frame_features(data: DataConfig) -> None:
    with pytest.raises(InputError, match=r"data\.frame_features is missing: model\.frame_size makes this the fusion"):
        open_corpus(data, replace(MODEL, frame_size=5), ("val",))


def test_frame_features_that_nobody_reads_are_a_warning(data: DataConfig) -> None:
    with pytest.warns(UserWarning, match=r"data\.frame_features is not read: model\.frame_size is null"):
        open_corpus(replace(data, frame_features="frames.h5"), MODEL, ("val",))


def test_the_same_features_and_words_are_recognised(data: DataConfig) -> None:
    corpus = open_corpus(data, MODEL, ("val",))
    corpus.check_same_features(corpus.source.fingerprint, corpus.words.source, "best.ckpt")
    corpus.check_same_features(corpus.source.fingerprint, None, "best.ckpt")


def test_other_features_are_refused_with_what_differs(data: DataConfig) -> None:
    corpus = open_corpus(data, MODEL, ("val",))
    other = {**corpus.source.fingerprint, "frames": 32, "revision": "b"}
    with pytest.raises(InputError) as caught:
        corpus.check_same_features(other, corpus.words.source, "best.ckpt")
    assert str(caught.value) == (
        f"{data.objects}: not the features that best.ckpt was trained on: "
        "frames 16 instead of 32, revision None instead of 'b'"
    )


def test_other_frame_features_are_refused_with_what_differs(data: DataConfig, tmp_path: Path) -> None:
    model = replace(MODEL, frame_size=5)
    corpus = open_corpus(replace(data, frame_features=write_frames(tmp_path / "frames.h5", 5)), model, ("val",))
    made = corpus.frame_fingerprint
    assert made == {"extractor": "published", "feature_size": 5}
    source = corpus.source.fingerprint
    for same in (made, {}, None):
        corpus.check_same_features(source, None, "best.ckpt", same)
    with pytest.raises(InputError) as caught:
        corpus.check_same_features(source, None, "best.ckpt", {"extractor": "leorn extract", "feature_size": 5})
    assert str(caught.value) == (
        f"{tmp_path / 'frames.h5'}: not the frame features that best.ckpt was trained on: "
        "extractor 'published' instead of 'leorn extract'"
    )
    # the object variant has none
    assert open_corpus(data, MODEL, ("val",)).frame_fingerprint == {}


def test_other_words_are_refused(data: DataConfig) -> None:
    corpus = open_corpus(data, MODEL, ("val",))
    with pytest.raises(InputError, match=r"words\.npz sha256:.*: best\.ckpt was trained on glove\.txt"):
        corpus.check_same_features(corpus.source.fingerprint, "glove.txt", "best.ckpt")


def test_words_of_the_same_content_are_the_same_whatever_their_files_name(data: DataConfig) -> None:
    corpus = open_corpus(data, MODEL, ("val",))
    renamed = corpus.words.source.replace("words.npz", "glove.npz")
    assert renamed != corpus.words.source
    corpus.check_same_features(corpus.source.fingerprint, renamed, "best.ckpt")


def test_a_video_whose_length_is_told_in_two_ways_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    mine = tiny.copy(tmp_path / "data")
    data = mine.experiment(Path("unused")).data
    lines = mine.queries.read_text().splitlines()
    longer = [line.replace(f'"duration": {DURATION_SECONDS}', f'"duration": {2 * DURATION_SECONDS}') for line in lines]
    assert longer != lines
    mine.queries.write_text("\n".join(longer))
    with pytest.raises(InputError, match=r"store: 3 videos last otherwise than the queries say, such as val-0"):
        open_corpus(data, MODEL, ("val",))
    # one query of a video against another
    mine.queries.write_text("\n".join([*lines[:-1], longer[-1]]))
    with pytest.raises(InputError, match="1 videos last otherwise"):
        open_corpus(data, MODEL, ("train", "val", "test"))
