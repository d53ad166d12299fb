import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.text import Annotation

from leorn.errors import InputError
from leorn.plots import plot_moments
from leorn.plots.canvas import PREDICTION_COLOURS, TRUTH_COLOUR
from leorn.plots.moments import moment_lanes, moments_figure, prediction_lanes
from leorn.records import Moment, Prediction, Query


def bars(axes: Axes) -> list[tuple[float, float, int]]:
    """Start, end and row of every bar."""
    return [
        (bar.get_x(), bar.get_x() + bar.get_width(), round(bar.get_y() + bar.get_height() / 2))
        for container in axes.containers
        for bar in container
    ]


def names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_bars_lie_at_the_seconds_of_their_moments(query: Query) -> None:
    prediction = Prediction("q1", "kitchen", (Moment(9.0, 24.0, 0.75), Moment(2.0, 4.0, 0.25)))
    [strip] = moments_figure(query, prediction).axes
    assert strip.get_xlim() == (0, 40)
    assert names(strip) == ["ground truth", "prediction", "#2"]
    assert bars(strip) == [(10, 25, 0), (30, 32.5, 0), (9, 24, 1), (2, 4, 2)]
    assert [to_hex(container[0].get_facecolor()).upper() for container in strip.containers] == [
        TRUTH_COLOUR,
        TRUTH_COLOUR,
        PREDICTION_COLOURS[0],
        "#EAAE80",  # halfway to white
    ]


def test_several_models_have_rows_and_colours_of_their_own(query: Query) -> None:
    predictions = {
        "LEORN": [Moment(9.0, 24.0, 0.7), Moment(1.0, 2.0, 0.2), Moment(3.0, 4.0, 0.1)],
        "2D-TAN": [Moment(0.0, 40.0, 0.6)],
        "nothing": [],
    }
    [strip] = moments_figure(query, predictions, top=2).axes
    assert names(strip) == ["ground truth", "LEORN", "#2", "2D-TAN", "nothing"]
    assert bars(strip)[2:] == [(9, 24, 1), (1, 2, 2), (0, 40, 3)]
    assert to_hex(strip.containers[-1][0].get_facecolor()).upper() == PREDICTION_COLOURS[1]
    assert strip.texts[-1].get_text() == "no moment proposed"


@pytest.mark.parametrize(
    ("span", "anchor", "side"),
    [
        ((2.0, 20.0), 20.0, "left"),
        ((20.0, 35.0), 20.0, "right"),
        ((5.0, 35.0), 5.0, "left"),
        ((38.0, 45.0), 38.0, "right"),
    ],
)
def test_scores_stand_right_of_the_bar_or_left_of_it_or_inside(
    query: Query, span: tuple[float, float], anchor: float, side: str
) -> None:
    [strip] = moments_figure(query, {"LEORN": [Moment(*span, 0.456)]}).axes
    [label] = strip.texts
    assert isinstance(label, Annotation)
    assert label.get_text() == f"0.46  ({span[0]:.1f}–{span[1]:.1f} s)"
    assert label.xy == (anchor, 1)
    assert label.get_horizontalalignment() == side
    extent, panel = label.get_window_extent(), strip.get_window_extent()
    assert panel.x0 <= extent.x0 <= extent.x1 <= panel.x1


@pytest.mark.parametrize(("model", "colour"), [(0, "white"), (3, "black")])
def test_letters_inside_a_bar_stand_out_from_it(query: Query, model: int, colour: str) -> None:
    predictions = {f"model {k}": [Moment(0.0, 40.0)] for k in range(5)}
    [strip] = moments_figure(query, predictions).axes
    assert strip.texts[model].get_color() == colour


def test_a_moment_without_a_score_shows_its_times_alone(query: Query) -> None:
    [strip] = moments_figure(query, {"LEORN": [Moment(1.0, 2.25)]}).axes
    assert [text.get_text() for text in strip.texts] == ["1.0–2.2 s"]


def test_no_labels_overlap_however_alike_the_moments_are(query: Query) -> None:
    moments = [Moment(10 + k / 10, 25.0, 0.9 - k / 10) for k in range(5)]
    [strip] = moments_figure(query, {"LEORN": moments}).axes
    boxes = [text.get_window_extent() for text in strip.texts]
    boxes.sort(key=lambda box: -box.y0)
    assert len(boxes) == 5
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))


def test_without_truth_and_predictions_the_strip_says_so() -> None:
    [strip] = moments_figure(Query("q2", "v", "a dog", 8.0), {}).axes
    assert bars(strip) == []
    assert names(strip) == ["ground truth"]
    assert [text.get_text() for text in strip.texts] == ["not known"]


def test_the_rows_of_predictions_alone_are_those_below_the_truth(query: Query) -> None:
    predictions = {"LEORN": [Moment(9.0, 24.0, 0.7), Moment(1.0, 2.0, 0.2)]}
    rows = prediction_lanes(query, predictions, top=2)
    assert [(row.name, row.moments[0].span) for row in rows] == [("LEORN", (9.0, 24.0)), ("#2", (1.0, 2.0))]
    assert moment_lanes(query, predictions, top=2)[1:] == rows


def test_frames_stand_above_the_strip_over_the_same_time(query: Query) -> None:
    film, strip = moments_figure(query, {}, [(20.0, np.zeros((9, 16, 3), np.uint8))]).axes
    assert film.get_position().y0 > strip.get_position().y1
    assert film.get_xlim() == strip.get_xlim() == (0, 40)
    left, right, *_ = film.images[0].get_extent()
    assert (left + right) / 2 == pytest.approx(20.0)


def test_the_bars_of_an_svg_are_in_proportion_to_seconds(query: Query, tmp_path: Path) -> None:
    plot_moments(query, {"LEORN": [Moment(20.0, 30.0, 0.5)]}, tmp_path / "a.svg")
    spans: dict[str, list[tuple[float, float]]] = {}
    for path in ElementTree.parse(tmp_path / "a.svg").iter("{http://www.w3.org/2000/svg}path"):
        fill = re.search(r"fill: (#\w+); stroke: \1", path.get("style", ""))
        if fill:
            xs = [float(x) for x in re.findall(r"[ML] (\S+)", path.get("d", ""))]
            spans.setdefault(fill[1].upper(), []).append((min(xs), max(xs)))
    [prediction] = spans[PREDICTION_COLOURS[0]]
    first, second = spans[TRUTH_COLOUR]
    # 72 units an inch; the panel begins 1.65 inches from the left and is 11 - 1.65 - 0.2 wide
    left, unit = 1.65 * 72, (11 - 1.65 - 0.2) * 72 / 40
    for drawn, seconds in ((first, (10, 25)), (second, (30, 32.5)), (prediction, (20, 30))):
        assert drawn == pytest.approx([left + unit * time for time in seconds], abs=1e-3)


def test_a_prediction_for_another_query_is_an_error(query: Query) -> None:
    with pytest.raises(InputError, match="prediction for query q9; expected one for query q1"):
        moment_lanes(query, Prediction("q9", "kitchen", ()), top=3)


def test_fewer_than_one_moment_to_draw_is_an_error(query: Query) -> None:
    with pytest.raises(InputError, match="q1: 0 moments to draw of each model; expected at least 1"):
        moment_lanes(query, {}, top=0)
