"""Tokenizers, word vectors and coverage: against values worked out by hand."""

import logging
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.data.words import TOKENIZERS, WordVectors, coverage, warn_unknown, whitespace, words
from leorn.errors import InputError
from leorn.records import Query

NAMES = ["person", "'s", "cup", "t-shirt", "traffic", "light"]
VECTORS = np.array([[1, 2], [3, 4], [5, 6], [7, 8], [1, 0], [0, 3]], dtype=np.float32)
KNOWN = WordVectors({word: row for row, word in enumerate(NAMES)}, VECTORS, "by hand")


def query(text: str, query_id: str = "q") -> Query:
    return Query(query_id, "v", text, 10.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A Person's cup, on the table.", ["a", "person", "'s", "cup", "on", "the", "table"]),
        ("They don't, can't, won't: it’s", ["they", "do", "n't", "ca", "n't", "wo", "n't", "it", "'s"]),
        ("we're they've she'll I'm he'd", ["we", "'re", "they", "'ve", "she", "'ll", "i", "'m", "he", "'d"]),
        ("the dogs' bowl at five o'clock", ["the", "dogs", "bowl", "at", "five", "o'clock"]),
        ("a t-shirt's sleeve - re-wrap", ["a", "t-shirt", "'s", "sleeve", "re-wrap"]),
        ("1.5 l at 6:30, 1/2 of 10,000, no. 3.", ["1.5", "l", "at", "6:30", "1/2", "of", "10,000", "no", "3"]),
        ('bag/box and dining_table ("red")!', ["bag", "box", "and", "dining", "table", "red"]),
        ("jalapen\u0303o", ["jalape\u00f1o"]),
        ("?! -- '", []),
    ],
)
def test_words_splits_as_the_vocabulary_of_glove(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_whitespace_keeps_punctuation_on_the_word() -> None:
    assert whitespace(" A Person's cup,\ton it. ") == ["a", "person's", "cup,", "on", "it."]
    assert TOKENIZERS["words"] is words
    assert TOKENIZERS["whitespace"] is whitespace


@given(st.text(alphabet="aZ09'-.,:/_!é ’"))
def test_words_keep_every_letter_and_digit_in_order_and_nothing_around_them(text: str) -> None:
    found = words(text)
    letters = [character for character in text.lower() if character.isalnum()]
    assert [character for word in found for character in word if character.isalnum()] == letters
    assert all(word[-1].isalnum() and (word[0].isalnum() or word[0] == "'") for word in found)


@given(st.lists(st.sampled_from([*NAMES, "unknown", ""])))
def test_encode_looks_each_token_up_and_leaves_unknown_rows_zero(tokens: list[str]) -> None:
    expected = [VECTORS[NAMES.index(token)].tolist() if token in NAMES else [0.0, 0.0] for token in tokens]
    encoded = KNOWN.encode(tokens)
    assert encoded.dtype == np.float32
    assert encoded.shape == (len(tokens), 2)
    assert encoded.tolist() == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("cup", [5.0, 6.0]),
        ("Traffic light", [0.5, 1.5]),
        ("traffic_light", [0.5, 1.5]),
        ("traffic-light", [0.5, 1.5]),
        ("t-shirt", [7.0, 8.0]),
        ("unheard-of light", [0.0, 3.0]),
        ("hair drier", [0.0, 0.0]),
        ("", [0.0, 0.0]),
    ],
)
def test_phrase_averages_the_known_words_of_a_label(label: str, expected: list[float]) -> None:
    vector = KNOWN.phrase(label)
    assert vector.tolist() == expected
    assert vector.dtype == np.float32


def test_vectors_of_another_type_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(6, 2\) and type float64; expected \(V, D\) float32"):
        WordVectors(KNOWN.index, VECTORS.astype(np.float64), "by hand")


def test_coverage_counts_occurrences_and_different_words(caplog: pytest.LogCaptureFixture) -> None:
    queries = [query("A cup, a cup!", "first"), query("zzz yyy", "second"), query("...", "third")]
    found = coverage(queries, KNOWN, words)
    assert (found.occurrences, found.known_occurrences, found.share) == (6, 2, pytest.approx(1 / 3))
    assert (found.distinct, found.known_distinct, found.distinct_share) == (4, 1, 0.25)
    assert found.unknown_queries == tuple(queries[1:])
    assert found.summary() == "33.3% of 6 words and 25.0% of 4 different words have a vector; 2 queries without any"
    with caplog.at_level(logging.WARNING, logger="leorn.data.words"):
        warn_unknown(found)
    assert caplog.messages == [
        "query second of video v: no word of 'zzz yyy' has a vector",
        "query third of video v: no word of '...' has a vector",
    ]


def test_coverage_depends_on_the_tokenizer_and_no_query_at_all_is_no_error() -> None:
    assert coverage([query("a cup, a cup!")], KNOWN, whitespace).known_occurrences == 0
    assert coverage([], KNOWN, words).share == 0.0
    assert coverage([], KNOWN, words).distinct_share == 0.0


def test_words_need_no_torch() -> None:
    code = "import sys, leorn.data.word_files, leorn.data.annotations; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_usual_cosine_is_that_of_the_whole_vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leorn.data.words.ROWS_AT_ONCE", 7)
    rng = np.random.default_rng(0)
    vectors = rng.normal(0.4, 1, (30, 5)).astype(np.float32)
    vectors[3] = 0
    made = WordVectors({str(row): row for row in range(30)}, vectors, "drawn")
    asked = rng.normal(size=5)
    asked /= np.linalg.norm(asked)
    cosines = [0.0 if row == 3 else vectors[row] @ asked / np.linalg.norm(vectors[row]) for row in range(30)]
    mean, moments = made.usual
    assert mean @ asked == pytest.approx(np.mean(cosines), abs=1e-6)
    assert asked @ moments @ asked - (mean @ asked) ** 2 == pytest.approx(np.var(cosines), abs=1e-6)
