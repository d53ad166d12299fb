"""The network that comes with the package, on the clip of `make demo`, with the real detector."""

import numpy as np
import pytest

import leorn
from leorn.retrieval.loading import find_network, open_network
from leorn.scoring.ranking import iou

MOST_MEGABYTES = 12
SHOTS = ((1.2, 3.04), (5.48, 7.48))
"""Seconds of bikes.mp4 with cars in them, from cut to cut, but for the shot between the two: of the van in it the
detector sees a bus at most, and no car."""


@pytest.fixture(scope="module")
def answers(demo_assets: None) -> list[list[leorn.Moment]]:
    pytest.importorskip("cv2")
    from leorn.assets import asset

    retriever = leorn.load("demo", device="cpu")
    video = retriever.encode(asset("bikes.mp4"))
    return retriever.find(["a person riding a bicycle", "cars on the road"], video, top_k=3)


def test_it_is_small_and_carries_all_it_needs() -> None:
    folder = find_network("demo").parent
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MOST_MEGABYTES * 1e6
    network, record, words = open_network("demo")
    assert record.detector == "opencv-yolo"
    assert record.experiment is not None
    assert (network.config.word_size, network.config.object_size) == (words.size, words.size)


def test_it_is_calibrated(answers: list[list[leorn.Moment]]) -> None:
    calibration = open_network("demo")[1].calibration
    assert calibration is not None
    assert calibration.slope > 0
    # of 1,556 answers half are of own videos, and of 778 queries 69.41% have a right first answer on validation
    assert (calibration.answers, calibration.with_answer, calibration.hits) == (1556, 778, 540)
    # the cyclist is found, and the network's least sure answer about cars is not
    assert calibration.confidence(answers[0][0].score or 0.0) > calibration.threshold
    assert calibration.confidence(min(moment.score or 0.0 for moment in answers[1])) < calibration.threshold


def test_it_finds_the_cyclist(answers: list[list[leorn.Moment]]) -> None:
    best = answers[0][0]
    assert 3.6 <= best.start_seconds < best.end_seconds <= 5.8


def test_its_best_two_answers_are_the_shots_with_cars(answers: list[list[leorn.Moment]]) -> None:
    found = np.array([moment.span for moment in answers[1][:2]])
    assert (iou(np.array(SHOTS), found).max(axis=1) > 0.6).all()
    # and it is sure of them alone
    scores = [moment.score or 0.0 for moment in answers[1]]
    assert scores[1] > 2 * scores[2]
