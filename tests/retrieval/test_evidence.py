from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.data.words import WordVectors
from leorn.records import Moment, Query, VideoObjects
from leorn.retrieval.evidence import Answer, answered_words, score_curve


def made_up_words() -> WordVectors:
    """Words in random directions, but bike near bicycle, and car between bicycle and others."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 50))
    bicycle, car = vectors[1], vectors[2]
    vectors[0] = 0.9 * bicycle + 0.3 * rng.normal(size=50)
    vectors[2] = 0.7 * bicycle + 0.7 * car
    vectors[3] = bicycle
    names = ["bike", "bicycle", "car", "the", "sky", *(f"word{number}" for number in range(395))]
    return WordVectors({name: row for row, name in enumerate(names)}, vectors.astype(np.float32), "made up")


WORDS = made_up_words()


def test_the_curve_is_the_best_candidate_over_each_middle() -> None:
    spans = np.array([[0.0, 0.5], [0.25, 0.75], [0.25, 0.5]])
    assert score_curve(spans, np.array([0.2, 0.4, 0.9]), 4).tolist() == [0.2, 0.9, 0.4, 0.0]


@given(st.integers(1, 12), st.integers(1, 30), st.randoms(use_true_random=False))
def test_the_curve_agrees_with_a_slow_one(parts: int, count: int, random: object) -> None:
    rng = np.random.default_rng(abs(hash(str(random.random()))))  # type: ignore[attr-defined]
    spans = np.sort(rng.uniform(size=(count, 2)), axis=1)
    scores = rng.uniform(size=count)
    slow = []
    for part in range(parts):
        middle = (part + 0.5) / parts
        slow.append(max([0.0, *(s for (a, b), s in zip(spans, scores, strict=True) if a <= middle < b)]))
    assert score_curve(spans, scores, parts).tolist() == pytest.approx(slow)


def test_a_label_answers_the_word_it_is_nearest_to() -> None:
    assert answered_words(["bicycle", "car"], ["the", "bike"], WORDS) == {"bicycle": "bike"}
    # with no bicycle among the labels, a car is the nearest thing to one
    assert answered_words(["car"], ["the", "bike"], WORDS) == {"car": "bike"}


def test_far_words_function_words_and_unknown_labels_answer_nothing() -> None:
    assert answered_words(["bicycle"], ["sky"], WORDS) == {}
    assert answered_words(["bicycle"], ["the"], WORDS) == {}
    assert answered_words(["zyx"], ["bike"], WORDS) == {}
    assert answered_words([], ["bike"], WORDS) == {}
    assert answered_words(["bicycle"], [], WORDS) == {}


VIDEO = VideoObjects(
    "v",
    4.0,
    np.array([0.5, 1.5, 2.5, 3.5]),
    np.zeros((4, 2, 1)),
    np.zeros((4, 2, 4)),
    np.full((4, 2), 0.5),
    np.array([[0, 1], [0, 1], [1, -1], [0, 0]]),
    ("cat", "dog", "cow"),
)
WEIGHTS = np.array([[0.0, 0.7, 0.3], [0.1, 0.7, 0.2], [0.5, 0.4, 0.1], [0.0, 0.5, 0.5]])
ANSWER = Answer(
    Query("q", "v", "a cat", 4.0),
    (Moment(1.0, 3.0, 0.75),),
    known_words=0.5,
    video=VIDEO,
    weights=WEIGHTS,
    curve=np.zeros(4),
    answers_to={"cat": "cat"},
)


def test_objects_of_a_moment_share_its_attention() -> None:
    # frames at 1.5 s and 2.5 s: dog 0.2 and 0.4, cat 0.7 and nothing
    assert ANSWER.objects_in(Moment(1.0, 3.0)) == [
        {"label": "cat", "attention": pytest.approx(0.35), "answers": "cat"},
        {"label": "dog", "attention": pytest.approx(0.3), "answers": None},
    ]
    assert [found["label"] for found in ANSWER.objects_in(Moment(3.0, 4.0))] == ["cat"]


def test_a_moment_between_two_frames_has_the_objects_of_the_nearest() -> None:
    assert ANSWER.objects_in(Moment(0.6, 0.7), most=1) == [{"label": "cat", "attention": 0.7, "answers": "cat"}]


def test_an_answer_is_plain_values() -> None:
    assert ANSWER.to_dict() == {
        "query": "a cat",
        "video": "v",
        "duration_seconds": 4.0,
        "known_words": 0.5,
        "moments": [
            {"start_seconds": 1.0, "end_seconds": 3.0, "score": 0.75, "objects": ANSWER.objects_in(Moment(1.0, 3.0))}
        ],
    }
    assert replace(ANSWER, moments=()).to_dict()["moments"] == []
