"""Evaluation of a trained network."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from leorn.checkpoints import load_network, save_network
from leorn.config import EvaluationConfig
from leorn.data.annotations import read_queries, write_queries
from leorn.data.dataset import shuffled_sentences, shuffled_videos
from leorn.data.detections import import_detections
from leorn.data.word_files import load_word_vectors, save_word_vectors
from leorn.errors import InputError
from leorn.scoring.baselines import CONSTANT_WINDOW
from leorn.scoring.metrics import evaluate_predictions
from leorn.scoring.results import OTHER_OBJECTS, OTHER_SENTENCES
from leorn.training.evaluate import CONSTANT, SHUFFLED, evaluate
from tests.tiny import DURATION_SECONDS, DURATIONS, LABELS, Tiny


def test_what_was_learned_needs_the_objects(trained: Path) -> None:
    rows = evaluate(trained, shuffle_objects=True, accelerator="cpu").rows
    assert rows["LEORN"]["R1@0.5"] >= 80
    assert rows["LEORN"]["mIoU"] > rows[SHUFFLED]["mIoU"] + 3
    assert rows["LEORN"]["mIoU"] > rows[CONSTANT]["mIoU"] + 20


def test_answers_come_in_the_order_of_the_queries_with_their_figures(tiny: Tiny, trained: Path) -> None:
    queries = read_queries(tiny.queries, "jsonl", "test").queries
    result = evaluate(trained, accelerator="cpu")
    assert [prediction.query_id for prediction in result.predictions] == [query.query_id for query in queries]
    assert result.rows["LEORN"] == evaluate_predictions(result.predictions, queries, result.experiment.evaluation)
    assert result.split == "test"
    assert result.experiment.data.queries == str(tiny.queries)


def test_the_constant_window_is_chosen_on_training_queries(tiny: Tiny, trained: Path) -> None:
    train, test = (read_queries(tiny.queries, "jsonl", split).queries for split in ("train", "test"))
    result = evaluate(trained, accelerator="cpu")
    windows = CONSTANT_WINDOW.choose(train, 5, 0.5, strict=True)
    answers = CONSTANT_WINDOW.answer(test, windows)
    assert result.rows[CONSTANT] == evaluate_predictions(answers, test, result.experiment.evaluation)
    assert list(result.rows) == ["LEORN", CONSTANT]
    assert result.windows == tuple(windows)


def test_figures_on_validation_are_those_in_the_checkpoint(trained: Path) -> None:
    recorded = dict(load_network(trained)[1].metrics)
    recorded.pop("loss")
    assert evaluate(trained, split="val", accelerator="cpu").rows["LEORN"] == pytest.approx(recorded)


def test_without_training_queries_there_is_no_constant_window(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    lines = [line for line in tiny.queries.read_text().splitlines() if json.loads(line)["split"] == "test"]
    (tmp_path / "test.jsonl").write_text("\n".join(lines))
    result = evaluate(trained, data={"queries": str(tmp_path / "test.jsonl")}, accelerator="cpu")
    assert list(result.rows) == ["LEORN"]
    assert result.windows == ()
    assert result.rows["LEORN"] == evaluate(trained, accelerator="cpu").rows["LEORN"]


def test_shuffled_objects_are_those_of_another_video(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    result = evaluate(trained, shuffle_objects=True, accelerator="cpu")
    # the same by hand: each video has the detections of the one whose objects it is shown
    swapped = shuffled_videos(read_queries(tiny.queries, "jsonl", "test").queries, seed=0)
    (tmp_path / "detections").mkdir()
    for video, shown in swapped.items():
        shutil.copy(tiny.folder / "detections" / f"{shown}.csv.gz", tmp_path / "detections" / f"{video}.csv.gz")
    durations = dict.fromkeys(swapped, DURATION_SECONDS)
    import_detections(tmp_path / "detections", tmp_path / "store", load_word_vectors(tiny.words), 16, 3, durations)
    by_hand = evaluate(trained, data={"objects": str(tmp_path / "store")}, accelerator="cpu")
    assert list(result.rows) == ["LEORN", CONSTANT, SHUFFLED]
    assert result.rows[SHUFFLED] == by_hand.rows["LEORN"] != result.rows["LEORN"]
    assert result.predictions == evaluate(trained, accelerator="cpu").predictions


def test_shuffled_sentences_are_about_another_video(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    result = evaluate(trained, shuffle_objects=True, shuffle_sentences=True, accelerator="cpu")
    # the same by hand: a file of annotations with the sentences of other videos
    queries = read_queries(tiny.queries, "jsonl", "test").queries
    write_queries(tmp_path / "q.jsonl", shuffled_sentences(queries, seed=0))
    by_hand = evaluate(trained, data={"queries": str(tmp_path / "q.jsonl")}, accelerator="cpu")
    name = f"same network, {OTHER_SENTENCES}"
    assert list(result.rows) == ["LEORN", CONSTANT, SHUFFLED, name]
    assert list(result.blind) == [OTHER_OBJECTS, OTHER_SENTENCES]
    assert result.blind[OTHER_SENTENCES] == by_hand.predictions != result.predictions
    assert result.rows[name] == by_hand.rows["LEORN"]


def test_ranking_and_figures_may_be_other_ones(trained: Path) -> None:
    evaluation = EvaluationConfig(ious=(0.5,), recalls=(1, 2), nms_threshold=None, top_k=2)
    result = evaluate(trained, evaluation=evaluation, accelerator="cpu")
    assert list(result.rows["LEORN"]) == ["R1@0.5", "R2@0.5", "mIoU"]
    assert {len(prediction.moments) for prediction in result.predictions} == {2}


def test_a_network_file_is_evaluated_like_its_checkpoint(trained: Path, tmp_path: Path) -> None:
    save_network(tmp_path / "best.safetensors", *load_network(trained))
    one, other = (evaluate(path, accelerator="cpu") for path in (trained, tmp_path / "best.safetensors"))
    assert one.predictions == other.predictions


def test_a_network_that_was_not_trained_here_does_not_know_its_data(trained: Path, tmp_path: Path) -> None:
    network, record = load_network(trained)
    save_network(tmp_path / "n.safetensors", network, replace(record, experiment=None))
    with pytest.raises(InputError, match=r"n\.safetensors: carries no experiment"):
        evaluate(tmp_path / "n.safetensors")


def test_other_features_are_refused(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    words = load_word_vectors(tiny.words)
    import_detections(tiny.folder / "detections", tmp_path / "store", words, 20, 3, DURATIONS)
    with pytest.raises(InputError) as caught:
        evaluate(trained, data={"objects": str(tmp_path / "store")})
    assert str(caught.value) == (
        f"{tmp_path / 'store'}: not the features that {trained} was trained on: frames 20 instead of 16"
    )


def test_other_word_vectors_are_refused(tiny: Tiny, trained: Path, tmp_path: Path) -> None:
    words = load_word_vectors(tiny.words)
    save_word_vectors(tmp_path / "words.npz", [*words.index][::-1], words.vectors)
    with pytest.raises(
        InputError, match=r"its labels have the word vectors words\.npz sha256:.*, the queries words\.npz"
    ):
        evaluate(trained, data={"words": str(tmp_path / "words.npz")})
    assert set(LABELS) <= set(words.index)


def test_a_split_that_does_not_exist_is_named(tiny: Tiny, trained: Path) -> None:
    with pytest.raises(InputError, match=r"no query of split 'tset' left; it has test, train, val"):
        evaluate(trained, split="tset")
