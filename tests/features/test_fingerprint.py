"""Two ways of making features: the same for a store, the same for a network, or told apart."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.features.fingerprint import (
    LABEL_FEATURES,
    check_fingerprint,
    frames_part,
    same_words,
    told_apart,
    told_apart_for_network,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FINGERPRINTS = st.dictionaries(st.text(), JSON, max_size=4)
YOLO: dict[str, Any] = {
    "extractor": "leorn extract",
    "detector": {"kind": "opencv-yolo", "weights": "dcce", "min_score": 0.25},
    "backbone": None,
    "features": LABEL_FEATURES,
    "feature_size": 50,
    "word_vectors": "glove.txt sha256:aa11",
    "frames": 128,
}


@given(FINGERPRINTS)
def test_a_fingerprint_is_not_told_apart_from_itself(fingerprint: dict[str, Any]) -> None:
    assert told_apart(fingerprint, copy.deepcopy(fingerprint)) == ""
    assert told_apart_for_network(fingerprint, copy.deepcopy(fingerprint)) == ""


@given(FINGERPRINTS, FINGERPRINTS)
def test_whether_two_differ_does_not_depend_on_their_order(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert bool(told_apart(one, other)) == bool(told_apart(other, one))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, ""),
        ({"frames": 64}, "frames 64 instead of 128"),
        ({"frames": 64, "extractor": "by hand"}, "extractor 'by hand' instead of 'leorn extract', frames 64 instead "),
        ({"detector": YOLO["detector"] | {"min_score": 0.3}}, "detector.min_score 0.3 instead of 0.25"),
        (
            {"detector": {"kind": "hf", "files": {"model.safetensors": "aa"}, "min_score": 0.25}},
            "detector.files {'model.safetensors': 'aa'} instead of None, detector.kind 'hf' instead of 'opencv-yolo', "
            "detector.weights None instead of 'dcce'",
        ),
        ({"backbone": {str(n): n for n in range(9)}}, "backbone {'0': 0, '1': 1, '2': 2, '3': 3, ...} instead of None"),
        # a file may have another name
        ({"word_vectors": "the same.npz sha256:aa11"}, ""),
        ({"word_vectors": "glove.txt sha256:bb"}, "word_vectors 'glove.txt sha256:bb' instead of 'glove.txt sha256:aa"),
        ({"revision": None}, ""),
        ({"revision": "main"}, "revision 'main' instead of None"),
    ],
)
def test_what_differs_is_said_part_by_part(change: dict[str, Any], message: str) -> None:
    said = told_apart(YOLO, YOLO | change)
    assert said.startswith(message)
    assert bool(said) == bool(message)


@pytest.mark.parametrize(
    "change",
    [
        {"detector": {"kind": "hf"}},
        {"extractor": "leorn import-detections", "detector": None},
        {"frames": 64, "backbone": {"kind": "hf"}},
        {"word_vectors": "other name.npz sha256:aa11"},
    ],
)
def test_label_features_are_the_same_behind_any_detector(change: dict[str, Any]) -> None:
    assert told_apart_for_network(YOLO, YOLO | change) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"word_vectors": "glove.txt sha256:bb22"}, "word_vectors 'glove.txt sha256:bb22' instead of"),
        ({"feature_size": 100}, "feature_size 100 instead of 50"),
        ({"features": "appearance"}, "features 'appearance' instead of 'mean word vector of the label'"),
    ],
)
def test_label_features_of_other_words_are_told_apart(change: dict[str, Any], message: str) -> None:
    assert told_apart_for_network(YOLO, YOLO | change).startswith(message)


def test_appearance_features_must_be_made_alike() -> None:
    appearance = "appearance, mean word vector of the label"
    trained = YOLO | {"features": appearance}
    assert told_apart_for_network(trained, YOLO | {"features": appearance, "word_vectors": "x sha256:aa11"}) == ""
    detector = YOLO["detector"] | {"weights": "abcd"}
    given = YOLO | {"features": appearance, "detector": detector, "frames": 1}
    assert (
        told_apart_for_network(trained, given) == "detector.weights 'abcd' instead of 'dcce', frames 1 instead of 128"
    )


def test_what_describes_whole_frames_does_not_matter_to_objects() -> None:
    trained = YOLO | {"features": "appearance"}
    assert told_apart_for_network(trained, trained | {"backbone": {"kind": "hf"}}) == ""
    assert told_apart_for_network(trained, trained | {"frames": 1}) == "frames 1 instead of 128"


def test_the_part_of_the_frames_leaves_out_the_objects() -> None:
    made = YOLO | {"backbone": {"kind": "hf"}}
    assert frames_part(made) == {
        "extractor": "leorn extract",
        "backbone": {"kind": "hf"},
        "frames": 128,
        "rate": None,
        "sampling": None,
    }
    assert frames_part(made | {"detector": {"kind": "hf"}, "word_vectors": None}) == frames_part(made)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        ({"frames": "64"}, "frames is '64'; expected a whole number, 1 or more"),
        ({"frames": 0}, "frames is 0; expected a whole number"),
        ({"frames": True}, "frames is True; expected a whole number"),
        ({"rate": 0}, "rate is 0; expected a number above 0"),
        ({"rate": float("inf")}, "rate is inf; expected a number above 0"),
        ({"slots": 1.5}, "slots is 1.5; expected a whole number"),
        ({"detector": "yolo"}, "detector is 'yolo'; expected keys with their values"),
        ({"detector": {"name": 3}}, "detector.name is 3; expected text"),
        ({"detector": {"min_score": "0.3"}}, "detector.min_score is '0.3'; expected a number from 0 to 1"),
        ({"detector": {"min_score": float("nan")}}, "detector.min_score is nan; expected a number from 0 to 1"),
        ({"detector": {"nms_iou": 2}}, "detector.nms_iou is 2; expected a number from 0 to 1"),
        ({"backbone": {"name": ["hf"]}}, r"backbone.name is \['hf'\]; expected text"),
    ],
)
def test_a_fingerprint_of_other_values_is_refused(made: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^a.ckpt: fingerprint: {message}"):
        check_fingerprint(YOLO | made, "a.ckpt")


def test_what_a_fingerprint_leaves_out_is_no_fault() -> None:
    for made in (YOLO, {}, {"detector": None, "backbone": None, "frames": None}, {"detector": {}, "backbone": {}}):
        check_fingerprint(made, "a.ckpt")


def test_words_are_the_same_by_the_content_of_their_file() -> None:
    assert same_words("glove.txt sha256:aa11", "copy of glove.npz sha256:aa11")
    assert not same_words("glove.txt sha256:aa11", "glove.txt sha256:aa12")
    assert same_words("made up", "made up")
    assert not same_words("made up", "made up too")
