from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from leorn.errors import InputError
from leorn.plots import Curve, plot_answer
from leorn.plots.answer import answer_figure, name_answer
from leorn.plots.canvas import BEST_COLOUR, TRUTH_COLOUR
from leorn.records import Moment, Query, VideoObjects

MOMENTS = [Moment(10.0, 25.0, 0.8), Moment(2.0, 8.0, 0.5), Moment(30.0, 40.0, 0.25), Moment(0.0, 40.0, 0.1)]
OWN = Query("", "kitchen", "the person takes the mug", 40.0)


@pytest.fixture
def evidence(video: VideoObjects, weights: np.ndarray) -> dict[str, Any]:
    video.boxes[:] = [[0.0, 0.25, 0.25, 0.75], [0.5, 0.0, 1.0, 1.0]]
    picture = np.random.default_rng(0).integers(0, 256, (9, 16, 3), dtype=np.uint8)
    return {
        "curve": Curve(np.linspace(0, 40, 5), np.array([0.5, 0.8, 0.8, 0.25])),
        "weights": weights,
        "video": video,
        "frames": [(time, picture) for time in (5.0, 15.0, 35.0)],
        "answers_to": {"cup": "mug"},
    }


def row_names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_film_strip_curve_and_attention_stand_over_one_time_axis(evidence: dict[str, Any]) -> None:
    figure = answer_figure(OWN, MOMENTS, **evidence)
    film, strip, curve, attention, bar = figure.axes
    boxes = [axes.get_position() for axes in (film, strip, curve, attention)]
    assert len({(box.x0, box.x1) for box in boxes}) == 1
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
    assert {axes.get_xlim() for axes in (film, strip, curve, attention)} == {(0, 40)}
    assert len(film.child_axes) == 3
    assert row_names(strip) == ["best moment", "#2", "#3"]
    assert row_names(curve) == ["0", "score", "1"]
    assert row_names(attention) == ["person", "cup → “mug”", "unlabelled object", "frame context"]
    assert attention.get_xlabel() == "time (s)"
    assert bar.get_ylabel() == "attention weight"
    assert [text.get_text() for text in figure.texts] == ["“the person takes the mug”", "video kitchen"]


def test_the_best_moments_are_bars_bands_and_edges(evidence: dict[str, Any]) -> None:
    _, strip, curve, attention, _ = answer_figure(OWN, MOMENTS, top_moments=2, **evidence).axes
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for container in strip.containers for bar in container]
    assert bars == [(10, 25), (2, 8)]
    # two bands, the filled steps and their line
    assert len(curve.patches) == 4
    edges = [(np.asarray(line.get_xdata())[0], str(line.get_color())) for line in attention.lines]
    assert edges == [(10, BEST_COLOUR), (25, BEST_COLOUR)]


def test_known_moments_have_a_row_of_their_own(query: Query, evidence: dict[str, Any]) -> None:
    figure = answer_figure(query, MOMENTS[:1], **evidence)
    _, strip, _, attention, _ = figure.axes
    assert row_names(strip) == ["ground truth", "best moment"]
    assert figure.texts[1].get_text() == "video kitchen, query q1"
    colours = [to_hex(str(line.get_color())).upper() for line in attention.lines]
    assert colours == [TRUTH_COLOUR] * 4 + [BEST_COLOUR] * 2


def test_labels_beyond_the_top_share_a_row(evidence: dict[str, Any]) -> None:
    *_, attention, _ = answer_figure(OWN, MOMENTS, top_labels=1, **evidence).axes
    assert row_names(attention) == ["person", "2 other labels", "frame context"]


def test_without_a_moment_and_without_objects_the_picture_says_so(evidence: dict[str, Any]) -> None:
    empty = replace(evidence["video"], scores=np.zeros((3, 2)), labels=np.full((3, 2), -1))
    alone = np.array([[1.0, 0.0, 0.0]] * 3)
    figure = answer_figure(OWN, [], **(evidence | {"video": empty, "weights": alone}))
    film, strip, curve, attention, _ = figure.axes
    assert [text.get_text() for text in strip.texts] == ["no moment proposed"]
    assert row_names(attention) == ["frame context"]
    assert [len(frame.patches) for frame in film.child_axes if isinstance(frame, Axes)] == [0, 0, 0]
    assert len(curve.patches) == 2
    assert attention.lines[:] == []


@pytest.mark.parametrize("shape", [(90, 160), (160, 90)])
@pytest.mark.parametrize("moments", [MOMENTS, [Moment(39.5, 40.0, 0.5)], []])
def test_nothing_is_cut_off_and_no_panel_covers_another(
    evidence: dict[str, Any], shape: tuple[int, int], moments: list[Moment]
) -> None:
    long = replace(OWN, text=OWN.text + " while somebody talks about the weather" * 6)
    frames = [(time, np.zeros((*shape, 3), np.uint8)) for time in (0.0, 20.0, 38.0, 40.0)]
    figure = answer_figure(long, moments, **(evidence | {"frames": frames}))
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
            # the lines of the film end on the strip, half a line's width deep
            high = min(box.y1, other.y1) - max(box.y0, other.y0)
            assert high < 1.5 or not box.overlaps(other)


@pytest.mark.parametrize(
    ("label", "answers_to", "name"),
    [
        ("bicycle", {"bicycle": "bicycle"}, "bicycle → “bicycle”"),
        ("refrigerator", {"refrigerator": "fridge"}, "refrigerator"),
        ("car", {"bicycle": "bicycle"}, "car"),
    ],
)
def test_a_row_names_the_word_that_its_label_answers_where_it_fits(
    label: str, answers_to: dict[str, str], name: str
) -> None:
    assert name_answer(label, answers_to) == name


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_the_file_is_written_the_same_twice(evidence: dict[str, Any], tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for path in paths:
        plot_answer(OWN, MOMENTS, path, **evidence)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    if suffix == ".png":
        assert matplotlib.image.imread(paths[0]).shape[1] == 1100
    else:
        elements = list(ElementTree.parse(paths[0]).iter())
        texts = {element.text for element in elements if element.tag.endswith("}text")}
        assert {"“the person takes the mug”", "cup 0.30 → “mug”", "15.0 s", "cup → “mug”"} <= texts
        # three frames, the attention rows and their bar
        assert sum(element.tag.endswith("}image") for element in elements) == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": []}, "no frame to draw; expected at least one"),
        ({"frames": [(41.0, np.zeros((9, 16, 3), np.uint8))]}, "frame 0 at 41.0 s; expected 0 to 40.0 s"),
        ({"weights": np.ones((3, 2))}, r"kitchen: attention of shape \(3, 2\); expected \(3, 3\)"),
        ({"top_moments": 0}, "0 moments to draw of each model; expected at least 1"),
        ({"top_labels": 0}, "kitchen: 0 labels to draw; expected at least 1"),
    ],
)
def test_parts_that_do_not_fit_are_an_error(
    evidence: dict[str, Any], tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        plot_answer(OWN, MOMENTS, tmp_path / "a.png", **(evidence | change))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_objects_of_another_video_are_an_error(evidence: dict[str, Any], tmp_path: Path) -> None:
    garden = replace(evidence["video"], video="garden")
    with pytest.raises(InputError, match="objects of video garden; expected video kitchen"):
        plot_answer(OWN, MOMENTS, tmp_path / "a.png", **(evidence | {"video": garden}))
