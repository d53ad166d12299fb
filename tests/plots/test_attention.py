import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import colormaps
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex

from leorn.errors import InputError
from leorn.plots import plot_object_attention
from leorn.plots.attention import attention_rows, object_attention_figure
from leorn.plots.canvas import HEAT, NOTHING
from leorn.records import Moment, Query, VideoObjects


def random_video(seed: int) -> tuple[VideoObjects, np.ndarray]:
    """Objects of 5 frames with 4 slots and 6 labels, some without a label, and attention over them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(-1, 6, (5, 4))
    zeros = np.zeros((5, 4, 4))
    names = tuple("abcdef")
    video = VideoObjects("v", 9.0, np.arange(5.0), zeros, zeros, np.ones((5, 4)), labels, names)
    weights = rng.random((5, 5))
    return video, weights / weights.sum(axis=1, keepdims=True)


def test_rows_are_the_labels_by_their_attention_and_then_the_sentinel(video: VideoObjects, weights: np.ndarray) -> None:
    names, rows = attention_rows(weights, video, top=8)
    # the spoon is never seen and has no row
    assert names == ["person", "cup", "unlabelled object", "frame context"]
    assert rows.data == pytest.approx(np.array([[0.2, 0.9, 0.5], [0.3, 0, 0], [0, 0, 0.25], [0.5, 0.1, 0.25]]))


def test_rows_are_masked_where_a_frame_has_no_object_of_the_label(video: VideoObjects, weights: np.ndarray) -> None:
    # the second slot of the second frame is empty
    absent = [[False] * 3, [False, True, True], [True, True, False], [False] * 3]
    assert attention_rows(weights, video, top=8)[1].mask.tolist() == absent
    names, rows = attention_rows(weights, video, top=1)
    assert names[1] == "2 other labels"
    assert rows.mask.tolist() == [[False] * 3, [False, True, False], [False] * 3]


def test_an_object_that_got_no_attention_is_not_absent(video: VideoObjects, weights: np.ndarray) -> None:
    weights[2] = [0.25, 0.75, 0]
    weights[0] = [0.7, 0, 0.3]
    video.labels[2, 1] = 1
    names, rows = attention_rows(weights, video, top=8)
    assert names == ["person", "frame context"]
    video.labels[1, 1] = 1
    video.scores[1, 1] = 0.5
    weights[1] = [0.1, 0.4, 0.5]
    names, rows = attention_rows(weights, video, top=8)
    assert names == ["person", "cup", "frame context"]
    assert rows[1].tolist() == [0, 0.5, 0]


def test_what_is_absent_is_grey(video: VideoObjects, weights: np.ndarray, query: Query) -> None:
    figure = object_attention_figure(weights, video, query)
    figure.savefig(buffer := io.BytesIO(), format="rgba")
    width, height = (int(size * figure.dpi) for size in figure.get_size_inches())
    pixels = np.frombuffer(buffer.getvalue(), np.uint8).reshape(height, width, 4)[::-1]
    panel = figure.axes[1]

    def colour(seconds: float, row: float) -> str:
        x, y = panel.transData.transform((seconds, row))
        red, green, blue = (pixels[int(y), int(x), :3] / 255).tolist()
        return to_hex((red, green, blue))

    lightest = to_hex(colormaps[HEAT](0.0))
    # the person, the cup, the thing without a label at 5, 15 and 35 s
    assert [colour(time, 1) for time in (15, 36)] == [NOTHING.lower()] * 2
    assert [colour(time, 2) for time in (5, 15)] == [NOTHING.lower()] * 2
    shown = {colour(5, 0), colour(15, 0), colour(5, 1), colour(35, 2), colour(15, 3)}
    assert len(shown) == 5
    assert not shown & {NOTHING.lower(), lightest}


def test_labels_beyond_the_top_are_one_row(video: VideoObjects, weights: np.ndarray) -> None:
    names, rows = attention_rows(weights, video, top=1)
    assert names == ["person", "2 other labels", "frame context"]
    assert rows.data[1] == pytest.approx([0.3, 0, 0.25])
    assert attention_rows(weights, video, top=2)[0][2] == "1 other label"


@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_rows_equal_a_slow_sum_over_slots_and_lose_nothing(seed: int, top: int) -> None:
    video, weights = random_video(seed)
    names, rows = attention_rows(weights, video, top)
    assert rows.sum(axis=0).data == pytest.approx(np.ones(5))
    labels = [*video.label_names, "unlabelled object"]
    for name, row in zip(names, rows, strict=True):
        if name in labels:
            for t in range(5):
                slow = [weights[t, n + 1] for n in range(4) if labels[video.labels[t, n]] == name]
                assert row[t] is np.ma.masked if not slow else row[t] == pytest.approx(sum(slow))
    shown = rows.data[: min(top, len(names) - 1)].sum(axis=1)
    assert (np.diff(shown) <= 1e-12).all()


def test_each_instant_shows_the_frame_sampled_nearest_to_it(
    video: VideoObjects, weights: np.ndarray, query: Query
) -> None:
    strip, panel, bar = object_attention_figure(weights, video, query).axes
    cells = panel.collections[0]
    assert isinstance(cells, QuadMesh)
    corners = np.asarray(cells.get_coordinates())
    assert corners[0, :, 0].tolist() == [0, 10, 25, 40]  # frames at 5, 15 and 35 s
    assert corners[:, 0, 1].tolist() == [-0.5, 0.5, 1.5, 2.5, 3.5]
    assert np.asarray(cells.get_array()) == pytest.approx(attention_rows(weights, video, 8)[1].data)
    assert cells.get_clim() == (0, 0.9)
    assert [label.get_text() for label in panel.get_yticklabels()] == [
        "person",
        "cup",
        "unlabelled object",
        "frame context",
    ]
    assert panel.get_xlabel() == "time (s)"
    assert panel.get_xlim() == strip.get_xlim() == (0, 40)
    assert bar.get_ylabel() == "attention weight"


def test_true_moments_are_edges_on_the_rows_and_bars_above(
    video: VideoObjects, weights: np.ndarray, query: Query
) -> None:
    strip, panel, _ = object_attention_figure(weights, video, query, [Moment(11.0, 24.0, 0.5)]).axes
    assert [np.asarray(line.get_xdata())[0] for line in panel.lines] == [10, 25, 30, 32.5]
    assert [label.get_text() for label in strip.get_yticklabels()] == ["ground truth", "prediction"]
    assert strip.containers[-1][0].get_x() == 11.0
    assert strip.get_position().y0 > panel.get_position().y1


def test_objects_without_labels_are_one_row(video: VideoObjects, weights: np.ndarray) -> None:
    bare = replace(video, labels=np.full((3, 2), -1), label_names=())
    names, rows = attention_rows(weights, bare, top=8)
    assert names == ["unlabelled object", "frame context"]
    assert rows.data[0] == pytest.approx([0.5, 0.9, 0.75])


def test_a_single_frame_fills_the_time(query: Query) -> None:
    single = VideoObjects(
        "kitchen",
        40.0,
        np.array([3.0]),
        np.zeros((1, 2, 4)),
        np.zeros((1, 2, 4)),
        np.zeros((1, 2)),
        np.full((1, 2), -1),
    )
    _, panel, _ = object_attention_figure(np.array([[1.0, 0.0, 0.0]]), single, query).axes
    cells = panel.collections[0]
    assert isinstance(cells, QuadMesh)
    assert np.asarray(cells.get_coordinates())[0, :, 0].tolist() == [0, 40]
    assert [label.get_text() for label in panel.get_yticklabels()] == ["frame context"]


def test_the_file_is_written_the_same_twice(
    video: VideoObjects, weights: np.ndarray, query: Query, tmp_path: Path
) -> None:
    for suffix in (".png", ".svg"):
        plot_object_attention(weights, video, query, tmp_path / f"a{suffix}", query.moments)
        plot_object_attention(weights, video, query, tmp_path / f"b{suffix}", query.moments)
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_weights_that_do_not_fit_the_video_are_an_error(video: VideoObjects, weights: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"kitchen: attention of shape \(3, 2\); expected \(3, 3\)"):
        attention_rows(weights[:, 1:], video, top=8)
    with pytest.raises(InputError, match="kitchen: attention that is negative or not finite"):
        attention_rows(-weights, video, top=8)
    with pytest.raises(InputError, match="kitchen: attention that is negative or not finite"):
        attention_rows(weights * np.nan, video, top=8)
    with pytest.raises(InputError, match="kitchen: 0 labels to draw; expected at least 1"):
        attention_rows(weights, video, top=0)


def test_a_video_without_frames_is_an_error() -> None:
    empty = np.zeros((0, 2))
    video = VideoObjects("v", 9.0, np.zeros(0), np.zeros((0, 2, 4)), np.zeros((0, 2, 4)), empty, empty.astype(int))
    with pytest.raises(InputError, match="video v: no frames"):
        attention_rows(np.zeros((0, 3)), video, top=8)


def test_objects_of_another_video_are_an_error(video: VideoObjects, weights: np.ndarray, query: Query) -> None:
    with pytest.raises(InputError, match="query q1: objects of video garden; expected video kitchen"):
        object_attention_figure(weights, replace(video, video="garden"), query)
