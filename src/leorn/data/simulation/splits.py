"""Which facts a split's sentences may be about: those seen in training, or the verb–object pairs held out from it."""

from collections import Counter, defaultdict
from collections.abc import Collection

import numpy as np

from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.events import Fact
from leorn.data.simulation.labels import LABEL_SETS, PERSON, Labels
from leorn.data.simulation.sentences import Spans, sentence, temporal_sentence
from leorn.data.simulation.verbs import Pair, Verb, possible_pairs

COMPOSITIONAL = "test-compositional"
SPLITS = ("train", "val", "test", COMPOSITIONAL)


def held_out_pairs(share: float, labels: Labels, rng: np.random.Generator) -> frozenset[Pair]:
    """Draw the verb–object pairs that training sees in no sentence.

    Each verb gives up the same share of its labels, one at least, and keeps one at least. Person, whom most sentences
    are about, is in no such pair.
    """
    about: defaultdict[Verb, list[str]] = defaultdict(list)
    for verb, label in possible_pairs(labels):
        if label != PERSON:
            about[verb].append(label)
    return frozenset(
        (verb, label)
        for verb, choices in about.items()
        for label in rng.choice(
            choices, min(max(1, round(share * len(choices))), len(choices) - 1), replace=False
        ).tolist()
    )


def describe(
    facts: list[Fact], held_out: Collection[Pair], split: str, config: SimulationConfig, rng: np.random.Generator
) -> list[tuple[str, Spans]]:
    """Make the sentences about a scene.

    Args:
        facts: that have clear moments.
        held_out: pairs that sentences of the compositional split are about, and those of other splits never name.
        split: one of `SPLITS`.
        config: how many sentences, and how many with before and after.
        rng: draws which facts, and the words.

    Returns:
        Sentences with the moments they mean, in seconds.
    """
    seen = [fact for fact in facts if fact.pair not in held_out]
    asked = [fact for fact in facts if fact.pair in held_out] if split == COMPOSITIONAL else seen
    if not asked:
        return []
    # rare verbs first, as every scene is full of motions to the left and right
    count = Counter(fact.verb for fact in asked)
    weights = np.array([1 / count[fact.verb] for fact in asked])
    wanted = min(config.queries_per_video, len(asked))
    chosen = rng.choice(len(asked), wanted, replace=False, p=weights / weights.sum())
    labels = LABEL_SETS[config.labels]
    return [_say(asked[index], seen, config.temporal_share, labels, rng) for index in chosen.tolist()]


def _say(
    fact: Fact, seen: list[Fact], temporal_share: float, labels: Labels, rng: np.random.Generator
) -> tuple[str, Spans]:
    if len(fact.moments) > 1 and rng.random() < temporal_share:
        told = temporal_sentence(fact, [other for other in seen if other != fact], labels, rng)
        if told is not None:
            return told
    return sentence(fact, labels, rng), fact.moments
