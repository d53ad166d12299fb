"""Sentences about simulated scenes: synonyms, active and passive forms, before and after."""

from collections.abc import Iterable

import numpy as np

from leorn.data.simulation.events import Fact
from leorn.data.simulation.labels import Labels
from leorn.data.simulation.verbs import Verb
from leorn.data.words import words

FORMS: dict[Verb, tuple[str, ...]] = {
    "enter": (
        "{s} enters",
        "{s} comes in",
        "{s} comes into view",
        "{s} is entering the frame",
        "{s} appears",
    ),
    "leave": (
        "{s} leaves",
        "{s} goes out",
        "{s} goes out of view",
        "{s} is leaving the frame",
        "{s} disappears",
    ),
    "move left": ("{s} moves to the left", "{s} goes left", "{s} is moving left", "{s} heads for the left side"),
    "move right": ("{s} moves to the right", "{s} goes right", "{s} is moving right", "{s} heads for the right side"),
    "move up": ("{s} moves to the top", "{s} goes up", "{s} is moving up", "{s} rises"),
    "move down": ("{s} moves to the bottom", "{s} goes down", "{s} is moving down", "{s} sinks"),
    "approach": (
        "{s} approaches {o}",
        "{s} goes up to {o}",
        "{s} is coming close to {o}",
        "{s} walks over to {o}",
        "{s} walking up to {o}",
        "{o} is approached by {s}",
    ),
    "pick up": (
        "{s} picks up {o}",
        "{s} grabs {o}",
        "{s} lifts {o}",
        "{s} takes {o}",
        "{s} is picking {o} up",
        "{s} picking up {o}",
        "{o} is being picked up by {s}",
        "{o} is lifted by {s}",
    ),
    "put down": (
        "{s} puts down {o}",
        "{s} sets {o} down",
        "{s} places {o} on the ground",
        "{s} is putting {o} down",
        "{s} putting down {o}",
        "{o} is being put down by {s}",
        "{o} is set down by {s}",
    ),
    "ride": (
        "{s} rides {o}",
        "{s} is riding {o}",
        "{s} riding {o}",
        "{s} travels on {o}",
        "{o} is ridden by {s}",
    ),
    "above": (
        "{s} is above {o}",
        "{s} is over {o}",
        "{s} hovers above {o}",
        "{o} is below {s}",
        "{o} is under {s}",
    ),
    "show": (
        "{s}",
        "{s} on the road",
        "{s} on the street",
        "{s} in the room",
        "{s} outside",
        "{s} in the picture",
        "a view of {s}",
        "{s} can be seen",
    ),
}
"""What a fact may be said in; {s} is its subject, {o} its object."""

TEMPORAL_FORMS = {
    "before": ("{main} before {other}", "before {other}, {main}"),
    "after": ("{main} after {other}", "after {other}, {main}"),
}
"""How one of several moments is told by something that happens once."""

NO_ARTICLE = "someone"
PLURALS = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "child": "children",
    "knife": "knives",
    "mouse": "mice",
    "sheep": "sheep",
    "broccoli": "broccoli",
    "skis": "skis",
    "scissors": "scissors",
}
"""Nouns whose plural follows no rule."""
PLURAL_SHARE = 0.4
"""Of the sentences about what can be seen."""

Spans = tuple[tuple[float, float], ...]


def sentence(fact: Fact, labels: Labels, rng: np.random.Generator) -> str:
    """Say a fact in one of its forms."""
    if fact.verb == "show" and rng.random() < PLURAL_SHARE:
        return str(rng.choice(FORMS["show"])).format(s=plural(labels.called(fact.subject)[0]))
    thing = "" if fact.thing is None else noun_phrase(fact.thing, labels, rng)
    return str(rng.choice(FORMS[fact.verb])).format(s=noun_phrase(fact.subject, labels, rng), o=thing)


def plural(noun: str) -> str:
    """Several of what a noun names: its last word in the plural."""
    if noun in PLURALS:
        return PLURALS[noun]
    if noun.endswith(("s", "sh", "ch", "x")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"


def temporal_sentence(
    fact: Fact, others: list[Fact], labels: Labels, rng: np.random.Generator
) -> tuple[str, Spans] | None:
    """Say which of a fact's moments are meant by what they come before or after.

    Args:
        fact: has several moments.
        others: facts that may be named beside it.
        labels: of the scene.
        rng: draws the other fact and the words.

    Returns:
        The sentence and the moments it means, or None where no other fact tells them apart.
    """
    for index in rng.permutation(len(others)).tolist():
        for relation in rng.permutation(list(TEMPORAL_FORMS)).tolist():
            meant = told_apart(fact, others[index], relation)
            if meant:
                form = str(rng.choice(TEMPORAL_FORMS[relation]))
                return form.format(main=sentence(fact, labels, rng), other=sentence(others[index], labels, rng)), meant
    return None


def told_apart(fact: Fact, other: Fact, relation: str) -> Spans:
    """The moments of a fact before or after the only moment of another; none where that is not clear or tells nothing.

    It is clear when the other fact happens once, and every moment of the first ends before that or starts after it.
    """
    if len(other.moments) != 1:
        return ()
    start, end = other.moments[0]
    before = tuple(span for span in fact.moments if span[1] <= start)
    after = tuple(span for span in fact.moments if span[0] >= end)
    if len(before) + len(after) < len(fact.moments) or not (before and after):
        return ()
    return before if relation == "before" else after


def vocabulary(labels: Labels, more_forms: Iterable[str] = ()) -> list[str]:
    """Every word of the labels and of what can be said, sorted.

    Args:
        labels: what there is.
        more_forms: other forms of sentences that are in use.
    """
    forms = [form for options in (*FORMS.values(), *TEMPORAL_FORMS.values(), tuple(more_forms)) for form in options]
    said = " ".join(forms).format(s="the", o="the", main="", other="", others="", first="", second="")
    nouns = [name for label in labels.names for name in (label, *labels.called(label), plural(labels.called(label)[0]))]
    return sorted({*words(said), *words(" ".join(nouns))} | {"a", "an"})


def noun_phrase(label: str, labels: Labels, rng: np.random.Generator) -> str:
    """Call a label by one of its names, with an article."""
    noun = str(rng.choice(labels.called(label)))
    if noun == NO_ARTICLE:
        return noun
    if rng.random() < 0.5:
        return f"the {noun}"
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
