"""What can happen in a simulated scene, and when exactly it begins and ends.

Seen in the boxes, before the detector's noise:

- *enter*: from when the subject, out of the frame until now, begins to cross its border; until it comes to rest,
  wholly in the frame.
- *leave*: from when the subject starts from rest towards a border; until it is wholly out of the frame.
- *move left, right, up, down*: from when a steady motion of ≥ 0.2 of the frame, mainly that way, begins; until that
  motion ends.
- *approach*: from when the subject, ≥ 0.2 away from it, starts towards an object that rests; until it rests, touching
  the object.
- *pick up*: from when the object, beside the resting person, begins to rise; until both have moved on together, and
  rest.
- *put down*: from when the person starts, and the object in the hand with it; until they have stopped, the object is
  on the ground.
- *ride*: from when the person, over the vehicle, starts together with it; until both have stopped.
- *show*: from cut to cut, in a video of several shots, where the subject is in the frame all that time.
- *above*: from when the subject's centre comes over the object's width, its lower edge over the object's top; until
  it no longer is.

A motion counts for what it looks like, whatever its purpose: one who enters from the left also moves to the right, and
so do both boxes of a person who rides that way. Touching is a gap of 0.01 with lower edges at one height.
"""

from dataclasses import dataclass
from typing import Literal, get_args

from leorn.data.simulation.labels import PERSON, Labels

Verb = Literal[
    "enter",
    "leave",
    "move left",
    "move right",
    "move up",
    "move down",
    "approach",
    "pick up",
    "put down",
    "ride",
    "above",
    "show",
]
VERBS: tuple[Verb, ...] = get_args(Verb)

Pair = tuple[Verb, str]
"""A verb and the label it is about: the grammatical object where there is one, else the subject."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something happens: a verb, its subject and object as indices of the scene's objects, and when."""

    verb: Verb
    subject: int
    thing: int | None
    start_seconds: float
    end_seconds: float

    def moved(self, seconds: float, objects: int) -> "Event":
        """The same event in a video where that many seconds and objects come before it."""
        thing = None if self.thing is None else self.thing + objects
        return Event(self.verb, self.subject + objects, thing, self.start_seconds + seconds, self.end_seconds + seconds)


def possible_pairs(labels: Labels) -> list[Pair]:
    """Every verb with every label it can be about."""
    movers = (PERSON, *labels.walkers, *labels.flyers)
    about: dict[Verb, tuple[str, ...]] = {
        "enter": movers,
        "leave": movers,
        "move left": (*movers, *labels.portables, *labels.rideables),
        "move right": (*movers, *labels.portables, *labels.rideables),
        "move up": tuple(labels.flyers),
        "move down": tuple(labels.flyers),
        "approach": labels.on_ground,
        "pick up": tuple(labels.portables),
        "put down": tuple(labels.portables),
        "ride": tuple(labels.rideables),
        "above": labels.on_ground,
        "show": labels.names,
    }
    return [(verb, label) for verb in VERBS for label in about[verb]]
