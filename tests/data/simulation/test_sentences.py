import numpy as np
import pytest

from leorn.data.simulation.events import Fact
from leorn.data.simulation.labels import FEW, MANY
from leorn.data.simulation.sentences import FORMS, plural, sentence, temporal_sentence, told_apart, vocabulary
from leorn.data.simulation.verbs import VERBS
from leorn.data.words import words

TWICE = Fact("leave", "dog", None, ((1.0, 4.0), (10.0, 14.0)))
ONCE = Fact("pick up", "person", "cup", ((5.0, 8.0),))


def sayings(fact: Fact, count: int = 400) -> set[str]:
    rng = np.random.default_rng(0)
    return {sentence(fact, FEW, rng) for _ in range(count)}


def test_a_fact_is_said_in_active_and_passive_forms_with_synonyms() -> None:
    said = sayings(ONCE, 1500)
    expected = {
        "the man picks up the cup",
        "someone grabs a mug",
        "a woman lifts the cup",
        "the person takes a cup",
        "the mug is being picked up by someone",
    }
    assert expected <= said
    nouns = [f"{article} {noun}" for article in ("the", "a") for noun in ("person", "man", "woman")] + ["someone"]
    things = [f"{article} {noun}" for article in ("the", "a") for noun in ("cup", "mug")]
    assert len(said) == len(FORMS["pick up"]) * len(nouns) * len(things)


def test_the_article_fits_the_noun() -> None:
    said = sayings(Fact("enter", "airplane", None, ()))
    assert "an airplane enters" in said
    assert "a plane enters" in said
    assert not any(text.startswith(("a airplane", "an plane")) for text in said)


def test_every_verb_has_several_forms_that_name_what_it_is_about() -> None:
    assert set(FORMS) == set(VERBS)
    with_object = {"approach", "pick up", "put down", "ride", "above"}
    for verb, forms in FORMS.items():
        assert len(set(forms)) >= 4
        assert all("{s}" in form and ("{o}" in form) == (verb in with_object) for form in forms)


def test_no_form_is_shared_by_two_verbs() -> None:
    forms = [form for options in FORMS.values() for form in options]
    assert len(forms) == len(set(forms))


def test_no_name_is_shared_by_two_labels() -> None:
    nouns = [noun for label in FEW.names for noun in FEW.called(label)]
    assert len(nouns) == len(set(nouns))


@pytest.mark.parametrize(("relation", "meant"), [("before", ((1.0, 4.0),)), ("after", ((10.0, 14.0),))])
def test_before_and_after_choose_among_the_moments(relation: str, meant: tuple) -> None:
    assert told_apart(TWICE, ONCE, relation) == meant


@pytest.mark.parametrize(
    "spans",
    [((3.0, 8.0),), ((8.0, 11.0),), ((0.0, 0.5),), ((20.0, 25.0),), ((5.0, 6.0), (7.0, 8.0))],
    ids=["overlaps the first", "overlaps the last", "is before all", "is after all", "happens twice itself"],
)
def test_what_does_not_tell_the_moments_apart_clearly_tells_nothing(spans: tuple) -> None:
    other = Fact("pick up", "person", "cup", spans)
    assert told_apart(TWICE, other, "before") == told_apart(TWICE, other, "after") == ()
    assert temporal_sentence(TWICE, [other], FEW, np.random.default_rng(0)) is None


def test_a_temporal_sentence_names_both_facts_and_means_the_right_moments() -> None:
    rng = np.random.default_rng(1)
    leaves, picks = sayings(TWICE, 2000), sayings(ONCE, 2000)
    relations = set()
    for _ in range(60):
        told = temporal_sentence(TWICE, [ONCE], FEW, rng)
        assert told is not None
        text, meant = told
        relation = "before" if "before" in text else "after"
        fronted = text.startswith(relation)
        parts = text.removeprefix(f"{relation} ").split(", " if fronted else f" {relation} ")
        main, other = parts[::-1] if fronted else parts
        assert main in leaves
        assert other in picks
        assert meant == told_apart(TWICE, ONCE, relation)
        relations.add((relation, fronted))
    assert len(relations) == 4


def test_the_vocabulary_holds_every_word_that_is_said_and_no_other() -> None:
    said = {word for label in FEW.names for word in words(label)} | {"before", "after"}
    for verb, forms in FORMS.items():
        needs_object = "{o}" in forms[0]
        for label in FEW.names:
            fact = Fact(verb, label, label if needs_object else None, ())
            said |= {word for text in sayings(fact, 60) for word in words(text)}
    assert vocabulary(FEW) == sorted(said)


@pytest.mark.parametrize(
    ("noun", "several"),
    [
        ("car", "cars"),
        ("bus", "buses"),
        ("bench", "benches"),
        ("puppy", "puppies"),
        ("toy", "toys"),
        ("person", "people"),
        ("knife", "knives"),
        ("wine glass", "wine glasses"),
        ("skis", "skis"),
    ],
)
def test_nouns_have_their_plural(noun: str, several: str) -> None:
    assert plural(noun) == several


def test_what_can_be_seen_is_said_of_one_or_several() -> None:
    said = sayings(Fact("show", "bicycle", None, ((1.0, 4.0),)), 1500)
    assert {"bicycles", "the bike on the road", "a view of a bicycle", "bicycles in the room"} <= said
    assert {word for text in said for word in words(text)} <= set(vocabulary(MANY))
