"""Who is in a simulated scene: actors with their props, and bystanders that stand or wander."""

from collections.abc import Sequence

import numpy as np

from leorn.data.simulation.actions import Actor, held_bottom
from leorn.data.simulation.labels import PERSON
from leorn.data.simulation.stage import CONTACT, GROUND_LANES, SKY_LANES, Stage

ACTOR_KINDS = {"carrier": 0.35, "rider": 0.25, "walker": 0.15, "flyer": 0.25}
"""How often an actor is of which kind."""
OUTSIDE_SHARE = 0.35
"""Actors that are out of the frame at first."""
TWIN_SHARE = 0.3
"""Bystanders that have the label of something already there."""
WANDERER_SHARE = 0.35
"""Bystanders that wander about."""
WANDER = 0.04
"""How far a wanderer goes from its place: far less than a motion that counts."""
WANDER_SECONDS = 2.5
"""Mean time between a wanderer's turns."""


def add_actors(stage: Stage, count: int) -> list[Actor]:
    """Put actors and props on the stage; one that finds no room stays away."""
    actors, labels = [], stage.labels
    for _ in range(count):
        kind = stage.rng.choice(list(ACTOR_KINDS), p=list(ACTOR_KINDS.values()))
        if kind == "carrier":
            actor = _with_prop(stage, tuple(labels.portables))
        elif kind == "rider":
            actor = _with_prop(stage, tuple(labels.rideables))
        elif kind == "walker":
            actor = _alone(stage, (PERSON, *labels.walkers), GROUND_LANES)
        else:
            actor = _alone(stage, tuple(labels.flyers), SKY_LANES)
        if actor is not None:
            actors.append(actor)
    return actors


def add_bystanders(stage: Stage, count: int) -> None:
    """Put objects on the stage that do nothing: they stand, where others may go to them, or wander a little."""
    rng, on_ground = stage.rng, stage.labels.on_ground
    for _ in range(count):
        there = [thing.label for thing in stage.objects if thing.label in on_ground]
        label = _one_of(there if there and rng.random() < TWIN_SHARE else on_ground, rng)
        wanders = rng.random() < WANDERER_SHARE
        added = stage.add(label, GROUND_LANES, room=WANDER if wanders else 0.0)
        if added is None:
            continue
        if wanders:
            _wander(stage, added)
        else:
            stage.targets.append(added)


def _alone(stage: Stage, labels: Sequence[str], lanes: Sequence[float]) -> Actor | None:
    body = stage.add(_one_of(labels, stage.rng), lanes)
    if body is None:
        return None
    if stage.rng.random() < OUTSIDE_SHARE:
        _put_outside(stage, body)
        return Actor(body, None, "outside")
    return Actor(body, None, "free")


def _with_prop(stage: Stage, labels: Sequence[str]) -> Actor | None:
    """A person with something to use: elsewhere, beside or in the hand; or the person is out of the frame."""
    rng = stage.rng
    prop = stage.add(_one_of(labels, rng), GROUND_LANES)
    body = stage.add(PERSON, GROUND_LANES)
    if body is None or prop is None:
        return None
    if rng.random() < OUTSIDE_SHARE:
        _put_outside(stage, body)
        return Actor(body, prop, "outside")
    if rng.random() < 0.5 or not _put_beside(stage, body, prop):
        return Actor(body, prop, "free")
    if labels[0] in stage.labels.portables and rng.random() < 0.5:
        person, thing = stage.objects[body], stage.objects[prop]
        thing.start_at(thing.x, held_bottom(person, thing))
        return Actor(body, prop, "holding")
    return Actor(body, prop, "beside")


def _put_outside(stage: Stage, body: int) -> None:
    thing = stage.objects[body]
    thing.start_at(float(stage.rng.choice([-thing.width / 2, 1 + thing.width / 2])), thing.bottom)


def _put_beside(stage: Stage, body: int, prop: int) -> bool:
    person, thing = stage.objects[body], stage.objects[prop]
    for side in stage.rng.permutation([-1, 1]).tolist():
        x = thing.x + side * ((person.width + thing.width) / 2 + CONTACT)
        if stage.is_free(x, thing.bottom, person.width, [body, prop]):
            person.start_at(x, thing.bottom)
            stage.take(x, thing.bottom, person.width, body)
            return True
    return False


def _wander(stage: Stage, index: int) -> None:
    thing = stage.objects[index]
    home, turns = thing.x, max(2, round(stage.duration_seconds / WANDER_SECONDS))
    times = np.sort(stage.rng.uniform(0, stage.duration_seconds, turns))
    goals = home + stage.rng.uniform(-WANDER, WANDER, turns)
    for start, end, x in zip(times[:-1].tolist(), times[1:].tolist(), goals.tolist(), strict=False):
        thing.travel(start, end, x, thing.bottom)


def _one_of(labels: Sequence[str], rng: np.random.Generator) -> str:
    return labels[int(rng.integers(len(labels)))]
