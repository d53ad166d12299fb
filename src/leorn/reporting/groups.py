"""Queries in groups by what makes them hard: length, place and number of moments, and the words of the sentence."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leorn.data.words import TOKENIZERS
from leorn.records import Moment, Query
from leorn.reporting.verbs import first_verb
from leorn.scoring.ranking import TIE_TOLERANCE

VERBS = 10
"""The most frequent first verbs have a group of their own."""
OTHER_VERBS, NO_VERB = "other verbs", "no verb found"


@dataclass(frozen=True)
class Grouping:
    """Queries told apart by one property.

    Attributes:
        name: the property.
        rule: what it means, for a reader.
        groups: in the order in which to show them; none is empty.
        of: the group of each query.
    """

    name: str
    rule: str
    groups: tuple[str, ...]
    of: tuple[str, ...]


def group_queries(queries: Sequence[Query], train: Sequence[Query]) -> list[Grouping]:
    """Group queries by moment length, position, number of moments, query length, first verb and rare words.

    Args:
        queries: with their moments.
        train: training queries, whose sentences say which words are rare; none, and there is no such grouping.

    Raises:
        InputError: the tagger that finds verbs is not installed.
    """
    groupings = [
        _binned(
            "moment length", "the longest moment, as a share of the video", queries, _length,
            (0.05, 0.1, 0.25, 0.5), ("below 5%", "5–10%", "10–25%", "25–50%", "50% and more"),
        ),
        _binned(
            "position", "the middle of the longest moment, in the video", queries, _position,
            (0.2, 0.4, 0.6, 0.8), ("first fifth", "second", "third", "fourth", "last fifth"),
        ),
        _binned(
            "number of moments", "true moments of the query", queries, lambda query: len(query.moments),
            (2, 3, 4), ("1", "2", "3", "4 and more"),
        ),
        _binned(
            "query length", "words of the sentence", queries, lambda query: len(_words(query)),
            (6, 9, 13, 21), ("1–5 words", "6–8", "9–12", "13–20", "21 and more"),
        ),
        _by_verb(queries),
    ]  # fmt: skip
    return [*groupings, _by_rarest_word(queries, train)] if train else groupings


def _binned(
    name: str,
    rule: str,
    queries: Sequence[Query],
    value: Callable[[Query], float],
    edges: Sequence[float],
    names: Sequence[str],
) -> Grouping:
    """Group by a number; one on an edge belongs to the upper group, also where rounding puts it just below."""
    of = tuple(names[bisect_right(edges, value(query) + TIE_TOLERANCE)] for query in queries)
    return Grouping(name, rule, tuple(group for group in names if group in of), of)


def _by_verb(queries: Sequence[Query]) -> Grouping:
    verbs = [first_verb(query.text) for query in queries]
    # equally frequent ones by the alphabet, lest the order of the file decide
    counts = sorted(Counter(verb for verb in verbs if verb).items(), key=lambda item: (-item[1], item[0]))
    frequent = [verb for verb, _ in counts[:VERBS]]
    of = tuple(NO_VERB if verb is None else verb if verb in frequent else OTHER_VERBS for verb in verbs)
    groups = tuple(group for group in (*frequent, OTHER_VERBS, NO_VERB) if group in of)
    return Grouping("first verb", "the first verb that says what happens, as an English tagger sees it", groups, of)


def _by_rarest_word(queries: Sequence[Query], train: Sequence[Query]) -> Grouping:
    seen = Counter(word for query in train for word in _words(query))
    return _binned(
        "rare words", "how often training has the sentence's rarest word", queries,
        lambda query: min((seen[word] for word in _words(query)), default=0),
        (1, 10, 100), ("never seen", "1–9 times", "10–99 times", "100 and more"),
    )  # fmt: skip


def _words(query: Query) -> list[str]:
    return TOKENIZERS["words"](query.text)


def _longest(query: Query) -> Moment:
    return max(query.moments, key=lambda moment: moment.end_seconds - moment.start_seconds)


def _length(query: Query) -> float:
    start, end = _longest(query).span
    return (end - start) / query.duration_seconds


def _position(query: Query) -> float:
    return sum(_longest(query).span) / 2 / query.duration_seconds
