from collections import Counter

import numpy as np
import pytest

from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.events import Fact
from leorn.data.simulation.labels import FEW, PERSON
from leorn.data.simulation.splits import COMPOSITIONAL, describe, held_out_pairs
from leorn.data.simulation.verbs import VERBS, Pair, possible_pairs

FACTS = [
    Fact("enter", "dog", None, ((1.0, 4.0), (20.0, 24.0))),
    Fact("leave", "dog", None, ((10.0, 14.0),)),
    Fact("ride", "person", "horse", ((5.0, 8.0),)),
    Fact("enter", "cat", None, ((30.0, 34.0),)),
]
HELD_OUT: set[Pair] = {("ride", "horse"), ("enter", "cat")}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_each_verb_gives_up_and_keeps_some_of_its_labels(seed: int, share: float) -> None:
    held_out = held_out_pairs(share, FEW, np.random.default_rng(seed))
    possible = [pair for pair in possible_pairs(FEW) if pair[1] != PERSON]
    assert held_out < set(possible)
    total, given_up = Counter(verb for verb, _ in possible), Counter(verb for verb, _ in held_out)
    for verb in VERBS:
        assert given_up[verb] == min(max(1, round(share * total[verb])), total[verb] - 1)


def test_held_out_pairs_depend_on_the_seed() -> None:
    draws = {held_out_pairs(0.25, FEW, np.random.default_rng(seed)) for seed in range(5)}
    assert len(draws) == 5


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_sentence_never_names_a_held_out_pair_outside_the_compositional_split(split: str, seed: int) -> None:
    config = SimulationConfig(temporal_share=1.0)
    said = describe(FACTS, HELD_OUT, split, config, np.random.default_rng(seed))
    assert len(said) == 2
    assert not any(noun in text for text, _ in said for noun in ("horse", "cat", "kitten"))
    assert {spans for _, spans in said} in [{((10.0, 14.0),), ((1.0, 4.0),)}, {((10.0, 14.0),), ((20.0, 24.0),)}]


def test_the_compositional_split_asks_about_held_out_pairs_alone() -> None:
    said = describe(FACTS, HELD_OUT, COMPOSITIONAL, SimulationConfig(), np.random.default_rng(0))
    assert {spans for _, spans in said} == {((5.0, 8.0),), ((30.0, 34.0),)}


def test_without_before_and_after_a_sentence_means_all_moments() -> None:
    said = describe(FACTS, HELD_OUT, "train", SimulationConfig(temporal_share=0.0), np.random.default_rng(0))
    assert {spans for _, spans in said} == {((1.0, 4.0), (20.0, 24.0)), ((10.0, 14.0),)}


def test_there_are_at_most_so_many_sentences_about_a_video_and_none_about_nothing() -> None:
    config = SimulationConfig(queries_per_video=1)
    assert len(describe(FACTS, HELD_OUT, "train", config, np.random.default_rng(0))) == 1
    assert describe([], HELD_OUT, "train", config, np.random.default_rng(0)) == []
