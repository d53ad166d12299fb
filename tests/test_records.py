from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.records import Moment, Prediction, Query, VideoObjects, check_sentences

NAN, INFINITY = float("nan"), float("inf")


def make_query(**changes: Any) -> Query:  # noqa: ANN401 - the fields of a query
    values: dict[str, Any] = {"query_id": "q1", "video": "kitchen", "text": "she cuts bread", "duration_seconds": 10.0}
    return Query(**values | changes)


def make_objects(**changes: Any) -> VideoObjects:  # noqa: ANN401 - the fields of the record
    values: dict[str, Any] = {
        "video": "kitchen",
        "duration_seconds": 9.0,
        "times_seconds": np.array([1.0, 4.0, 7.0]),
        "features": np.ones((3, 2, 5), np.float16),
        "boxes": np.zeros((3, 2, 4)),
        "scores": np.zeros((3, 2)),
        "labels": np.array([[0, 1], [1, -1], [-1, -1]]),
        "label_names": ("cup", "dog"),
    }
    return VideoObjects(**values | changes)


def with_value(shape: tuple[int, ...], value: float) -> np.ndarray:
    array = np.zeros(shape)
    array.flat[-1] = value
    return array


def test_records_hold_what_they_are_given() -> None:
    moment = Moment(0.0, 2.5, 0.75)
    assert moment.span == (0.0, 2.5)
    assert make_query(moments=(moment, Moment(9.0, 10.0))).moments[1].end_seconds == 10.0
    assert Prediction("q1", "kitchen", (moment,)).moments[0].score == 0.75
    assert make_objects().label_names[make_objects().labels[1, 0]] == "dog"


def test_records_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Moment(0.0, 2.5).end_seconds = 3.0  # pyrefly: ignore[read-only]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((NAN, 1.0), r"moment \(nan, 1.0\): times must be finite numbers of seconds"),
        ((0.0, INFINITY), r"moment \(0.0, inf\): times must be finite numbers of seconds"),
        ((-1.0, 1.0), r"moment \(-1.0, 1.0\): expected 0 <= start < end, in seconds"),
        ((2.0, 2.0), r"moment \(2.0, 2.0\): expected 0 <= start < end, in seconds"),
        ((3.0, 2.0), r"moment \(3.0, 2.0\): expected 0 <= start < end, in seconds"),
        ((1.0, 2.0, NAN), r"moment \(1.0, 2.0\): score nan is not a finite number"),
    ],
)
def test_a_moment_that_cannot_be(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        Moment(*values)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": " \t"}, "query q1: the sentence is empty"),
        ({"duration_seconds": 0.0}, "query q1: duration 0.0 of video kitchen; expected a positive number of seconds"),
        ({"duration_seconds": NAN}, "query q1: duration nan of video kitchen"),
        ({"duration_seconds": INFINITY}, "query q1: duration inf of video kitchen"),
        (
            {"moments": (Moment(1.0, 2.0), Moment(9.0, 10.5))},
            r"query q1: moment \(9.0, 10.5\) ends after video kitchen \(10.0 s\)",
        ),
    ],
)
def test_a_query_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}"):
        make_query(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.ones((3, 2))}, r"features of shape \(3, 2\); expected \(T, N, D\)"),
        ({"times_seconds": np.ones(2)}, r"times_seconds of shape \(2,\); expected \(3,\)"),
        ({"boxes": np.ones((3, 2, 5))}, r"boxes of shape \(3, 2, 5\); expected \(3, 2, 4\) .*features \(3, 2, 5\)"),
        ({"scores": np.ones((2, 3))}, r"scores of shape \(2, 3\); expected \(3, 2\)"),
        ({"labels": np.zeros((3, 1), int)}, r"labels of shape \(3, 1\); expected \(3, 2\)"),
        ({"times_seconds": with_value((3,), NAN)}, "times_seconds holds NaN or infinity; expected finite numbers"),
        ({"features": with_value((3, 2, 5), NAN)}, "features holds NaN or infinity"),
        ({"boxes": with_value((3, 2, 4), INFINITY)}, "boxes holds NaN or infinity"),
        ({"scores": with_value((3, 2), -INFINITY)}, "scores holds NaN or infinity"),
        ({"label_names": ("cup",)}, "labels point outside the 1 label names"),
        ({"labels": np.full((3, 2), -2)}, "labels point outside the 2 label names"),
    ],
)
def test_objects_that_cannot_be(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^video kitchen: {message}"):
        make_objects(**changes)


def test_a_video_may_have_no_object_at_all() -> None:
    empty = make_objects(
        features=np.ones((3, 0, 5)), boxes=np.ones((3, 0, 4)), scores=np.ones((3, 0)), labels=np.ones((3, 0), int)
    )
    assert empty.labels.size == 0


@given(st.lists(st.integers(0, 2**16 - 1), min_size=1, max_size=4), st.integers(0, 2**17 - 1))
@settings(max_examples=50)
def test_what_is_not_finite_in_fp16_is_found_wherever_it_is(patterns: list[int], place: int) -> None:
    # more numbers than are looked at together, every second of them: not contiguous
    features = np.ones((2**17 + 8, 2), np.float16)[:, :1]
    bits = np.array(patterns, np.uint16)
    features[place : place + len(bits), 0] = bits.view(np.float16)
    objects: dict[str, Any] = {
        "times_seconds": np.arange(len(features)), "features": features[:, None], "label_names": (),
        "boxes": np.zeros((len(features), 1, 4)), "scores": np.zeros((len(features), 1)),
        "labels": np.full((len(features), 1), -1),
    }  # fmt: skip
    if np.isfinite(features.astype(np.float64)).all():
        assert make_objects(**objects).features is not None
    else:
        with pytest.raises(InputError, match="features holds NaN or infinity"):
            make_objects(**objects)


def test_what_no_utf8_can_say_is_no_sentence() -> None:
    check_sentences(["a person", "ein Fahrrad fällt um", "🚲"])
    with pytest.raises(InputError, match=r"the sentence 'a\\udcff' holds bytes that are no UTF-8; expected text"):
        check_sentences(["a person", "a\udcff"])
