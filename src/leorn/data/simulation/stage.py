"""The stage of a simulated scene: objects that stand on lanes and move steadily between places.

A frame is 1 wide and 1 high, y grows downwards. Everything rests with its lower edge on a lane: two lanes in the sky
and four of the ground, one behind the other. A motion is steady and straight, so that the time at which a box meets a
border, or another box, is exact. Letters of shapes: T times.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from leorn.data.simulation.labels import FEW, Labels
from leorn.data.simulation.verbs import Event, Verb

GROUND_LANES = (0.82, 0.86, 0.90, 0.94)
SKY_LANES = (0.13, 0.35)
CONTACT = 0.01
"""Gap between two boxes on one lane that touch."""
CLEARANCE = 0.04
"""Boxes that rest on one lane keep at least this gap, unless one was brought to the other."""
MIN_TRAVEL = 0.2
"""A motion between places goes at least this far, to one side or (in the sky) up or down."""
DECIMALS = 6
"""Places are rounded to this, so that one who comes back to a lane after sums of steps stands on it exactly."""
ELSEWHERE = 10.0
"""Added to the corners of a box that is not shown: far out of the frame."""
CANDIDATES = 48
"""Places drawn when a free one is sought."""


@dataclass
class SceneObject:
    """A thing with a box, and its motion so far: steady between keyframes of time, centre x and lower edge."""

    label: str
    width: float
    height: float
    x: float
    bottom: float
    keyframes: list[tuple[float, float, float]] = field(init=False)
    shown: tuple[float, float] = (0.0, math.inf)
    """The shot that the object belongs to, in seconds; before and after it nobody sees it."""

    def __post_init__(self) -> None:
        self.start_at(self.x, self.bottom)

    def start_at(self, x: float, bottom: float) -> None:
        """Be there at the beginning of the video, with no motion yet."""
        self.x, self.bottom = round(x, DECIMALS), round(bottom, DECIMALS)
        self.keyframes = [(0.0, self.x, self.bottom)]

    def travel(self, start_seconds: float, end_seconds: float, x: float, bottom: float) -> None:
        """Rest until the start, then move steadily and rest from the end on."""
        x, bottom = round(x, DECIMALS), round(bottom, DECIMALS)
        if start_seconds > self.keyframes[-1][0]:
            self.keyframes.append((start_seconds, self.x, self.bottom))
        self.keyframes.append((end_seconds, x, bottom))
        self.x, self.bottom = x, bottom

    def shift(self, start_seconds: float, end_seconds: float) -> None:
        """Make the motion that of a shot between these times."""
        self.keyframes = [(start_seconds + time, x, bottom) for time, x, bottom in self.keyframes]
        self.shown = (start_seconds, end_seconds)

    def centres(self, times: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T"]:
        """Centre x at the given times, in seconds."""
        seconds, xs, _ = zip(*self.keyframes, strict=True)
        return np.interp(times, seconds, xs)

    def boxes(self, times: Float[np.ndarray, "T"]) -> Float[np.ndarray, "T 4"]:
        """Boxes (`xyxy`) at the given times, in seconds; outside 0..1 they are out of the frame."""
        seconds, _, bottoms = zip(*self.keyframes, strict=True)
        centre, bottom = self.centres(times), np.interp(times, seconds, bottoms)
        boxes = np.stack([centre - self.width / 2, bottom - self.height, centre + self.width / 2, bottom], axis=1)
        boxes[(times < self.shown[0]) | (times >= self.shown[1])] += ELSEWHERE
        return boxes


@dataclass(frozen=True, slots=True)
class Place:
    """A stretch of a lane that something rests on, now or at some other time of the video."""

    lane: float
    left: float
    right: float
    owner: int


@dataclass
class Stage:
    """A scene being made: its objects, the events so far, and the places that are taken.

    A place stays taken to the end of the video, by the object that was there first, so that nobody comes to rest beside
    another by chance. Objects are named by their index.
    """

    duration_seconds: float
    rng: np.random.Generator
    labels: Labels = FEW
    size_variation: float = 0.12
    """An object is this much larger or smaller than is usual for its label, at most."""
    objects: list[SceneObject] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    """Objects that rest all the time, where others may go."""

    def add(self, label: str, lanes: Sequence[float], room: float = 0.0) -> int | None:
        """Put an object on a free place and give its index, or None where there is no room.

        Args:
            label: gives its usual size.
            lanes: those it may stand on.
            room: to keep free on either side, for one that wanders.
        """
        scale = 1 + self.rng.uniform(-self.size_variation, self.size_variation)
        width, height = (scale * size for size in self.labels.sizes[label])
        place = self.find_place(width + 2 * room, lanes)
        if place is None:
            return None
        index = len(self.objects)
        self.objects.append(SceneObject(label, width, height, *place))
        self.take(*place, width + 2 * room, index)
        return index

    def find_place(
        self, width: float, lanes: Sequence[float], ignoring: Collection[int] = (), away_from: float | None = None
    ) -> tuple[float, float] | None:
        """Draw a free place: its middle and its lane.

        Args:
            width: of what shall rest there.
            lanes: to choose from.
            ignoring: owners whose places do not stand in the way.
            away_from: the place is at least `MIN_TRAVEL` from this x.
        """
        middles = self.rng.uniform(width / 2, 1 - width / 2, CANDIDATES)
        chosen_lanes = self.rng.choice(lanes, CANDIDATES)
        for x, lane in zip(middles.tolist(), chosen_lanes.tolist(), strict=True):
            far = away_from is None or abs(x - away_from) >= MIN_TRAVEL
            if far and self.is_free(x, lane, width, ignoring):
                return x, lane
        return None

    def is_free(self, x: float, lane: float, width: float, ignoring: Collection[int]) -> bool:
        """Whether something as wide can rest there; the places of the owners in `ignoring` do not count."""
        left, right = x - width / 2, x + width / 2
        if left < 0 or right > 1:
            return False
        return all(
            place.lane != lane
            or place.owner in ignoring
            or left - CLEARANCE > place.right
            or right + CLEARANCE < place.left
            for place in self.places
        )

    def take(self, x: float, lane: float, width: float, owner: int) -> None:
        """Mark a place as taken."""
        self.places.append(Place(lane, x - width / 2, x + width / 2, owner))

    def record(self, verb: Verb, start_seconds: float, end_seconds: float, subject: int, thing: int | None) -> None:
        """Note that something happens."""
        self.events.append(Event(verb, subject, thing, start_seconds, end_seconds))
