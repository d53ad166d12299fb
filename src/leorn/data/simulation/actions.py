"""What an actor of a simulated scene can do in a stretch of time.

Every action moves the actor (and its prop) and records what happens; it gives False, and changes nothing, where the
stage has no room for it. When the actions' moments begin and end is written in `verbs`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from leorn.data.simulation.labels import PERSON
from leorn.data.simulation.stage import CONTACT, GROUND_LANES, MIN_TRAVEL, SKY_LANES, SceneObject, Stage

TRANSIT_SECONDS = 1.0
"""Time to mount or dismount, and to glide to or from an object in `hover`; outside of the action's own stretch."""
LIFT_SHARE = 0.3
"""Share of picking up in which the object rises, and of putting down in which it sinks."""
HAND_HEIGHT = 0.5
"""Height of a held object's middle, as a share of the person's."""
SEAT_HEIGHT = 0.5
"""Where a rider's lower edge is, as a share of the vehicle's height."""
DRIFT = 0.4
"""How far over an object a hovering one drifts in, as a share of the object's width."""
HOVER_MARGIN = 0.08
"""How far beside an object a hovering one rests before and after."""


@dataclass
class Actor:
    """One who acts: its body and its prop as indices of the stage's objects, and how things stand with it."""

    body: int
    prop: int | None
    state: Literal["outside", "free", "beside", "holding"]


Action = Callable[[Stage, Actor, float, float], bool]


def enter(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Come in from where the actor is, out of the frame."""
    body = stage.objects[actor.body]
    place = stage.find_place(body.width, (body.bottom,), [actor.body], away_from=body.x)
    if place is None:
        return False
    _rest_at(stage, actor, start, end, *place)
    stage.record("enter", start, end, actor.body, None)
    actor.state = "free"
    return True


def leave(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Go out of the frame on one side."""
    body = stage.objects[actor.body]
    exits = [x for x in (-body.width / 2, 1 + body.width / 2) if abs(x - body.x) >= MIN_TRAVEL]
    body.travel(start, end, float(stage.rng.choice(exits)), body.bottom)
    stage.record("leave", start, end, actor.body, None)
    actor.state = "outside"
    return True


def move(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Go to another place: on the ground to any lane, in the sky along the lane."""
    body = stage.objects[actor.body]
    lanes = GROUND_LANES if body.bottom in GROUND_LANES else (body.bottom,)
    place = stage.find_place(body.width, lanes, [actor.body], away_from=body.x)
    if place is None:
        return False
    _rest_at(stage, actor, start, end, *place)
    actor.state = "free"
    return True


def change_height(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Fly to the other lane of the sky."""
    body = stage.objects[actor.body]
    lane = SKY_LANES[1 - SKY_LANES.index(body.bottom)]
    if not stage.is_free(body.x, lane, body.width, [actor.body]):
        return False
    _rest_at(stage, actor, start, end, body.x, lane)
    return True


def approach(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Go to an object that rests, and stop beside it, on the side one comes from."""
    for target in stage.rng.permutation(stage.targets).tolist():
        if _go_beside(stage, actor, target, start, end):
            actor.state = "free"
            return True
    return False


def approach_prop(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Go to one's own prop."""
    assert actor.prop is not None
    if not _go_beside(stage, actor, actor.prop, start, end):
        return False
    actor.state = "beside"
    return True


def pick_up(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Lift the prop, then move on with it."""
    body, prop = _pair(stage, actor)
    step = _step_together(stage, actor)
    if step is None:
        return False
    lifted = start + LIFT_SHARE * (end - start)
    prop.travel(start, lifted, prop.x, held_bottom(body, prop))
    _move_together(body, prop, lifted, end, step)
    stage.record("pick up", start, end, actor.body, actor.prop)
    actor.state = "holding"
    return True


def put_down(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Move on with the prop, then set it on the ground."""
    body, prop = _pair(stage, actor)
    step = _step_together(stage, actor)
    if step is None:
        return False
    stopped = end - LIFT_SHARE * (end - start)
    _move_together(body, prop, start, stopped, step)
    prop.travel(stopped, end, prop.x, body.bottom)
    stage.record("put down", start, end, actor.body, actor.prop)
    actor.state = "beside"
    return True


def ride(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Mount the prop before the stretch, move on with it, and step down after."""
    body, prop = _pair(stage, actor)
    step = _step_together(stage, actor)
    if step is None:
        return False
    beside = body.x - prop.x
    body.travel(start - TRANSIT_SECONDS, start, prop.x, prop.bottom - SEAT_HEIGHT * prop.height)
    _move_together(body, prop, start, end, step)
    body.travel(end, end + TRANSIT_SECONDS, prop.x + beside, prop.bottom)
    stage.record("ride", start, end, actor.body, actor.prop)
    return True


def ride_through(stage: Stage) -> None:
    """Put a rider on the stage who rides from the beginning of the shot to its end; where there is no room, do not."""
    prop = stage.add(str(stage.rng.choice(list(stage.labels.rideables))), GROUND_LANES)
    body = stage.add(PERSON, GROUND_LANES)
    if prop is None or body is None:
        return
    vehicle, rider = stage.objects[prop], stage.objects[body]
    rider.start_at(vehicle.x, vehicle.bottom - SEAT_HEIGHT * vehicle.height)
    goal = stage.rng.uniform(vehicle.width / 2, 1 - vehicle.width / 2)
    _move_together(rider, vehicle, 0.0, stage.duration_seconds, (goal - vehicle.x, 0.0))
    stage.record("ride", 0.0, stage.duration_seconds, body, prop)


def hover(stage: Stage, actor: Actor, start: float, end: float) -> bool:
    """Be above an object that rests, for the whole stretch: in over its nearer edge, and out over the same."""
    body = stage.objects[actor.body]
    for target in stage.rng.permutation(stage.targets).tolist():
        below = stage.objects[target]
        side = 1 if body.x > below.x else -1
        edge = below.x + side * below.width / 2
        outside, inside = edge + side * HOVER_MARGIN, edge - side * DRIFT * below.width
        if abs(body.x - below.x) > below.width / 2 and stage.is_free(outside, body.bottom, body.width, [actor.body]):
            body.travel(start - TRANSIT_SECONDS, start, edge, body.bottom)
            body.travel(start, (start + end) / 2, inside, body.bottom)
            body.travel((start + end) / 2, end, edge, body.bottom)
            _rest_at(stage, actor, end, end + TRANSIT_SECONDS, outside, body.bottom)
            return True
    return False


def options(stage: Stage, actor: Actor) -> dict[Action, float]:
    """What the actor can do as things stand, with how readily it does so."""
    flying = stage.objects[actor.body].bottom in SKY_LANES
    if actor.state == "outside":
        return {enter: 1}
    if actor.state == "holding":
        return {put_down: 1}
    if flying:
        return {move: 1, change_height: 3, hover: 6, leave: 1}
    if actor.prop is None:
        return {move: 1, approach: 4, leave: 2}
    if actor.state == "free":
        return {approach: 1, approach_prop: 6, leave: 1}
    if stage.objects[actor.prop].label in stage.labels.rideables:
        return {ride: 4, move: 2, leave: 1}
    return {pick_up: 6, move: 1, leave: 1}


def held_bottom(body: SceneObject, prop: SceneObject) -> float:
    """Lower edge of a prop that the body holds."""
    return body.bottom - HAND_HEIGHT * body.height + prop.height / 2


def _pair(stage: Stage, actor: Actor) -> tuple[SceneObject, SceneObject]:
    assert actor.prop is not None
    return stage.objects[actor.body], stage.objects[actor.prop]


def _rest_at(stage: Stage, actor: Actor, start: float, end: float, x: float, lane: float) -> None:
    body = stage.objects[actor.body]
    body.travel(start, end, x, lane)
    stage.take(x, lane, body.width, actor.body)


def _go_beside(stage: Stage, actor: Actor, target: int, start: float, end: float) -> bool:
    body, goal = stage.objects[actor.body], stage.objects[target]
    side = 1 if body.x > goal.x else -1
    x = goal.x + side * ((body.width + goal.width) / 2 + CONTACT)
    comes_nearer = side * (body.x - x) >= MIN_TRAVEL
    if not comes_nearer or not stage.is_free(x, goal.bottom, body.width, [actor.body, target]):
        return False
    _rest_at(stage, actor, start, end, x, goal.bottom)
    stage.record("approach", start, end, actor.body, target)
    return True


def _step_together(stage: Stage, actor: Actor) -> tuple[float, float] | None:
    """Draw where actor and prop, who are side by side, can move on to; take the places, give the displacement."""
    body, prop = _pair(stage, actor)
    x1 = min(body.x - body.width / 2, prop.x - prop.width / 2)
    x2 = max(body.x + body.width / 2, prop.x + prop.width / 2)
    middle = (x1 + x2) / 2
    own = [index for index in (actor.body, actor.prop) if index is not None]
    place = stage.find_place(x2 - x1, GROUND_LANES, own, away_from=middle)
    if place is None:
        return None
    right, lane = place[0] - middle, place[1]
    for index in own:
        thing = stage.objects[index]
        stage.take(thing.x + right, lane, thing.width, index)
    return right, lane - body.bottom


def _move_together(body: SceneObject, prop: SceneObject, start: float, end: float, step: tuple[float, float]) -> None:
    for thing in (body, prop):
        thing.travel(start, end, thing.x + step[0], thing.bottom + step[1])
