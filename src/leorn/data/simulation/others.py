"""What else is in view where a sentence's moments are: naming it tells the video from others that show the same."""

from collections.abc import Sequence

import numpy as np

from leorn.data.simulation.labels import PERSON, Labels
from leorn.data.simulation.sentences import Spans, noun_phrase, plural
from leorn.data.simulation.stage import SceneObject

FORMS = (
    "{main}, with {others} in view",
    "{main}, with {others} in the picture",
    "with {others} in view, {main}",
)
"""How a sentence names other things."""
AND = "{first} and {second}"


def in_view(objects: Sequence[SceneObject], spans: Spans) -> list[str]:
    """Return the labels of which something is within the frame all the time of some spans, sorted."""
    return sorted({thing.label for thing in objects if all(_stays(thing, *span) for span in spans)})


def name_others(
    text: str, spans: Spans, objects: Sequence[SceneObject], count: int, labels: Labels, rng: np.random.Generator
) -> str:
    """Let a sentence name other things that are in view in all of its moments; people tell too little.

    Args:
        text: the sentence.
        spans: its moments in seconds.
        objects: of the scene.
        count: how many to name, at most.
        labels: of the scene.
        rng: draws which, and the words.
    """
    there = [label for label in in_view(objects, spans) if label != PERSON and not _is_named(label, text, labels)]
    if not count or not there:
        return text
    named = [str(label) for label in rng.choice(there, min(count, len(there)), replace=False)]
    phrases = [noun_phrase(label, labels, rng) for label in named]
    others = phrases[-1] if len(phrases) == 1 else AND.format(first=", ".join(phrases[:-1]), second=phrases[-1])
    return str(rng.choice(FORMS)).format(main=text, others=others)


def _is_named(label: str, text: str, labels: Labels) -> bool:
    nouns = labels.called(label)
    return any(noun in text for noun in (*nouns, plural(nouns[0])))


def _stays(thing: SceneObject, start_seconds: float, end_seconds: float) -> bool:
    shown_from, shown_to = thing.shown
    if start_seconds < shown_from or end_seconds > shown_to:
        return False
    # it moves steadily between these times
    within = [time for time, _, _ in thing.keyframes if start_seconds < time < end_seconds]
    centres = thing.centres(np.array([start_seconds, *within, end_seconds]))
    half = thing.width / 2
    return bool((centres - half >= 0).all() and (centres + half <= 1).all())
