"""What can be seen to happen in a scene, from its exact motions, and what a sentence may therefore be about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from leorn.data.simulation.labels import Labels
from leorn.data.simulation.stage import MIN_TRAVEL, SceneObject
from leorn.data.simulation.verbs import Event, Pair, Verb

LENGTH_SHARES = (0.05, 0.3)
"""A fact is asked about only where each of its moments takes such a share of the video."""
SHOWN_SHARES = (0.05, 0.6)
"""The same for what can be seen."""
MAX_MOMENTS = 2
"""A fact with more moments is not asked about."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A verb with the labels of subject and object, and every moment of the video at which it happens.

    Two dogs are one label: a sentence about a dog means the moments of either.

    Attributes:
        verb: what happens.
        subject: label of what does it.
        thing: label of the grammatical object, where there is one.
        moments: starts and ends in seconds, rising.
    """

    verb: Verb
    subject: str
    thing: str | None
    moments: tuple[tuple[float, float], ...]

    @property
    def pair(self) -> Pair:
        """The verb and the label that it is about."""
        return self.verb, self.thing or self.subject


def seen_events(
    objects: Sequence[SceneObject], acted: Iterable[Event], duration_seconds: float, labels: Labels
) -> list[Event]:
    """Everything that happens: what the actors meant to do, every motion to a side, and all that is above something."""
    events = list(acted)
    for index, thing in enumerate(objects):
        events += _moves(index, thing)
    for index, flyer in enumerate(objects):
        if flyer.label in labels.flyers:
            for below, thing in enumerate(objects):
                if thing.label not in labels.flyers:
                    spans = above_spans(flyer, thing, duration_seconds)
                    events += [Event("above", index, below, *span) for span in spans]
    return events


def shown_events(objects: Sequence[SceneObject], shots: Sequence[tuple[float, float]]) -> list[Event]:
    """What can be seen, shot by shot, an event for each label of a shot; shots that follow each other are one event.

    A label of which something comes into a shot or goes out of it is left out: its moments would be hard to tell.
    """
    seen: dict[str, list[Event]] = {}
    unclear = {thing.label for thing in objects if not all(0 <= x <= 1 for _, x, _ in thing.keyframes)}
    for start, end in shots:
        for index, thing in enumerate(objects):
            if thing.shown != (start, end) or thing.label in unclear:
                continue
            events = seen.setdefault(thing.label, [])
            if events and events[-1].end_seconds == end:
                continue
            goes_on = events and events[-1].end_seconds == start
            begun = events.pop().start_seconds if goes_on else start
            events.append(Event("show", index, None, begun, end))
    return [event for events in seen.values() for event in events]


def facts(objects: Sequence[SceneObject], events: Iterable[Event], duration_seconds: float) -> list[Fact]:
    """The facts of a scene that have clear moments, in the order of the events.

    Left out are those with a moment that is too short or too long, with too many moments, and with moments that overlap
    (two dogs that enter together).
    """
    moments: defaultdict[tuple[Verb, str, str | None], list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        thing = None if event.thing is None else objects[event.thing].label
        moments[event.verb, objects[event.subject].label, thing].append((event.start_seconds, event.end_seconds))
    found = [Fact(*key, tuple(sorted(spans))) for key, spans in moments.items()]
    return [fact for fact in found if _is_clear(fact, duration_seconds)]


def above_spans(flyer: SceneObject, below: SceneObject, duration_seconds: float) -> list[tuple[float, float]]:
    """When the flyer's centre is within the frame and over the other's width, exactly.

    The sky's lanes are higher than anything on the ground, so only the x axis counts.
    """
    frames = {time for thing in (flyer, below) for time, _, _ in thing.keyframes if time < duration_seconds}
    times = np.array(sorted(frames | {0.0, duration_seconds}))
    # centres move linearly between keyframes, so each condition |offset| <= reach changes only at a root
    conditions = [
        (flyer.centres(times) - below.centres(times), below.width / 2),
        (flyer.centres(times) - 0.5, 0.5),
    ]
    roots = [_crossings(times, offsets, level) for offsets, reach in conditions for level in (reach, -reach)]
    times = np.unique(np.concatenate([times, *roots]))
    middles = (times[:-1] + times[1:]) / 2
    flyer_x, below_x = flyer.centres(middles), below.centres(middles)
    holds = (np.abs(flyer_x - below_x) <= below.width / 2) & (np.abs(flyer_x - 0.5) <= 0.5)
    changes = np.flatnonzero(np.diff(np.concatenate([[False], holds, [False]]).astype(int)))
    return [(float(times[start]), float(times[end])) for start, end in changes.reshape(-1, 2)]


def _crossings(times: np.ndarray, values: np.ndarray, level: float) -> np.ndarray:
    """When a function that is linear between `times` passes a level."""
    before, after = values[:-1] - level, values[1:] - level
    passes = before * after < 0
    share = before[passes] / (before[passes] - after[passes])
    return times[:-1][passes] + share * np.diff(times)[passes]


def _moves(index: int, thing: SceneObject) -> list[Event]:
    events = []
    for (start, x1, y1), (end, x2, y2) in zip(thing.keyframes, thing.keyframes[1:], strict=False):
        right, down = x2 - x1, y2 - y1
        if max(abs(right), abs(down)) < MIN_TRAVEL:
            continue
        if abs(right) > abs(down):
            verb: Verb = "move right" if right > 0 else "move left"
        else:
            verb = "move down" if down > 0 else "move up"
        events.append(Event(verb, index, None, start, end))
    return events


def _is_clear(fact: Fact, duration_seconds: float) -> bool:
    shares = SHOWN_SHARES if fact.verb == "show" else LENGTH_SHARES
    low, high = (share * duration_seconds for share in shares)
    return (
        len(fact.moments) <= MAX_MOMENTS
        and all(low <= end - start <= high for start, end in fact.moments)
        and all(end < start for (_, end), (start, _) in zip(fact.moments, fact.moments[1:], strict=False))
    )
