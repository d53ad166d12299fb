"""Predictions beside queries; what refuses to be scored is tested in test_metrics.py."""

import pytest

from leorn.records import Moment, Prediction, Query
from leorn.scoring.pairing import fit_to_queries

QUERY = Query("a", "v", "he runs", 10.0, moments=(Moment(0, 5),))


def answers(query_id: str, *spans: tuple[float, float]) -> Prediction:
    return Prediction(query_id, "v", tuple(Moment(*span) for span in spans))


def test_predictions_for_queries_that_were_dropped_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    predictions = [answers("b", (0, 1)), answers("a", (0, 1)), answers("c", (0, 1))]
    assert fit_to_queries(predictions, [QUERY], ["b"], "mine.jsonl") == predictions[1:]
    assert caplog.messages == ["mine.jsonl: 1 prediction without a moment to score against left out"]


@pytest.mark.parametrize(("end", "late"), [(10.0, 0), (11.0, 0), (11.1, 1), (1000.0, 1)])
def test_an_end_far_after_the_video_is_no_rounding(end: float, late: int, caplog: pytest.LogCaptureFixture) -> None:
    predictions = [answers("a", (0, 1), (0, end))]
    assert fit_to_queries(predictions, [QUERY], [], "mine.jsonl") == predictions
    said = "mine.jsonl: 1 moment ends far after the end of the video, counted as they stand; are all times in seconds?"
    assert caplog.messages == [said] * late
