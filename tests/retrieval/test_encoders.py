from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.records import VideoObjects
from leorn.retrieval.encoders import MOST, NOTHING, AskedOnce, LabelEncoder, describe, lasting_encoder, open_encoder
from leorn.retrieval.windows import Window

NAMES = ("cat", "cup", "dog")


def video(*frames: Sequence[tuple[str, float]], names: Sequence[str] = NAMES) -> VideoObjects:
    """A video of a frame each second, in the middle of it, with labels and scores."""
    slots = max(map(len, frames))
    labels, scores = np.full((len(frames), slots), -1), np.zeros((len(frames), slots), np.float32)
    for row, frame in enumerate(frames):
        for slot, (name, score) in enumerate(frame):
            labels[row, slot], scores[row, slot] = names.index(name), score
    return VideoObjects(
        "v",
        float(len(frames)),
        np.arange(len(frames)) + 0.5,
        np.zeros((len(frames), slots, 2), np.float32),
        np.zeros((len(frames), slots, 4), np.float32),
        scores,
        labels,
        tuple(names),
    )


@pytest.mark.parametrize(
    ("window", "said"),
    [
        # cat: 0.9 in one frame of two; dog: 0.6 in both
        (Window(0, 2), "dog, cat"),
        (Window(0, 1), "cat, dog"),
        # two dogs of a frame are one
        (Window(2, 3), "dog"),
        # a cup of a tenth of a tenth of the dog's weight is left out
        (Window(0, 4), "dog, cat"),
        (Window(3, 4), "cup"),
        (Window(4, 5), NOTHING),
        # between two sampled frames: that nearest to its middle
        (Window(0.6, 0.7), "cat, dog"),
        (Window(1.3, 1.4), "dog"),
    ],
)
def test_a_window_is_told_by_what_is_seen_longest_and_surest(window: Window, said: str) -> None:
    objects = video([("cat", 0.9), ("dog", 0.6)], [("dog", 0.6)], [("dog", 0.6), ("dog", 0.5)], [("cup", 0.1)], [])
    assert describe(objects, window) == said


def test_equals_come_by_name_and_the_eight_first_are_told() -> None:
    names = [f"thing{number}" for number in range(MOST + 3)]
    objects = video([(name, 0.5) for name in reversed(names)], names=names)
    assert describe(objects, Window(0, 1)) == ", ".join(sorted(names)[:MOST])


class Counting:
    """Gives each sentence a vector by its length, and counts them."""

    def __init__(self) -> None:
        self.fingerprint = {"weights": "none"}
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), 1.0] for text in texts])


def test_each_sentence_is_encoded_once() -> None:
    sentences = Counting()
    encoder = LabelEncoder(sentences)  # pyrefly: ignore[bad-argument-type]
    objects = video([("cat", 0.9)], [("cat", 0.5)], [("cup", 0.9)])
    vectors = encoder.windows(objects, [Window(0, 1), Window(1, 2), Window(2, 3), Window(0, 2)])
    assert vectors.tolist() == [[3, 1]] * 4
    assert sentences.asked == ["cat", "cup"]
    assert encoder.fingerprint["sentences"] == {"weights": "none"}


def test_a_sentence_is_read_once_for_a_search() -> None:
    sentences = Counting()
    encoder = AskedOnce(LabelEncoder(sentences))  # pyrefly: ignore[bad-argument-type]
    for texts in (["cat"], ["cat"], ["cat", "cup"], ["cat"], ["a dog"], ["cat"]):
        assert encoder.sentences(texts).tolist() == [[len(text), 1] for text in texts]
    assert sentences.asked == ["cat", "cat", "cup", "a dog", "cat"]
    assert encoder.fingerprint["encoder"] == "labels"
    assert encoder.windows(video([("cat", 0.9)]), [Window(0, 1)], None).tolist() == [[3, 1]]


def test_a_folder_is_named_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "clip").mkdir()
    monkeypatch.chdir(tmp_path)
    named = {name: lasting_encoder(name) for name in ("labels", "hf:clip", "hf:owner/name", "hf:")}
    assert named == {
        "labels": "labels",
        "hf:clip": f"hf:{tmp_path}/clip",
        "hf:owner/name": "hf:owner/name",
        "hf:": "hf:",
    }


def test_an_unknown_encoder_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"^encoder magic: no such encoder; expected labels, or hf: with an "):
        open_encoder("magic")
