import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.data.simulation.events import Fact, above_spans, facts, seen_events
from leorn.data.simulation.labels import FEW
from leorn.data.simulation.stage import SceneObject
from leorn.data.simulation.verbs import Event


def thing(label: str, *keyframes: tuple[float, float], bottom: float = 0.9) -> SceneObject:
    made = SceneObject(label, 0.2, 0.1, keyframes[0][1], bottom)
    made.keyframes = [(time, x, bottom) for time, x in keyframes]
    return made


def test_above_lasts_from_edge_to_edge() -> None:
    bird = thing("bird", (0, 0.1), (8, 0.9), bottom=0.3)
    bench = thing("bench", (0, 0.5))
    assert above_spans(bird, bench, 10) == [pytest.approx((3.0, 5.0))]


def test_above_happens_again_when_the_flyer_comes_back() -> None:
    bird = thing("bird", (0, 0.1), (4, 0.9), (8, 0.1), bottom=0.3)
    assert above_spans(bird, thing("bench", (0, 0.5)), 10) == [pytest.approx((1.5, 2.5)), pytest.approx((5.5, 6.5))]


def test_above_may_last_all_the_time_or_never() -> None:
    bird = thing("bird", (0, 0.5), bottom=0.3)
    assert above_spans(bird, thing("bench", (0, 0.5)), 10) == [(0.0, 10.0)]
    assert above_spans(bird, thing("bench", (0, 0.8)), 10) == []


def test_a_flyer_out_of_the_frame_is_above_nothing() -> None:
    bird = thing("bird", (0, -0.1), (10, 0.1), bottom=0.3)
    assert above_spans(bird, thing("person", (0, -0.1), (10, 0.1)), 10) == [pytest.approx((5.0, 10.0))]


@given(st.lists(st.floats(-0.2, 1.2), min_size=2, max_size=6), st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_above_agrees_with_looking_at_every_time(flyer_xs: list[float], below_xs: list[float]) -> None:
    bird = thing("bird", *zip(np.linspace(0, 10, len(flyer_xs)).tolist(), flyer_xs, strict=True), bottom=0.3)
    below = thing("person", *zip(np.linspace(0, 9, len(below_xs)).tolist(), below_xs, strict=True))
    times = np.linspace(0.005, 9.995, 500)
    x, low = bird.boxes(times)[:, [0, 2]].mean(axis=1), below.boxes(times)
    slack = np.minimum(0.1 - np.abs(x - low[:, [0, 2]].mean(axis=1)), 0.5 - np.abs(x - 0.5))
    spans = above_spans(bird, below, 10)
    said = np.array([any(start <= time <= end for start, end in spans) for time in times])
    clear = np.abs(slack) > 1e-6
    assert np.array_equal(said[clear], slack[clear] > 0)


def test_every_long_motion_is_seen_whatever_its_purpose() -> None:
    dog = thing("dog", (0, 0.5), (2, 0.5), (6, 0.9), (7, 0.85), (9, 0.2))
    acted = [Event("approach", 0, 1, 2.0, 6.0)]
    assert seen_events([dog, thing("chair", (0, 0.6))], acted, 10, FEW) == [
        *acted,
        Event("move right", 0, None, 2, 6),
        Event("move left", 0, None, 7, 9),
    ]


def test_motions_up_and_down_go_by_the_lower_edge() -> None:
    kite = thing("kite", (0, 0.5))
    kite.keyframes = [(0, 0.5, 0.35), (3, 0.5, 0.13), (8, 0.5, 0.35)]
    assert [(event.verb, event.start_seconds) for event in seen_events([kite], [], 10, FEW)] == [
        ("move up", 0),
        ("move down", 3),
    ]


def test_a_fact_gathers_the_moments_of_all_objects_of_its_labels() -> None:
    dogs = [thing("dog", (0, 0.5)), thing("dog", (0, 0.5)), thing("chair", (0, 0.2))]
    events = [
        Event("approach", 1, 2, 50.0, 60.0),
        Event("approach", 0, 2, 10.0, 20.0),
        Event("enter", 0, None, 5.0, 15.0),
    ]
    assert facts(dogs, events, 100) == [
        Fact("approach", "dog", "chair", ((10.0, 20.0), (50.0, 60.0))),
        Fact("enter", "dog", None, ((5.0, 15.0),)),
    ]


@pytest.mark.parametrize(
    "spans",
    [
        [(10, 14.9)],
        [(10, 40.1)],
        [(0, 10), (20, 30), (40, 50)],
        [(0, 10), (5, 15)],
        [(0, 10), (20, 21)],
    ],
    ids=["too short", "too long", "too many", "overlapping", "one too short"],
)
def test_a_fact_without_clear_moments_is_left_out(spans: list[tuple[float, float]]) -> None:
    events = [Event("enter", 0, None, start, end) for start, end in spans]
    assert facts([thing("dog", (0, 0.5))], events, 100) == []


def test_a_fact_is_about_its_object_or_else_its_subject() -> None:
    assert Fact("ride", "person", "horse", ()).pair == ("ride", "horse")
    assert Fact("enter", "dog", None, ()).pair == ("enter", "dog")
