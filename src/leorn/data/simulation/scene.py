"""A simulated scene: actors that do one thing after another among objects that stand or wander, in one shot or more.

Letters of shapes: O objects, T times.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from leorn.data.simulation.actions import TRANSIT_SECONDS, Actor, options, ride_through
from leorn.data.simulation.cast import add_actors, add_bystanders
from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.events import seen_events, shown_events
from leorn.data.simulation.labels import LABEL_SETS
from leorn.data.simulation.stage import SceneObject, Stage
from leorn.data.simulation.verbs import Event

ACTION_SHARES = (0.06, 0.22)
"""Length of an action as a share of the video: log-uniform, whatever the action is."""
LARGEST_TOTAL_SHARE = 0.7
"""Of an actor's actions together; longer ones are shortened alike."""
MIN_ACTIONS = 2
"""Of an actor."""


SECONDS_PER_ACTION = 5.0
"""An actor does no more in a shot than has this long for each action, transits included."""
SHORTEST_SHOT_SHARE = 0.06
"""Of the video."""
RIDER_SHARE = 0.3
"""Shots, of several in a video, in which someone rides all the time."""
NARROWEST = 0.6
"""Share of the frame's width and height that a shot of several fills at least; what leaves it is not seen."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A stretch of the video without a cut, and the part of the frame that its stage fills."""

    start_seconds: float
    end_seconds: float
    left: float = 0.0
    top: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is and what happens, before a detector looks at it.

    Attributes:
        video: the video's id.
        duration_seconds: its length.
        shots: from its start to its end.
        objects: with their motion.
        events: everything that happens in the sense of `verbs`, with indices into `objects`.
    """

    video: str
    duration_seconds: float
    shots: tuple[Shot, ...]
    objects: tuple[SceneObject, ...]
    events: tuple[Event, ...]

    def framed(self, boxes: Float[np.ndarray, "O T 4"], times: Float[np.ndarray, "T"]) -> Float[np.ndarray, "O T 4"]:
        """Where boxes on the stage, each seen at its time, are in the frame."""
        number = np.searchsorted([shot.start_seconds for shot in self.shots], times, side="right") - 1
        windows = np.array([(shot.left, shot.top, shot.scale) for shot in self.shots])[number]
        return boxes * windows[:, 2:] + windows[:, [0, 1, 0, 1]]


def make_scene(video: str, config: SimulationConfig, rng: np.random.Generator) -> Scene:
    """Draw a scene.

    Args:
        video: its id.
        config: how long it is and how much happens.
        rng: the only source of chance.
    """
    duration = round(rng.uniform(config.min_duration_seconds, config.max_duration_seconds), 1)
    shots = draw_shots(duration, config.shots, rng)
    objects: list[SceneObject] = []
    events: list[Event] = []
    for shot in shots:
        stage = _play(shot.end_seconds - shot.start_seconds, config, rng)
        happened = seen_events(stage.objects, stage.events, stage.duration_seconds, stage.labels)
        events += [event.moved(shot.start_seconds, len(objects)) for event in happened]
        for thing in stage.objects:
            thing.shift(shot.start_seconds, shot.end_seconds)
        objects += stage.objects
    if len(shots) > 1:
        events += shown_events(objects, [(shot.start_seconds, shot.end_seconds) for shot in shots])
    return Scene(video, duration, tuple(shots), tuple(objects), tuple(events))


def draw_shots(duration_seconds: float, most: int, rng: np.random.Generator) -> list[Shot]:
    """Cut a video into 1 to `most` shots; the frame of the only one is the stage."""
    count = 1 if most == 1 else int(rng.integers(1, most + 1))
    if count == 1:
        return [Shot(0.0, duration_seconds)]
    shares = SHORTEST_SHOT_SHARE + (1 - count * SHORTEST_SHOT_SHARE) * rng.dirichlet(np.ones(count))
    cuts = [0.0, *(duration_seconds * np.cumsum(shares[:-1])).tolist(), duration_seconds]
    shots = []
    for start, end in pairwise(cuts):
        scale = rng.uniform(NARROWEST, 1)
        left, top = rng.uniform(0, 1 - scale, 2).tolist()
        shots.append(Shot(start, end, left, top, float(scale)))
    return shots


def _play(duration_seconds: float, config: SimulationConfig, rng: np.random.Generator) -> Stage:
    """Fill a stage and let everyone act."""
    stage = Stage(duration_seconds, rng, LABEL_SETS[config.labels], config.size_variation)
    if config.shots > 1 and rng.random() < RIDER_SHARE:
        ride_through(stage)
    actors = add_actors(stage, config.actors)
    add_bystanders(stage, config.bystanders)
    most = min(config.max_actions, int(duration_seconds / SECONDS_PER_ACTION))
    for actor in actors:
        count = int(rng.integers(min(MIN_ACTIONS, most), most + 1))
        for start, end in draw_stretches(duration_seconds, count, rng):
            _act(stage, actor, start, end)
    return stage


def draw_stretches(duration_seconds: float, count: int, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Draw stretches of time in order, with room for a transit before and after each.

    They are drawn as if the video were a circle, cut anywhere; the stretch that the cut falls into is left out. So no
    time of the video is likelier than another, but for its two ends.

    Args:
        duration_seconds: of the video.
        count: stretches on the circle.
        rng: draws lengths, gaps and the cut.

    Returns:
        Starts and ends in seconds, of `count` stretches or one less.
    """
    if count == 0:
        return []
    transits = 2 * TRANSIT_SECONDS * count
    low, high = np.log(ACTION_SHARES)
    lengths = np.exp(rng.uniform(low, high, count)) * duration_seconds
    lengths *= min(1.0, min(LARGEST_TOTAL_SHARE * duration_seconds, duration_seconds - transits) / lengths.sum())
    gaps = rng.dirichlet(np.ones(count)) * (duration_seconds - transits - lengths.sum())
    ends = np.cumsum(gaps + lengths + 2 * TRANSIT_SECONDS) - TRANSIT_SECONDS
    starts = (ends - lengths + rng.uniform(0, duration_seconds)) % duration_seconds
    fits = (starts >= TRANSIT_SECONDS) & (starts + lengths + TRANSIT_SECONDS <= duration_seconds)
    return sorted(zip(starts[fits].tolist(), (starts + lengths)[fits].tolist(), strict=True))


def _act(stage: Stage, actor: Actor, start: float, end: float) -> None:
    """Do one thing of those that are possible; where the stage has no room for it, another."""
    actions = options(stage, actor)
    names, weights = list(actions), np.array(list(actions.values()))
    for index in stage.rng.choice(len(names), len(names), replace=False, p=weights / weights.sum()).tolist():
        if names[index](stage, actor, start, end):
            return
