"""A simulated scene: actors that do one thing after another among objects that stand or wander."""

from dataclasses import dataclass

import numpy as np

from leorn.config import SimulationConfig
from leorn.data.simulation.actions import TRANSIT_SECONDS, Actor, options
from leorn.data.simulation.cast import add_actors, add_bystanders
from leorn.data.simulation.events import seen_events
from leorn.data.simulation.stage import SceneObject, Stage
from leorn.data.simulation.verbs import Event

ACTION_SHARES = (0.06, 0.22)
"""Length of an action as a share of the video: log-uniform, whatever the action is."""
LARGEST_TOTAL_SHARE = 0.7
"""Of an actor's actions together; longer ones are shortened alike."""
MIN_ACTIONS = 2
"""Of an actor."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is and what happens, before a detector looks at it.

    Attributes:
        video: the video's id.
        duration_seconds: its length.
        objects: with their motion.
        events: everything that happens in the sense of `verbs`, with indices into `objects`.
    """

    video: str
    duration_seconds: float
    objects: tuple[SceneObject, ...]
    events: tuple[Event, ...]


def make_scene(video: str, config: SimulationConfig, rng: np.random.Generator) -> Scene:
    """Draw a scene.

    Args:
        video: its id.
        config: how long it is and how much happens; videos last ≥ 5 s for each of `max_actions`.
        rng: the only source of chance.
    """
    duration = round(rng.uniform(config.min_duration_seconds, config.max_duration_seconds), 1)
    stage = Stage(duration, rng)
    actors = add_actors(stage, config.actors)
    add_bystanders(stage, config.bystanders)
    for actor in actors:
        count = int(rng.integers(min(MIN_ACTIONS, config.max_actions), config.max_actions + 1))
        for start, end in draw_stretches(duration, count, rng):
            _act(stage, actor, start, end)
    return Scene(video, duration, tuple(stage.objects), tuple(seen_events(stage.objects, stage.events, duration)))


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
