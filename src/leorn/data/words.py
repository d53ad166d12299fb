"""From a sentence to word vectors: tokenizers, the vectors themselves, and how much of a data set they cover.

Letters of shapes: V words of the vocabulary, L words of a sentence, D width of a vector.
"""

import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from leorn.errors import InputError
from leorn.features.published import unit_rows
from leorn.records import Query
from leorn.wording import counted

log = logging.getLogger(__name__)

Tokenizer = Callable[[str], list[str]]

_CLITIC = r"'(?:s|re|ve|ll|d|m)\b"
_WORD = re.compile(
    rf"""
    \d+(?:[.,:/]\d+)+                               # 1.5  6:30  1/2  10,000
    | [^\W_]+?(?=n't\b) | n't\b                     # do + n't
    | {_CLITIC}                                     # 's of person's
    | [^\W_]+(?:(?!{_CLITIC})['-][^\W_]+)*          # shelf  t-shirt  o'clock
    """,
    re.VERBOSE,
)


def whitespace(text: str) -> list[str]:
    """Split as the published code does: lower case, at white space; punctuation stays on its word."""
    return text.lower().split()


def words(text: str) -> list[str]:
    """Split into lower-case words without punctuation, as GloVe's own vocabulary is split.

    GloVe's corpora went through the Stanford tokenizer, so `person's` becomes `person` and `'s`, `don't` becomes `do`
    and `n't`, while `t-shirt`, `o'clock`, `6:30` and `1/2` are one word each.
    """
    return _WORD.findall(unicodedata.normalize("NFC", text).lower().replace("’", "'"))


ROWS_AT_ONCE = 10_000
"""Word vectors that are looked at together."""
TOKENIZERS: dict[str, Tokenizer] = {"words": words, "whitespace": whitespace}
"""The tokenizers by the names in `DataConfig.tokenizer`."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Word vectors and where they come from.

    Attributes:
        index: word -> row of `vectors`.
        vectors: (V, D) float32.
        source: the file's name and the SHA-256 of its content, so that a checkpoint can name what it was trained on.

    Raises:
        InputError: vectors that are not (V, D) float32 with a row for each word, or that are not finite.
    """

    index: dict[str, int]
    vectors: Float[np.ndarray, "V D"]
    source: str

    def __post_init__(self) -> None:
        shape, dtype = self.vectors.shape, self.vectors.dtype
        if self.vectors.ndim != 2 or dtype != np.float32:
            raise InputError(f"word vectors of shape {shape} and type {dtype}; expected (V, D) float32")
        if shape[0] != len(self.index):
            raise InputError(f"{len(self.index)} words and {shape[0]} vectors; expected a vector for each word")
        if not np.isfinite(self.vectors).all():
            row = int(np.flatnonzero(~np.isfinite(self.vectors).all(axis=1))[0])
            raise InputError(f"the vector of row {row} holds NaN or infinity; expected finite numbers")

    @cached_property
    def usual(self) -> tuple[Float[np.ndarray, " D"], Float[np.ndarray, "D D"]]:
        """Mean and second moments of the vectors at length 1: they say how near the vocabulary is to any vector."""
        mean, moments = np.zeros(self.size), np.zeros((self.size, self.size))
        for start in range(0, len(self.vectors), ROWS_AT_ONCE):
            rows = unit_rows(self.vectors[start : start + ROWS_AT_ONCE].astype(np.float64))
            mean += rows.sum(axis=0) / len(self.vectors)
            moments += rows.T @ rows / len(self.vectors)
        return mean, moments

    @property
    def size(self) -> int:
        """Width of a vector (D)."""
        return self.vectors.shape[1]

    def encode(self, tokens: Sequence[str]) -> Float[np.ndarray, "L D"]:
        """Look up each token; the row of an unknown one is zero."""
        encoded = np.zeros((len(tokens), self.size), dtype=np.float32)
        for position, token in enumerate(tokens):
            if token in self.index:
                encoded[position] = self.vectors[self.index[token]]
        return encoded

    def phrase(self, text: str) -> Float[np.ndarray, " D"]:
        """Average the vectors of a label's known words, as `traffic light` or `dining_table`; zeros where none is.

        A compound that has no vector of its own counts as its parts.
        """
        parts = [part for word in words(text) for part in ([word] if word in self.index else word.split("-"))]
        known = [self.index[part] for part in parts if part in self.index]
        return self.vectors[known].mean(axis=0) if known else np.zeros(self.size, dtype=np.float32)


@dataclass(frozen=True)
class Coverage:
    """How many of the words in a set of queries have a vector.

    Attributes:
        occurrences: words in the sentences, each time counted.
        known_occurrences: those with a vector.
        distinct: different words.
        known_distinct: those with a vector.
        unknown_queries: queries of which no word has a vector.
    """

    occurrences: int
    known_occurrences: int
    distinct: int
    known_distinct: int
    unknown_queries: tuple[Query, ...]

    @property
    def share(self) -> float:
        """Share of known words by occurrence, 0..1."""
        return self.known_occurrences / max(self.occurrences, 1)

    @property
    def distinct_share(self) -> float:
        """Share of known words among the different ones, 0..1."""
        return self.known_distinct / max(self.distinct, 1)

    def summary(self) -> str:
        """Say the shares in one line."""
        return (
            f"{self.share:.1%} of {self.occurrences:,} words and {self.distinct_share:.1%} of "
            f"{self.distinct:,} different words have a vector; "
            f"{counted(len(self.unknown_queries), 'query')} without any"
        )


def coverage(queries: Iterable[Query], words: WordVectors, tokenizer: Tokenizer) -> Coverage:
    """Count the words of the queries that have a vector."""
    counts: Counter[str] = Counter()
    unknown = []
    for query in queries:
        tokens = tokenizer(query.text)
        counts.update(tokens)
        if not any(token in words.index for token in tokens):
            unknown.append(query)
    known = [word for word in counts if word in words.index]
    return Coverage(counts.total(), sum(counts[word] for word in known), len(counts), len(known), tuple(unknown))


def warn_unknown(coverage: Coverage) -> None:
    """Log a warning for each query of which no word has a vector: the network would see zeros alone."""
    for query in coverage.unknown_queries:
        log.warning("query %s of video %s: no word of %r has a vector", query.query_id, query.video, query.text)
