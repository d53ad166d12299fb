"""Word vectors of labels, against the phrases of all word vectors."""

import logging
from pathlib import Path

import numpy as np
import pytest

from leorn.data import label_vectors as label_vectors_module
from leorn.data.label_vectors import label_vectors, read_label_vectors
from leorn.data.word_files import load_word_vectors, save_word_vectors
from leorn.data.words import WordVectors
from leorn.errors import InputError

WORDS = ("frying", "pan", "t-shirt", "hot", "dog", "cell", "phone", "the", "zebra")
LABELS = ("frying pan", "Hot-Dog", "t-shirt", "cell_phone", "zebra", "zyxwv", "dog zyxwv")


@pytest.fixture
def words(tmp_path: Path) -> Path:
    save_word_vectors(tmp_path / "words.npz", WORDS, np.random.default_rng(0).normal(size=(len(WORDS), 4)))
    return tmp_path / "words.npz"


def mean_of(vectors: WordVectors, *words: str) -> np.ndarray:
    total = np.zeros(vectors.size)
    for word in words:
        total += vectors.vectors[WORDS.index(word)] / len(words)
    return total


def test_a_label_is_the_mean_of_its_known_words(words: Path) -> None:
    vectors = load_word_vectors(words)
    known = [("frying", "pan"), ("hot", "dog"), ("t-shirt",), ("cell", "phone"), ("zebra",), (), ("dog",)]
    of_labels = label_vectors(vectors, LABELS)
    assert (of_labels.vectors.shape, of_labels.vectors.dtype) == ((7, 4), np.float32)
    assert of_labels.source == vectors.source
    for row, label, parts in zip(of_labels.vectors, LABELS, known, strict=True):
        np.testing.assert_allclose(row, mean_of(vectors, *parts), rtol=1e-5, atol=1e-7)
        np.testing.assert_array_equal(row, vectors.phrase(label))


def test_of_a_file_only_the_words_of_the_labels_are_kept(words: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[WordVectors] = []

    def load(path: Path, vocabulary: set[str]) -> WordVectors:
        loaded.append(load_word_vectors(path, vocabulary))
        return loaded[0]

    monkeypatch.setattr(label_vectors_module, "load_word_vectors", load)
    of_file, of_all = read_label_vectors(words, LABELS), label_vectors(load_word_vectors(words), LABELS)
    np.testing.assert_array_equal(of_file.vectors, of_all.vectors)
    assert of_file.source == of_all.source
    assert set(loaded[0].index) == set(WORDS) - {"the"}


def test_labels_without_a_known_word_are_named_once(words: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        of_labels = label_vectors(load_word_vectors(words), ("zyxwv", "zebra", "qqq"))
    assert [row.any() for row in of_labels.vectors] == [False, True, False]
    (message,) = caplog.messages
    assert message.startswith("words.npz sha256:")
    assert message.endswith(": no word of these labels has a vector, their features are zero: qqq, zyxwv")
    caplog.clear()
    label_vectors(load_word_vectors(words), ("zebra",))
    assert caplog.messages == []


def test_no_labels_have_no_vectors(words: Path) -> None:
    assert label_vectors(load_word_vectors(words), ()).vectors.shape == (0, 4)


@pytest.mark.parametrize(
    ("name", "labels", "message"),
    [
        ("nowhere.npz", ["zebra"], "cannot read word vectors .*nowhere.npz: No such file"),
        ("words.npz", ["zyxwv"], r"words\.npz: no word vector of the words asked for"),
    ],
)
def test_a_file_that_does_not_help_is_named(words: Path, name: str, labels: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_label_vectors(words.with_name(name), labels)
