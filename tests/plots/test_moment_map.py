from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.plots import plot_moment_map
from leorn.plots.moment_map import best_cell, moment_map_figure
from leorn.records import Query


def test_every_existing_cell_is_coloured_and_no_other(scores: np.ndarray, mask: np.ndarray) -> None:
    panel, bar = moment_map_figure(scores, mask, 40.0).axes
    drawn = panel.images[0].get_array()
    assert isinstance(drawn, np.ma.MaskedArray)
    # rows of the picture are ends, columns are starts
    assert (drawn.mask == ~mask.T).all()
    assert (drawn.data == scores.T).all()
    assert panel.images[0].get_clim() == (0, 0.8)  # the 0.9 is on a cell that does not exist
    assert bar.get_ylabel() == "probability"


def test_a_cell_is_centred_on_its_start_and_end(scores: np.ndarray, mask: np.ndarray) -> None:
    panel, _ = moment_map_figure(scores, mask, 40.0).axes
    left, right, bottom, top = panel.images[0].get_extent()
    assert (left, right) == (-5, 35)  # starts 0, 10, 20, 30
    assert (bottom, top) == (5, 45)  # ends 10, 20, 30, 40
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("start (s)", "end (s)")


def test_truth_and_best_cell_are_marked_at_their_seconds(scores: np.ndarray, mask: np.ndarray, query: Query) -> None:
    panel, _ = moment_map_figure(scores, mask, 40.0, query).axes
    truth, best = panel.lines
    assert np.asarray(truth.get_xydata()).tolist() == [[10, 25], [30, 32.5]]
    assert np.asarray(best.get_xydata()).tolist() == [[10, 30]]
    legend = panel.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["ground truth", "best cell"]


def test_without_a_query_there_is_no_title_and_no_truth(scores: np.ndarray, mask: np.ndarray, query: Query) -> None:
    untitled, titled = moment_map_figure(scores, mask, 40.0), moment_map_figure(scores, mask, 40.0, query)
    assert untitled.texts == []
    assert titled.texts[0].get_text() == "“the person opens the fridge”"
    assert [line.get_label() for line in untitled.axes[0].lines] == ["best cell"]
    assert titled.get_figheight() > untitled.get_figheight()


def test_a_map_of_zeros_has_a_scale_up_to_one(mask: np.ndarray) -> None:
    panel, _ = moment_map_figure(np.zeros((4, 4)), mask, 40.0).axes
    assert panel.images[0].get_clim() == (0, 1)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_the_best_cell_is_the_first_highest_of_a_slow_search(clips: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, (clips, clips)) / 4
    mask = np.triu(rng.random((clips, clips)) < 0.7)
    mask[0, 0] = True
    best, highest = None, -1.0
    for i in range(clips):
        for j in range(clips):
            if mask[i, j] and scores[i, j] > highest:
                best, highest = (i * 12 / clips, (j + 1) * 12 / clips), scores[i, j]
    assert best_cell(scores, mask, 12.0) == best


def test_the_file_is_written_the_same_twice(scores: np.ndarray, mask: np.ndarray, query: Query, tmp_path: Path) -> None:
    for suffix in (".png", ".svg"):
        plot_moment_map(scores, mask, 40.0, tmp_path / f"a{suffix}", query)
        plot_moment_map(scores, mask, 40.0, tmp_path / f"b{suffix}", query)
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_a_map_that_cannot_be_drawn_is_an_error(scores: np.ndarray, mask: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"scores of shape \(3, 4\), mask \(4, 4\); expected \(C, C\)"):
        moment_map_figure(scores[:3], mask, 40.0)
    with pytest.raises(InputError, match=r"scores of shape \(4, 4\), mask \(3, 3\)"):
        moment_map_figure(scores, mask[:3, :3], 40.0)
    with pytest.raises(InputError, match="a mask of bool with no cell set"):
        moment_map_figure(scores, np.zeros((4, 4), bool), 40.0)
    with pytest.raises(InputError, match=r"a mask of float64.*expected bool"):
        moment_map_figure(scores, mask.astype(float), 40.0)
    with pytest.raises(InputError, match=r"a video of 0\.0 s"):
        moment_map_figure(scores, mask, 0.0)


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan])
def test_a_score_that_is_no_probability_is_an_error_only_where_a_cell_exists(mask: np.ndarray, value: float) -> None:
    scores = np.full((4, 4), 0.5)
    scores[3, 0] = value
    moment_map_figure(scores, mask, 40.0)
    scores[1, 1] = value
    with pytest.raises(InputError, match="not a probability; expected 0 to 1"):
        moment_map_figure(scores, mask, 40.0)
