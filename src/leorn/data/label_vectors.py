"""Word vectors of a detector's labels, as features of its objects."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from leorn.data.word_files import load_word_vectors
from leorn.data.words import WordVectors, words
from leorn.features.extract import LabelVectors

log = logging.getLogger(__name__)


def label_vectors(vectors: WordVectors, names: Sequence[str]) -> LabelVectors:
    """Return the mean of the vectors of each label's words; labels without a known word are named in a warning.

    Args:
        vectors: of words.
        names: the labels.
    """
    rows = [vectors.phrase(name) for name in names]
    warn_unknown_labels([name for name, row in zip(names, rows, strict=True) if not row.any()], vectors.source)
    return LabelVectors(np.array(rows, dtype=np.float32).reshape(len(names), vectors.size), vectors.source)


def read_label_vectors(path: str | Path, names: Sequence[str]) -> LabelVectors:
    """Return the vectors of labels from a file of word vectors, of which no other word is kept in memory.

    Raises:
        InputError: the file is missing or wrong, or knows no word of any label.
    """
    told = {part for name in names for word in words(name) for part in (word, *word.split("-"))}
    return label_vectors(load_word_vectors(path, told), names)


def warn_unknown_labels(names: Sequence[str], where: str) -> None:
    """Log one warning that names the labels of which no word has a vector."""
    if names:
        told = ", ".join(sorted(names))
        log.warning("%s: no word of these labels has a vector, their features are zero: %s", where, told)
