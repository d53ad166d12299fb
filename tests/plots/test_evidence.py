from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from leorn.plots import plot_evidence
from leorn.plots.evidence import evidence_figure
from leorn.records import Moment, Prediction, Query, VideoObjects

PREDICTION = Prediction("q1", "kitchen", tuple(Moment(10.0 - k, 30.0, 0.8 - k / 10) for k in range(5)))


def test_strip_attention_and_frames_stand_over_one_time_axis_and_the_map_beside_them(
    query: Query, video: VideoObjects, weights: np.ndarray, scores: np.ndarray, mask: np.ndarray
) -> None:
    frames = [(20.0, np.zeros((9, 16, 3), np.uint8))]
    figure = evidence_figure(
        query, PREDICTION, scores=scores, mask=mask, weights=weights, video=video, frames=frames, top_labels=1
    )
    film, strip, attention, attention_bar, moment_map, map_bar = figure.axes
    boxes = [axes.get_position() for axes in (film, strip, attention)]
    assert len({(box.x0, box.x1) for box in boxes}) == 1
    assert boxes[0].y0 > boxes[1].y1
    assert boxes[1].y0 > boxes[2].y1
    assert [axes.get_xlim() for axes in (film, strip, attention)] == [(0, 40)] * 3
    assert moment_map.get_position().x0 > attention_bar.get_position().x1 > attention.get_position().x1
    assert map_bar.get_position().y1 < moment_map.get_position().y0
    assert [label.get_text() for label in strip.get_yticklabels()] == ["ground truth", "prediction", "#2", "#3"]
    assert [label.get_text() for label in attention.get_yticklabels()] == [
        "person",
        "2 other labels",
        "frame context",
    ]
    assert np.asarray(moment_map.lines[1].get_xydata()).tolist() == [[10, 30]]
    assert (attention_bar.get_ylabel(), map_bar.get_xlabel()) == ("attention weight", "probability")


def test_nothing_is_cut_off_and_no_panel_covers_another(
    query: Query, video: VideoObjects, weights: np.ndarray, scores: np.ndarray, mask: np.ndarray
) -> None:
    long = Query("q1", "kitchen", query.text + " while somebody talks about the weather" * 6, 40.0, query.moments)
    figure = evidence_figure(long, PREDICTION, scores=scores, mask=mask, weights=weights, video=video)
    figure.canvas.draw()
    # with their labels and numbers
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    boxes += [text.get_window_extent() for text in figure.texts]
    for k, box in enumerate(boxes):
        assert box is not None
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
        for other in boxes[:k]:
            assert other is not None
            assert not box.overlaps(other)


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_file_is_written_the_same_twice(
    query: Query,
    video: VideoObjects,
    weights: np.ndarray,
    scores: np.ndarray,
    mask: np.ndarray,
    tmp_path: Path,
    suffix: str,
) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        plot_evidence(query, PREDICTION, path, scores=scores, mask=mask, weights=weights, video=video)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    if suffix == ".png":
        assert matplotlib.image.imread(paths[0]).shape[1] == 1100
    else:
        assert "“the person opens the fridge”" in paths[0].read_text(encoding="utf-8")
