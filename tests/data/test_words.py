"""Tokenizers, word vectors and their files, coverage: against values worked out by hand."""

import hashlib
import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from leorn.data.words import (
    TOKENIZERS,
    WordVectors,
    coverage,
    load_word_vectors,
    save_word_vectors,
    warn_unknown,
    whitespace,
    words,
)
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


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_saved_vectors_are_loaded_the_same_with_their_source(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vectors{suffix}"
    save_word_vectors(path, NAMES, VECTORS)
    loaded = load_word_vectors(path)
    assert list(loaded.index.items()) == [(word, row) for row, word in enumerate(NAMES)]
    np.testing.assert_array_equal(loaded.vectors, VECTORS)
    assert loaded.vectors.dtype == np.float32
    assert loaded.size == 2
    assert loaded.source == f"vectors{suffix} sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert list(tmp_path.iterdir()) == [path]


def test_files_have_the_documented_content(tmp_path: Path) -> None:
    save_word_vectors(tmp_path / "v.npz", NAMES, VECTORS.astype(np.float64))
    with np.load(tmp_path / "v.npz", allow_pickle=False) as arrays:
        assert arrays["words"].tolist() == NAMES
        assert arrays["vectors"].dtype == np.float32
    save_word_vectors(tmp_path / "v.safetensors", NAMES, VECTORS)
    with safe_open(tmp_path / "v.safetensors", framework="np") as file:
        assert json.loads(file.metadata()["words"]) == NAMES
        np.testing.assert_array_equal(file.get_tensor("vectors"), VECTORS)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".txt"])
def test_only_the_vocabulary_is_kept_and_the_source_is_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vectors{suffix}"
    if suffix == ".txt":
        path.write_text("".join(f"{word} {a} {b}\n" for word, (a, b) in zip(NAMES, VECTORS.tolist(), strict=True)))
    else:
        save_word_vectors(path, NAMES, VECTORS)
    kept = load_word_vectors(path, vocabulary=["light", "cup", "unknown"])
    assert kept.index == {"cup": 0, "light": 1}
    assert kept.vectors.tolist() == [[5, 6], [0, 3]]
    assert kept.source == load_word_vectors(path).source
    with pytest.raises(InputError, match=r"vectors.*: no word vector of the words asked for"):
        load_word_vectors(path, vocabulary=["unknown"])


@pytest.mark.parametrize("header", [b"", b"4 3\n"])
def test_text_files_are_read_with_and_without_a_header(tmp_path: Path, header: bytes) -> None:
    path = tmp_path / "glove.txt"
    # a word of the published files may hold spaces, U+0085, or bytes that are not UTF-8; some lines end in a space
    path.write_bytes(header + b"the 1 -2.5 3e-1\n. . . 4 5 6 \n\xc2\x85 7 8 9\nca\xfe 1 1 1\n")
    loaded = load_word_vectors(path)
    assert loaded.index == {"the": 0, ". . .": 1, "\x85": 2}
    np.testing.assert_array_equal(loaded.vectors, np.array([[1, -2.5, 0.3], [4, 5, 6], [7, 8, 9]], dtype=np.float32))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a 1 2\nb 3\n", r"glove.txt:2: 1 values after the word; expected 2"),
        ("a 1 2\nb 3 4 5\n", r"glove.txt:2: 3 values after the word; expected 2"),
        ("a 1 2\n\nb 3 4\n", r"glove.txt:2: 0 values after the word; expected 2"),
        ("a\n", r"glove.txt:1: 0 values after the word; expected at least one"),
        ("3 2\na 1 2\nb 3 4\n", r"2 words where line 1 announces 3; is the file truncated\?"),
        ("3 2\na 1 2\nb 3 4 5\n", r"glove.txt:3: 3 values after the word; expected 2"),
        ("a 1 2\nb 3 x\n", r"glove.txt:2: .*'x'; expected numbers after the word"),
        ("a 1 2\nb nan 1\n", r"glove.txt:2: the vector holds NaN or infinity"),
        ("a 1 2\nb 1e300 1\n", r"glove.txt:2: the vector holds NaN or infinity"),
        ("a 1 2\nb 1 1\na 1 2\n", r"glove.txt: the word 'a' occurs 2 times; expected every word once"),
        ("", r"glove.txt: the file is empty; expected word vectors"),
        ("0 3\n", r"glove.txt: no word vector in it"),
    ],
)
def test_a_malformed_text_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "glove.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        load_word_vectors(path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors", ".txt"])
def test_missing_and_empty_files_are_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vectors{suffix}"
    with pytest.raises(InputError, match=r"cannot read word vectors .*vectors\..*: No such file"):
        load_word_vectors(path)
    path.touch()
    with pytest.raises(InputError, match=r"vectors\..*: the file is empty; expected word vectors"):
        load_word_vectors(path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_truncated_files_are_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vectors{suffix}"
    save_word_vectors(path, NAMES, VECTORS)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"vectors\..*; expected an? .* `vectors`"):
        load_word_vectors(path)


def test_a_damaged_npz_is_named(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npz"
    save_word_vectors(path, NAMES, VECTORS)
    content = bytearray(path.read_bytes())
    content[content.index(VECTORS.tobytes())] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"vectors.npz: Bad CRC-32 .*; expected an .npz file"):
        load_word_vectors(path)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"vectors": VECTORS}, r"words is not a file in the archive'?; expected an .npz file"),
        ({"words": np.array(NAMES, dtype=object), "vectors": VECTORS}, r"Object arrays cannot be loaded"),
        ({"words": np.arange(6), "vectors": VECTORS}, r"words of shape \(6,\) and type int64; expected \(V,\) text"),
        ({"words": np.array(NAMES[:5]), "vectors": VECTORS}, r"5 words and 6 vectors; expected a vector for each"),
        ({"words": np.array(NAMES), "vectors": VECTORS[:, 0]}, r"shape \(6,\) and type float32; expected \(V, D\)"),
        ({"words": np.array(NAMES), "vectors": np.array(NAMES)}, r"vectors.npz: could not convert string to float"),
        ({"words": np.array(["a", "a"]), "vectors": VECTORS[:2]}, r"the word 'a' occurs 2 times"),
        (
            {"words": np.array(NAMES), "vectors": np.full((6, 2), 1e300)},
            r"the vector of row 0 holds NaN or infinity",
        ),
    ],
)
def test_a_malformed_npz_is_named(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    path = tmp_path / "vectors.npz"
    np.savez(path, allow_pickle=True, **arrays)
    with pytest.raises(InputError, match=message):
        load_word_vectors(path)
    with pytest.raises(InputError, match=message):
        load_word_vectors(path, vocabulary=["a", *NAMES])


@pytest.mark.parametrize(
    ("tensors", "metadata", "message"),
    [
        ({"vectors": VECTORS}, None, r"the metadata `words` is no list of text"),
        ({"vectors": VECTORS}, {"words": "person"}, r"Expecting value.*; expected a safetensors file with"),
        ({"vectors": VECTORS}, {"words": "[1]"}, r"the metadata `words` is no list of text"),
        ({"words": VECTORS}, {"words": json.dumps(NAMES)}, r"does not contain tensor vectors; expected a safetensors"),
        ({"vectors": VECTORS}, {"words": '["a"]'}, r"1 words and 6 vectors"),
    ],
)
def test_a_malformed_safetensors_file_is_named(
    tmp_path: Path, tensors: dict[str, np.ndarray], metadata: dict[str, str] | None, message: str
) -> None:
    path = tmp_path / "vectors.safetensors"
    save_file(tensors, path, metadata)
    with pytest.raises(InputError, match=f"vectors.safetensors: .*{message}"):
        load_word_vectors(path)


@pytest.mark.parametrize(
    ("name", "names", "vectors", "message"),
    [
        ("v.txt", NAMES, VECTORS, r"cannot write word vectors to .*v.txt; expected a name in .npz or .safetensors"),
        ("v.npz", NAMES[1:], VECTORS, r"v.npz: 5 words and 6 vectors"),
        ("v.npz", ["a"] * 6, VECTORS, r"v.npz: the word 'a' occurs 6 times"),
        ("v.npz", NAMES, VECTORS * np.float32(np.nan), r"v.npz: the vector of row 0 holds NaN"),
        ("file/v.npz", NAMES, VECTORS, r"cannot write .*v.npz"),
    ],
)
def test_what_cannot_be_saved_leaves_nothing_behind(
    tmp_path: Path, name: str, names: list[str], vectors: np.ndarray, message: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=message):
        save_word_vectors(tmp_path / name, names, vectors)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


def test_vectors_of_another_type_are_refused() -> None:
    with pytest.raises(InputError, match=r"shape \(6, 2\) and type float64; expected \(V, D\) float32"):
        WordVectors(KNOWN.index, VECTORS.astype(np.float64), "by hand")


def test_coverage_counts_occurrences_and_different_words(caplog: pytest.LogCaptureFixture) -> None:
    queries = [query("A cup, a cup!", "first"), query("zzz yyy", "second"), query("...", "third")]
    found = coverage(queries, KNOWN, words)
    assert (found.occurrences, found.known_occurrences, found.share) == (6, 2, pytest.approx(1 / 3))
    assert (found.distinct, found.known_distinct, found.distinct_share) == (4, 1, 0.25)
    assert found.unknown_queries == tuple(queries[1:])
    assert found.summary() == "33.3% of 6 words and 25.0% of 4 different words have a vector; 2 queries have none"
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
    code = "import sys, leorn.data.words, leorn.data.annotations; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_published_subset_covers_the_cooking_queries(shared: Path) -> None:
    loaded = load_word_vectors(shared / "data" / "words" / "glove6B_100d_subset.npz")
    assert loaded.vectors.shape == (2_465, 100)
    rows = (shared / "data" / "kscgr" / "queries.jsonl").read_text().splitlines()
    found = coverage([query(json.loads(row)["query"]) for row in rows], loaded, words)
    unknown = sum(json.loads(row)["query"].split().count(word) for row in rows for word in ("saltshaker", "kinshi"))
    assert found.occurrences - found.known_occurrences == unknown == 47
    assert found.unknown_queries == ()
