"""Frames of any shape in inputs of any shape."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.features.letterbox import GREY, Letterbox

pytest.importorskip("cv2")

sizes = st.tuples(st.integers(1, 2000), st.integers(1, 2000))


@pytest.mark.parametrize(
    ("frame", "inner", "corner"),
    [((640, 272), (416, 177), (0, 119)), ((272, 640), (177, 416), (119, 0)), ((100, 100), (416, 416), (0, 0))],
)
def test_a_frame_is_as_large_as_it_fits_and_in_the_middle(
    frame: tuple[int, int], inner: tuple[int, int], corner: tuple[int, int]
) -> None:
    letterbox = Letterbox((416, 416), frame)
    assert letterbox.inner_size == inner
    assert letterbox.corner == corner


def test_a_frame_lies_in_grey() -> None:
    frame = np.full((20, 40, 3), (10, 20, 30), np.uint8)
    picture = Letterbox((64, 48), (40, 20)).place(frame)
    assert picture.shape == (48, 64, 3)
    assert (picture[8:40] == (10, 20, 30)).all()
    assert (picture[:8] == GREY).all()
    assert (picture[40:] == GREY).all()


def test_a_frame_of_the_inputs_size_stays_as_it_is() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (32, 64, 3), np.uint8)
    assert (Letterbox((64, 32), (64, 32)).place(frame) == frame).all()


def test_boxes_move_with_the_frame() -> None:
    letterbox = Letterbox((64, 48), (40, 20))
    whole = letterbox.to_net(np.array([[0, 0, 1, 1], [0.5, 0.5, 0.75, 1.0]]))
    np.testing.assert_allclose(whole, [[0, 8 / 48, 1, 40 / 48], [0.5, 0.5, 0.75, 40 / 48]])
    np.testing.assert_allclose(letterbox.to_frame(np.array([[0, 0, 1, 1.0]])), [[0, -0.25, 1, 1.25]])


@given(net=sizes, frame=sizes, box=st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_the_frame_lies_inside_and_boxes_come_back(
    net: tuple[int, int], frame: tuple[int, int], box: list[float]
) -> None:
    letterbox = Letterbox(net, frame)
    for start, inner, outer in zip(letterbox.corner, letterbox.inner_size, net, strict=True):
        assert 0 <= start <= start + inner <= outer
    assert any(inner == outer for inner, outer in zip(letterbox.inner_size, net, strict=True))
    boxes = np.array([box])
    np.testing.assert_allclose(letterbox.to_frame(letterbox.to_net(boxes)), boxes, atol=1e-9)
