"""Word vectors on disk: GloVe's text, `.npz` and `.safetensors`.

Letters of shapes: V words of the vocabulary, D width of a vector.
"""

import hashlib
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from leorn.data.words import WordVectors
from leorn.errors import InputError
from leorn.files import replace_atomically


def load_word_vectors(path: str | Path, vocabulary: Collection[str] | None = None) -> WordVectors:
    """Read word vectors from `.npz`, `.safetensors` or, with any other suffix, text.

    Args:
        path: `.npz` with arrays `words` (V,) and `vectors` (V, D); `.safetensors` with a tensor `vectors` and the
            words as a JSON list in the metadata under `words`; or lines `word v1 v2 …` as GloVe is published, with or
            without the first line `V D` of word2vec.
        vocabulary: keep these words alone, so that a file of a gigabyte does not fill the memory.

    Raises:
        InputError: a file that is missing, empty, truncated or of another format, a line with another number of
            values than the first (naming file and line), NaN, a word that occurs twice, or no word left.
    """
    path = Path(path)
    source = _source(path)
    wanted = None if vocabulary is None else frozenset(vocabulary)
    if path.suffix in _ARRAY_READERS:
        names, vectors = _ARRAY_READERS[path.suffix](path)
        if wanted is not None and vectors.shape[:1] == (len(names),):
            rows = [row for row, word in enumerate(names) if word in wanted]
            names, vectors = [names[row] for row in rows], vectors[rows]
    else:
        names, vectors = _read_text(path, wanted)
    if not names:
        raise InputError(f"{path}: no word vector {'in it' if wanted is None else 'of the words asked for'}")
    return _checked(names, vectors, path, source)


def save_word_vectors(
    path: str | Path, words: Sequence[str], vectors: Float[np.ndarray, "V D"], half: bool = False
) -> None:
    """Write word vectors as `.npz` or `.safetensors`, by the suffix, atomically; in fp16 where `half` is true.

    Raises:
        InputError: another suffix, words and vectors that do not go together, or a file that cannot be written.
    """
    path = Path(path)
    if path.suffix not in _ARRAY_READERS:
        raise InputError(f"cannot write word vectors to {path}; expected a name in {' or '.join(_ARRAY_READERS)}")
    checked = _checked(words, vectors, path, source="").vectors.astype(np.float16 if half else np.float32)
    with replace_atomically(path) as temporary:
        if path.suffix == ".npz":
            # an open file, because NumPy would add its suffix to the temporary name
            with temporary.open("wb") as file:
                np.savez(file, words=np.array(words, dtype=np.str_), vectors=checked)
        else:
            # not save_file(): its error for a full disk is no OSError
            metadata = {"words": json.dumps(list(words))}
            temporary.write_bytes(save({"vectors": np.ascontiguousarray(checked)}, metadata))


def _checked(names: Sequence[str], vectors: np.ndarray, path: Path, source: str) -> WordVectors:
    index = {word: row for row, word in enumerate(names)}
    if len(index) < len(names):
        word, times = Counter(names).most_common(1)[0]
        raise InputError(f"{path}: the word {word!r} occurs {times} times; expected every word once")
    try:
        with np.errstate(over="ignore"):  # too large for float32 becomes infinity, which WordVectors refuses
            return WordVectors(index, np.asarray(vectors, dtype=np.float32), source)
    except (InputError, TypeError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error


def _source(path: Path) -> str:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            if file.tell() == 0:
                raise InputError(f"{path}: the file is empty; expected word vectors")
    except OSError as error:
        raise InputError(f"cannot read word vectors {path}: {error.strerror or error}") from error
    return f"{path.name} sha256:{digest}"


def _read_npz(path: Path) -> tuple[list[str], np.ndarray]:
    expected = "expected an .npz file with arrays `words` and `vectors`"
    # np.load takes other kinds of files too, with a confusing error for each
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path}: not an .npz file, or truncated; {expected}")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names, vectors = arrays["words"], arrays["vectors"]
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path}: {error}; {expected}") from error
    if names.ndim != 1 or names.dtype.kind != "U":
        raise InputError(f"{path}: words of shape {names.shape} and type {names.dtype}; expected (V,) text")
    return names.tolist(), vectors


def _read_safetensors(path: Path) -> tuple[list[str], np.ndarray]:
    expected = "expected a safetensors file with the tensor `vectors` and the metadata `words`"
    try:
        with safe_open(path, framework="np") as file:
            names, vectors = json.loads((file.metadata() or {}).get("words", "null")), file.get_tensor("vectors")
    except (SafetensorError, ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}; {expected}") from error
    if not (isinstance(names, list) and all(isinstance(word, str) for word in names)):
        raise InputError(f"{path}: the metadata `words` is no list of text; {expected}")
    return names, vectors


_ARRAY_READERS: dict[str, Callable[[Path], tuple[list[str], np.ndarray]]] = {
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
}


def _read_text(path: Path, wanted: Collection[str] | None) -> tuple[list[str], np.ndarray]:
    names: list[str] = []
    rows: list[np.ndarray] = []
    size = announced = None
    number = 0
    # bytes, because some published words hold characters that text mode takes for the end of a line
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = raw.rstrip()
            if number == 1 and re.fullmatch(rb"\d+ \d+", line):
                announced, size = map(int, line.split())
                continue
            size = line.count(b" ") if size is None else size
            word, values = _split_line(line, size, f"{path}:{number}")
            if word is not None and (wanted is None or word in wanted):
                names.append(word)
                rows.append(_vector(values, f"{path}:{number}"))
    if announced is not None and number - 1 != announced:
        raise InputError(f"{path}: {number - 1} words where line 1 announces {announced}; is the file truncated?")
    return names, np.stack(rows) if rows else np.zeros((0, size or 0), dtype=np.float32)


def _split_line(line: bytes, size: int, where: str) -> tuple[str | None, list[bytes]]:
    """Split a line into its word and `size` values; the word is None where it is not UTF-8, so that nobody asks for it.

    A few words of the published Common Crawl vectors hold spaces: the values are the last fields.
    """
    word, *values = line.rsplit(b" ", size)
    if not values or len(values) != size or _is_number(word.rpartition(b" ")[2] if b" " in word else b""):
        raise InputError(f"{where}: {line.count(b' ')} values after the word; expected {size or 'at least one'}")
    try:
        return word.decode(), values
    except UnicodeDecodeError:
        return None, values


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


def _vector(values: list[bytes], where: str) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):  # too large for float32 becomes infinity, which is refused below
            vector = np.array([float(value) for value in values], dtype=np.float32)
    except ValueError as error:
        raise InputError(f"{where}: {error}; expected numbers after the word") from error
    if not np.isfinite(vector).all():
        raise InputError(f"{where}: the vector holds NaN or infinity; expected finite numbers")
    return vector
