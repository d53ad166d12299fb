"""Videos of several shots: where they are cut, what of the stage the frame shows, and who can be seen when."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.events import facts, shown_events
from leorn.data.simulation.labels import LABEL_SETS, MANY, PERSON
from leorn.data.simulation.noise import detect
from leorn.data.simulation.scene import NARROWEST, SHORTEST_SHOT_SHARE, Scene, draw_shots, make_scene
from leorn.data.simulation.stage import SceneObject

CONFIG = SimulationConfig(
    labels="many", shots=5, miss_rate=0, false_rate=0, wrong_label_rate=0, jitter=0, size_variation=0.5
)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    made = [make_scene(f"scene-{number}", CONFIG, np.random.default_rng([7, number])) for number in range(60)]
    return [scene for scene in made if len(scene.shots) > 1]


@given(st.floats(5, 100), st.integers(1, 8), st.integers(0, 2**31))
def test_shots_follow_each_other_and_lie_in_the_frame(duration: float, most: int, seed: int) -> None:
    shots = draw_shots(duration, most, np.random.default_rng(seed))
    assert 1 <= len(shots) <= most
    assert (shots[0].start_seconds, shots[-1].end_seconds) == (0, duration)
    for shot, after in pairwise(shots):
        assert shot.end_seconds == after.start_seconds
    for shot in shots:
        assert shot.end_seconds - shot.start_seconds >= SHORTEST_SHOT_SHARE * duration * (1 - 1e-9)
        assert shot.scale == 1 if len(shots) == 1 else NARROWEST <= shot.scale <= 1
        assert min(shot.left, shot.top) >= 0
        assert max(shot.left, shot.top) + shot.scale <= 1 + 1e-9


def test_an_object_is_seen_in_its_shot_alone_and_inside_its_window(scenes: list[Scene]) -> None:
    for scene in scenes:
        tracks = detect(scene, CONFIG, np.random.default_rng(0))
        assert set(tracks.labels.tolist()) <= set(range(len(MANY.names)))
        for time, track, box in zip(tracks.times_seconds, tracks.tracks, tracks.boxes, strict=True):
            start, end = scene.objects[track].shown
            assert start <= time < end
            shot = next(one for one in scene.shots if one.start_seconds == start)
            assert box[:2].min() >= 0
            assert box[0] >= shot.left - 1e-9
            assert box[1] >= shot.top - 1e-9
            assert box[2] <= shot.left + shot.scale + 1e-9
            assert box[3] <= shot.top + shot.scale + 1e-9


def test_events_lie_in_the_shot_of_their_objects(scenes: list[Scene]) -> None:
    for scene in scenes:
        for event in scene.events:
            start, end = scene.objects[event.subject].shown
            if event.verb != "show":
                assert start - 1e-6 <= event.start_seconds < event.end_seconds <= end + 1e-6
            if event.thing is not None:
                assert scene.objects[event.thing].shown == (start, end)


def test_what_can_be_seen_is_there_all_the_time_and_at_no_other(scenes: list[Scene]) -> None:
    asked = 0
    for scene in scenes:
        times = np.arange(0, scene.duration_seconds, 0.25)
        for fact in facts(scene.objects, scene.events, scene.duration_seconds):
            if fact.verb != "show":
                continue
            asked += 1
            centres = np.array([thing.boxes(times)[:, [0, 2]].mean(1) for thing in scene.objects])
            named = [thing.label == fact.subject for thing in scene.objects]
            seen = ((centres >= 0) & (centres <= 1))[named].any(axis=0)
            inside = np.any([(times >= start) & (times < end) for start, end in fact.moments], axis=0)
            np.testing.assert_array_equal(seen, inside)
    assert asked > 100


def test_shots_that_follow_each_other_are_one_moment() -> None:
    def dog(start: float, end: float) -> SceneObject:
        thing = SceneObject("dog", 0.1, 0.1, 0.5, 0.9)
        thing.shift(start, end)
        return thing

    objects = [dog(0, 2), dog(0, 2), dog(2, 5), dog(7, 9)]
    events = shown_events(objects, [(0, 2), (2, 5), (5, 7), (7, 9)])
    assert [(event.verb, event.start_seconds, event.end_seconds) for event in events] == [
        ("show", 0, 5),
        ("show", 7, 9),
    ]


def test_a_label_that_goes_out_of_a_shot_is_not_asked_about() -> None:
    leaves = SceneObject("dog", 0.1, 0.1, 0.5, 0.9)
    leaves.travel(1, 2, 1.2, 0.9)
    leaves.shift(0, 3)
    stays = SceneObject("dog", 0.1, 0.1, 0.5, 0.9)
    stays.shift(3, 6)
    assert shown_events([leaves, stays], [(0, 3), (3, 6)]) == []


def test_a_rider_may_ride_through_a_shot(scenes: list[Scene]) -> None:
    through = 0
    for scene in scenes:
        for event in scene.events:
            shown = scene.objects[event.subject].shown
            if event.verb == "ride" and (event.start_seconds, event.end_seconds) == shown:
                assert event.thing is not None
                rider, vehicle = scene.objects[event.subject], scene.objects[event.thing]
                assert rider.label == PERSON
                assert vehicle.label in MANY.rideables
                times = np.linspace(*shown, 9)[:-1]
                assert rider.centres(times) == pytest.approx(vehicle.centres(times))
                # the rider's lower edge is inside the vehicle's box
                edge, box = rider.boxes(times)[:, 3], vehicle.boxes(times)
                assert ((box[:, 1] < edge) & (edge < box[:, 3])).all()
                through += 1
    assert through > 10


def test_many_labels_are_all_of_few_and_more() -> None:
    few, many = LABEL_SETS["few"], LABEL_SETS["many"]
    assert (len(few.names), len(set(many.names))) == (22, len(many.names))
    assert set(few.names) < set(many.names)
    for labels in (few, many):
        assert set(labels.synonyms) <= set(labels.names)
        assert all(0 < side < 0.4 for size in labels.sizes.values() for side in size)
