from dataclasses import replace

import numpy as np
import pytest

from leorn.data.simulation.config import SimulationConfig
from leorn.data.simulation.labels import FEW
from leorn.data.simulation.noise import detect, visible_share
from leorn.data.simulation.scene import Scene, Shot
from leorn.data.simulation.stage import SceneObject

PERFECT = SimulationConfig(miss_rate=0.0, false_rate=0.0, wrong_label_rate=0.0, jitter=0.0, detections_per_second=4.0)


@pytest.fixture(scope="module")
def scene() -> Scene:
    dog = SceneObject("dog", 0.1, 0.1, 0.5, 0.9)
    car = SceneObject("car", 0.2, 0.1, 1.1, 0.9)
    car.travel(100, 200, 0.5, 0.9)
    return Scene("v", 400.0, (Shot(0, 400.0),), (dog, car), ())


def test_a_perfect_detector_reports_the_visible_part_of_every_box(scene: Scene) -> None:
    found = detect(scene, PERFECT, np.random.default_rng(0))
    dog, car = found.tracks == 0, found.tracks == 1
    assert np.array_equal(found.times_seconds[dog], np.arange(1600) / 4)
    assert found.boxes[dog] == pytest.approx(np.broadcast_to([0.45, 0.8, 0.55, 0.9], (1600, 4)))
    assert {FEW.names[label] for label in found.labels[dog]} == {"dog"}
    # the car is 0.2 wide and comes in by 0.006 a second: 15% of it shows 5 s after the start
    assert found.times_seconds[car][0] == pytest.approx(105, abs=0.26)
    at_110 = found.boxes[car & (found.times_seconds == 110)]
    assert at_110 == pytest.approx(np.array([[0.94, 0.8, 1.0, 0.9]]))


def test_rows_are_in_the_order_of_time_and_track(scene: Scene) -> None:
    found = detect(scene, SimulationConfig(), np.random.default_rng(0))
    keys = list(zip(found.times_seconds.tolist(), found.tracks.tolist(), strict=True))
    assert keys == sorted(keys)


def test_misses_have_the_rate_asked_for(scene: Scene) -> None:
    found = detect(scene, replace(PERFECT, miss_rate=0.3), np.random.default_rng(0))
    assert np.mean(found.tracks == 0) > 0
    assert np.count_nonzero(found.tracks == 0) / 1600 == pytest.approx(0.7, abs=0.04)


def test_jitter_has_the_spread_asked_for_and_stays_in_the_frame(scene: Scene) -> None:
    found = detect(scene, replace(PERFECT, jitter=0.02), np.random.default_rng(0))
    dog = found.boxes[found.tracks == 0] - [0.45, 0.8, 0.55, 0.9]
    assert dog.std(axis=0) == pytest.approx([0.02] * 4, rel=0.08)
    assert dog.mean(axis=0) == pytest.approx([0] * 4, abs=0.002)
    assert found.boxes.min() >= 0
    assert found.boxes.max() <= 1
    assert np.all(found.boxes[:, 2:] > found.boxes[:, :2])


def test_wrong_labels_have_the_rate_asked_for_and_low_scores(scene: Scene) -> None:
    found = detect(scene, replace(PERFECT, wrong_label_rate=0.4), np.random.default_rng(0))
    dog = found.tracks == 0
    wrong = found.labels[dog] != FEW.names.index("dog")
    # a wrong label is drawn from all labels, so that one in so many is right by chance
    assert wrong.mean() == pytest.approx(0.4 * (1 - 1 / len(FEW.names)), abs=0.04)
    assert found.scores[dog][wrong].mean() == pytest.approx(2 / 7, abs=0.03)
    assert found.scores[dog][~wrong].mean() == pytest.approx(0.8, abs=0.03)


def test_false_detections_have_the_rate_asked_for_each_with_a_track_of_its_own(scene: Scene) -> None:
    found = detect(scene, replace(PERFECT, false_rate=0.5), np.random.default_rng(0))
    false = found.tracks >= 2
    assert false.sum() / 1600 == pytest.approx(0.5, abs=0.06)
    assert len(set(found.tracks[false].tolist())) == false.sum()
    assert set(found.labels[false].tolist()) == set(range(len(FEW.names)))
    assert found.scores[false].mean() == pytest.approx(2 / 7, abs=0.03)
    assert found.boxes[false].min() >= 0
    assert found.boxes[false].max() <= 1


def test_visible_share_is_the_part_of_a_box_inside_the_frame() -> None:
    boxes = np.array([[[0.2, 0.2, 0.4, 0.4], [-0.1, 0.2, 0.1, 0.4], [0.9, 0.9, 1.1, 1.1], [1.0, 0.2, 1.2, 0.4]]])
    assert visible_share(boxes) == pytest.approx(np.array([[1.0, 0.5, 0.25, 0.0]]))
