"""Every event of many scenes, found again in the boxes by the definitions in `leorn.data.simulation.verbs`."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.labels import FEW, PERSON
from leorn.data.simulation.scene import Scene, draw_stretches, make_scene
from leorn.data.simulation.verbs import VERBS, Event, Verb, possible_pairs

INSTANT = 1e-3
CONTACT = 0.01
FAR = 0.2


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    config = SimulationConfig(actors=4, bystanders=4)
    return [make_scene(f"scene-{number}", config, np.random.default_rng([5, number])) for number in range(80)]


def events_of(scenes: list[Scene], *verbs: Verb) -> Iterator[tuple[Scene, Event]]:
    for scene in scenes:
        for event in scene.events:
            if event.verb in verbs:
                yield scene, event


def boxes_at(scene: Scene, index: int, *times: float) -> np.ndarray:
    return scene.objects[index].boxes(np.array(times))


def visible_area(box: np.ndarray) -> float:
    x1, y1, x2, y2 = box
    return max(0.0, min(x2, 1) - max(x1, 0)) * max(0.0, min(y2, 1) - max(y1, 0))


def gap(one: np.ndarray, other: np.ndarray) -> float:
    return max(one[0] - other[2], other[0] - one[2])


def steps(scene: Scene, index: int, start: float, end: float) -> np.ndarray:
    return np.diff(scene.objects[index].boxes(np.linspace(start, end, 50)), axis=0)


def test_every_verb_happens_often_enough_to_be_tested(scenes: list[Scene]) -> None:
    for verb in set(VERBS) - {"show"}:  # which takes several shots
        assert len(list(events_of(scenes, verb))) >= 15, verb


def test_events_lie_in_the_video_and_their_labels_fit_the_verb(scenes: list[Scene]) -> None:
    pairs = set(possible_pairs(FEW))
    for scene, event in events_of(scenes, *VERBS):
        assert 0 <= event.start_seconds < event.end_seconds <= scene.duration_seconds
        about = event.subject if event.thing is None else event.thing
        assert (event.verb, scene.objects[about].label) in pairs


def test_one_who_enters_is_out_of_the_frame_before_and_wholly_in_it_and_at_rest_after(scenes: list[Scene]) -> None:
    for scene, event in events_of(scenes, "enter"):
        start, end = event.start_seconds, event.end_seconds
        times = (start - 0.5, start, start + 0.05, end - INSTANT, end, end + 0.5)
        earlier, first, soon, nearly, last, later = boxes_at(scene, event.subject, *times)
        assert visible_area(earlier) == pytest.approx(0, abs=1e-6)
        assert visible_area(first) == pytest.approx(0, abs=1e-6)
        assert visible_area(soon) > 0
        assert not np.array_equal(nearly, last)
        assert last.min() >= 0
        assert last.max() <= 1
        assert np.array_equal(last, later)


def test_one_who_leaves_starts_from_rest_and_is_out_of_the_frame_until_it_enters_again(scenes: list[Scene]) -> None:
    for scene, event in events_of(scenes, "leave"):
        start, end = event.start_seconds, event.end_seconds
        returns = [
            other.start_seconds
            for other in scene.events
            if other.verb == "enter" and other.subject == event.subject and other.start_seconds > end
        ]
        earlier, first, nearly = boxes_at(scene, event.subject, start - 0.5, start, end - 0.05)
        assert np.array_equal(earlier, first)
        assert first.min() >= 0
        assert first.max() <= 1
        assert visible_area(nearly) > 0
        away = scene.objects[event.subject].boxes(np.linspace(end, min([*returns, scene.duration_seconds]), 20))
        assert max(map(visible_area, away)) == pytest.approx(0, abs=1e-6)


def test_a_motion_to_a_side_is_steady_and_long_enough_and_ends_with_its_moment(scenes: list[Scene]) -> None:
    for scene, event in events_of(scenes, "move left", "move right", "move up", "move down"):
        start, end = event.start_seconds, event.end_seconds
        moved = steps(scene, event.subject, start, end)
        assert moved == pytest.approx(np.broadcast_to(moved[0], moved.shape), abs=1e-9)
        right, down = moved.sum(axis=0)[:2]
        signs = {"move left": -right, "move right": right, "move up": -down, "move down": down}
        assert signs[event.verb] == max(signs.values()) >= FAR - 1e-5
        for outside in ((start - INSTANT, start), (end, end + INSTANT)):
            pace = np.diff(boxes_at(scene, event.subject, *outside), axis=0)[0] / INSTANT
            assert not np.allclose(pace, moved[0] * 49 / (end - start), atol=1e-9)


def test_every_long_steady_motion_is_an_event(scenes: list[Scene]) -> None:
    for scene in scenes:
        found = {(event.subject, event.start_seconds) for _, event in events_of([scene], "move left", "move right")}
        for index, thing in enumerate(scene.objects):
            for (start, x1, _), (_, x2, _) in zip(thing.keyframes, thing.keyframes[1:], strict=False):
                assert ((index, start) in found) == (abs(x2 - x1) >= FAR)


def test_an_approach_closes_the_gap_to_an_object_that_rests_until_they_touch(scenes: list[Scene]) -> None:
    for scene, event in events_of(scenes, "approach"):
        assert event.thing is not None
        start, end = event.start_seconds, event.end_seconds
        times = np.linspace(start, end, 30)
        comers, goals = scene.objects[event.subject].boxes(times), scene.objects[event.thing].boxes(times)
        gaps = [gap(comer, goal) for comer, goal in zip(comers, goals, strict=True)]
        assert np.array_equal(goals, np.broadcast_to(goals[0], goals.shape))
        assert np.all(np.diff(gaps) < 0)
        assert gaps[0] >= FAR
        assert gaps[-1] == pytest.approx(CONTACT, abs=1e-5)
        assert comers[-1, 3] == pytest.approx(goals[-1, 3])


def test_nobody_comes_to_rest_beside_another_unless_it_approaches(scenes: list[Scene]) -> None:
    for scene in scenes:
        arrivals = {(event.subject, event.thing, event.end_seconds) for _, event in events_of([scene], "approach")}
        props = {(event.subject, event.thing) for _, event in events_of([scene], "pick up", "put down", "ride")}
        for _, event in events_of([scene], "enter", "move left", "move right"):
            if scene.objects[event.subject].label in (*FEW.flyers, *FEW.portables, *FEW.rideables):
                continue
            last = boxes_at(scene, event.subject, event.end_seconds)[0]
            if visible_area(last) < 1e-6:
                continue
            for other in range(len(scene.objects)):
                earlier, box = boxes_at(scene, other, event.end_seconds - 0.05, event.end_seconds)
                if not np.array_equal(earlier, box):
                    continue
                touches = other != event.subject and abs(box[3] - last[3]) < 1e-6 and gap(last, box) < 0.02
                if touches and (event.subject, other) not in props:
                    assert (event.subject, other, event.end_seconds) in arrivals


def test_what_is_picked_up_rises_beside_the_person_and_then_moves_as_the_person_does(scenes: list[Scene]) -> None:
    for scene, event in events_of(scenes, "pick up"):
        assert_lifted_and_carried(scene, event, event.start_seconds, event.end_seconds)


def test_what_is_put_down_moves_as_the_person_does_and_then_sinks_to_the_ground(scenes: list[Scene]) -> None:
    for scene, event in events_of(scenes, "put down"):
        assert_lifted_and_carried(scene, event, event.end_seconds, event.start_seconds)


def assert_lifted_and_carried(scene: Scene, event: Event, ground: float, hand: float) -> None:
    """Check picking up in the order of time, or putting down backwards: from the ground to the hand."""
    assert event.thing is not None
    assert scene.objects[event.subject].label == PERSON
    turn = ground + 0.3 * (hand - ground)
    standing, lifting = steps(scene, event.subject, ground, turn), steps(scene, event.thing, ground, turn)
    walking, carried = steps(scene, event.subject, turn, hand), steps(scene, event.thing, turn, hand)
    assert standing == pytest.approx(0, abs=1e-9)
    assert np.all(lifting[:, 3] < 0)
    assert lifting[:, 0] == pytest.approx(0, abs=1e-9)
    assert walking == pytest.approx(carried, abs=1e-7)
    assert abs(carried.sum(axis=0)[0]) >= FAR - 1e-5
    person, thing = (boxes_at(scene, index, ground)[0] for index in (event.subject, event.thing))
    assert gap(person, thing) == pytest.approx(CONTACT, abs=1e-5)
    assert thing[3] == pytest.approx(person[3], abs=1e-6)
    for outside in (ground + 0.2 * np.sign(ground - hand), hand + 0.2 * np.sign(hand - ground)):
        if 0 <= outside <= scene.duration_seconds:
            inside = ground if abs(outside - ground) < abs(outside - hand) else hand
            assert np.array_equal(*boxes_at(scene, event.thing, float(outside), inside))


def test_a_rider_sits_on_what_moves_with_it_and_stood_beside_before(scenes: list[Scene]) -> None:
    for scene, event in events_of(scenes, "ride"):
        assert event.thing is not None
        start, end = event.start_seconds, event.end_seconds
        rider, vehicle = steps(scene, event.subject, start, end), steps(scene, event.thing, start, end)
        assert rider == pytest.approx(vehicle, abs=1e-7)
        assert abs(vehicle.sum(axis=0)[0]) >= FAR - 1e-5
        person, thing = (boxes_at(scene, index, start)[0] for index in (event.subject, event.thing))
        assert person[0] + person[2] == pytest.approx(thing[0] + thing[2], abs=1e-5)
        assert thing[1] < person[3] < thing[3]
        for aside in (start - 1, end + 1):
            person, thing = (boxes_at(scene, index, aside)[0] for index in (event.subject, event.thing))
            assert gap(person, thing) == pytest.approx(CONTACT, abs=1e-5)
        assert steps(scene, event.thing, start - 1, start) == pytest.approx(0, abs=1e-9)


def test_above_holds_exactly_in_its_moments_and_at_no_other_time(scenes: list[Scene]) -> None:
    for scene in scenes:
        times = np.arange(0, scene.duration_seconds, 0.02)
        for flyer, thing in enumerate(scene.objects):
            for below, other in enumerate(scene.objects):
                if thing.label not in FEW.flyers or other.label not in FEW.on_ground:
                    continue
                high, low = thing.boxes(times), other.boxes(times)
                x = (high[:, 0] + high[:, 2]) / 2
                seen = (x >= 0) & (x <= 1) & (x >= low[:, 0]) & (x <= low[:, 2]) & (high[:, 3] <= low[:, 1])
                said, near = np.zeros(len(times), bool), np.zeros(len(times), bool)
                for _, event in events_of([scene], "above"):
                    if (event.subject, event.thing) == (flyer, below):
                        said |= (times >= event.start_seconds) & (times <= event.end_seconds)
                        for edge in (event.start_seconds, event.end_seconds):
                            near |= np.abs(times - edge) < 1e-6
                assert np.array_equal(seen[~near], said[~near])


def test_some_objects_do_nothing_and_some_of_them_share_a_label_with_one_that_acts(scenes: list[Scene]) -> None:
    idle = twins = 0
    for scene in scenes:
        busy = {event.subject for event in scene.events} | {
            event.thing for event in scene.events if event.verb != "above" and event.thing is not None
        }
        acting = {scene.objects[index].label for index in busy}
        others = [thing for index, thing in enumerate(scene.objects) if index not in busy]
        idle += len(others)
        twins += sum(thing.label in acting for thing in others)
    assert idle >= len(scenes)
    assert twins >= len(scenes) / 4


def test_wanderers_never_go_far(scenes: list[Scene]) -> None:
    wanderers = 0
    for scene in scenes:
        for thing in scene.objects:
            xs = np.array([x for _, x, _ in thing.keyframes])
            if thing.label in FEW.on_ground and 0 < np.abs(xs - xs[0]).max() < 0.1 and len(xs) > 5:
                wanderers += 1
                assert np.abs(xs - xs[0]).max() <= 0.04 + 1e-6
    assert wanderers >= 20


def test_things_are_as_large_as_is_usual_for_their_label(scenes: list[Scene]) -> None:
    assert set(FEW.sizes) == set(FEW.names)
    for scene in scenes:
        for thing in scene.objects:
            width, height = FEW.sizes[thing.label]
            assert thing.width / width == pytest.approx(thing.height / height)
            assert 0.87 < thing.width / width < 1.13


@given(st.floats(30, 300), st.integers(1, 6), st.integers(0, 10_000))
def test_stretches_follow_each_other_with_room_for_transits(duration: float, count: int, seed: int) -> None:
    stretches = draw_stretches(duration, count, np.random.default_rng(seed))
    assert count - 1 <= len(stretches) <= count
    edges = [-1.0, *(edge for stretch in stretches for edge in stretch), duration + 1.0]
    assert all(start - end >= 2 - 1e-9 for end, start in zip(edges[::2], edges[1::2], strict=True))
    assert all(0.01 * duration < end - start <= 0.23 * duration for start, end in stretches)


def test_stretches_are_spread_evenly_over_the_video() -> None:
    rng = np.random.default_rng(3)
    middles = [(a + b) / 2 / 45 for _ in range(2000) for a, b in draw_stretches(45.0, 4, rng)]
    counts, _ = np.histogram(middles, 8, (0.1, 0.9))
    assert counts.min() > 0.85 * counts.mean()
    assert counts.max() < 1.15 * counts.mean()


def test_an_actor_that_finds_no_room_stays_away() -> None:
    scene = make_scene("crowded", SimulationConfig(actors=2, bystanders=200), np.random.default_rng(0))
    assert 8 < len(scene.objects) < 60
