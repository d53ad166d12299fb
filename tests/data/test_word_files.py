"""Files of word vectors: against handwritten ones, and the published subset where it is."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from leorn.data.word_files import load_word_vectors, save_word_vectors
from leorn.data.words import coverage, words
from leorn.errors import InputError
from leorn.records import Query
from tests.disks import full_disk

NAMES = ["person", "'s", "cup", "t-shirt", "traffic", "light"]
VECTORS = np.array([[1, 2], [3, 4], [5, 6], [7, 8], [1, 0], [0, 3]], dtype=np.float32)


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


def test_published_subset_covers_the_cooking_queries(shared: Path) -> None:
    loaded = load_word_vectors(shared / "data" / "words" / "glove6B_100d_subset.npz")
    assert loaded.vectors.shape == (2_465, 100)
    rows = (shared / "data" / "kscgr" / "queries.jsonl").read_text().splitlines()
    queries = [Query("q", "v", json.loads(row)["query"], 10.0) for row in rows]
    found = coverage(queries, loaded, words)
    unknown = sum(json.loads(row)["query"].split().count(word) for row in rows for word in ("saltshaker", "kinshi"))
    assert found.occurrences - found.known_occurrences == unknown == 47
    assert found.unknown_queries == ()


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_full_disk_leaves_the_old_vectors(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"vectors{suffix}"
    save_word_vectors(path, NAMES, VECTORS)
    before = path.read_bytes()
    with full_disk(), pytest.raises(InputError, match=f"^cannot write {path}: File too large$"):
        save_word_vectors(path, NAMES, np.ones((len(NAMES), 1000), dtype=np.float32))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
