"""The first verb of a sentence, as an English tagger sees it: what the sentence says happens first.

Tagger and lemmas come from TextBlob and LemmInflect, whose word lists lie in their packages: nothing is downloaded.
"""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

from leorn.errors import InputError

NO_CONTENT = frozenset(
    {"be", "have", "do", "begin", "start", "continue", "can", "will", "may", "shall", "must", "see", "show"}
)
"""Verbs that stand before the one that says what happens."""


def first_verb(sentence: str) -> str | None:
    """Return the base form of the first verb that says what happens, “open” of “a person is opening a door”.

    The tagger takes verbs of short sentences for nouns now and then, as in “person drinking water”: where it sees no
    verb, the first word after a noun, a pronoun or another verb that can be one is it.

    Returns:
        None where there is no such verb.

    Raises:
        InputError: the tagger is not installed.
    """
    tag, lemmas_of = _tools()
    tagged = tag(sentence)
    return next(_tagged_verbs(tagged, lemmas_of), None) or next(_possible_verbs(tagged, lemmas_of), None)


Tagged = list[tuple[str, str]]
Lemmas = Callable[[str], tuple[str, ...]]


def _tagged_verbs(tagged: Tagged, lemmas_of: Lemmas) -> Iterator[str]:
    for word, tag in tagged:
        lemma = next(iter(lemmas_of(word)), word.lower())
        if tag.startswith("VB") and lemma not in NO_CONTENT:
            yield lemma


def _possible_verbs(tagged: Tagged, lemmas_of: Lemmas) -> Iterator[str]:
    for (_, before), (word, _) in pairwise(tagged):
        if before.startswith(("NN", "PRP", "VB", "TO")):
            yield from (lemma for lemma in lemmas_of(word) if lemma not in NO_CONTENT)


@cache
def _tools() -> tuple[Callable[[str], Tagged], Lemmas]:
    try:
        from lemminflect import getAllLemmas
        from textblob.en.taggers import PatternTagger
    except ImportError as error:
        raise InputError(f"{error.name} is not installed; pip install leorn[report] adds it") from error
    return PatternTagger().tag, cache(lambda word: getAllLemmas(word.lower()).get("VERB", ()))
