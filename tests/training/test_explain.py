"""Answers with the evidence for them."""

from pathlib import Path

import numpy as np
import pytest

from leorn.data.detections import import_detections
from leorn.data.word_files import load_word_vectors
from leorn.errors import InputError
from leorn.features.store import FeatureStore
from leorn.training.evaluate import evaluate
from leorn.training.explain import explain
from leorn.training.run import train
from tests.tiny import DURATIONS, Tiny


def test_answers_are_those_of_the_evaluation(trained: Path) -> None:
    evaluated = {prediction.query_id: prediction for prediction in evaluate(trained, accelerator="cpu").predictions}
    for answer in explain(trained, "test", ["test-3#1", "test-0#0"]):
        expected = evaluated[answer.query.query_id]
        assert (answer.prediction.query_id, answer.prediction.video) == (expected.query_id, expected.video)
        assert [m.span for m in answer.prediction.moments] == [m.span for m in expected.moments]
        scores = [moment.score for moment in answer.prediction.moments]
        assert scores == pytest.approx([moment.score for moment in expected.moments], rel=1e-4)


def test_evidence_belongs_to_the_answer(tiny: Tiny, trained: Path) -> None:
    (answer,) = explain(trained, "test", ["test-2#0"])
    best = answer.prediction.moments[0]
    first, last = round(best.start_seconds), round(best.end_seconds) - 1  # clips of a second
    assert answer.mask[first, last]
    assert answer.scores[first, last] == pytest.approx(best.score)
    assert answer.scores.max() == answer.scores[first, last]
    assert not answer.scores[~answer.mask].any()
    np.testing.assert_allclose(answer.weights.sum(axis=1), 1, rtol=1e-5)
    assert answer.weights.shape == (16, 4)
    seen = FeatureStore(tiny.objects).read("test-2")
    np.testing.assert_array_equal(answer.video.scores, seen.scores)
    np.testing.assert_array_equal(answer.video.labels, seen.labels)
    # what is not there gets no attention; the sentinel always is
    assert not answer.weights[:, 1:][seen.scores == 0].any()
    assert (answer.weights[:, 1:][seen.scores > 0] > 0).all()


def test_without_ids_the_first_query_of_each_of_the_first_videos_is_shown(trained: Path) -> None:
    shown = [answer.query.query_id for answer in explain(trained, "test")]
    assert shown == ["test-0#0", "test-1#0", "test-2#0", "test-3#0"]


def test_queries_come_in_the_order_in_which_they_are_asked_for(trained: Path) -> None:
    shown = [answer.query.query_id for answer in explain(trained, "val", ["val-1#1", "val-0#1"])]
    assert shown == ["val-1#1", "val-0#1"]


def test_an_unknown_query_is_named(trained: Path) -> None:
    with pytest.raises(InputError, match=r"no query val-0#0, nope in split 'test'; expected ids such as test-0#0"):
        list(explain(trained, "test", ["test-1#0", "val-0#0", "nope"]))


def test_features_that_changed_since_training_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    mine = tiny.copy(tmp_path / "data")
    best = train(mine.experiment(tmp_path / "run", training__epochs=1), say=lambda line: None)
    words = load_word_vectors(mine.words)
    import_detections(mine.folder / "detections", mine.objects, words, 18, 3, DURATIONS, overwrite=True)
    with pytest.raises(InputError, match=r"not the features that .*best\.ckpt was trained on: frames 18 instead of 16"):
        list(explain(best, "test"))
