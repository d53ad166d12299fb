import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.moment_map import MomentMap, gather, last_offset, valid_cells
from tests.model.reference import cells_that_exist

SCALES = st.lists(st.integers(1, 6), min_size=1, max_size=4)


@given(st.integers(1, 40), SCALES)
def test_valid_cells_are_those_that_pooling_again_and_again_reaches(clips: int, scales: list[int]) -> None:
    assert (valid_cells(clips, scales).numpy() == cells_that_exist(clips, scales)).all()


@pytest.mark.parametrize(
    ("clips", "scales", "count"), [(64, (16, 8, 8), 1104), (128, (16, 8, 8, 8), 2548), (16, (8, 4), 110)]
)
def test_counts_of_the_published_maps(clips: int, scales: tuple[int, ...], count: int) -> None:
    assert valid_cells(clips, scales).sum() == count
    assert last_offset(scales) == clips - 1
    assert valid_cells(clips, scales)[0, -1]


@given(SCALES)
def test_last_offset_is_that_of_the_longest_cell_where_there_is_room(scales: list[int]) -> None:
    first, last = valid_cells(150, scales).nonzero(as_tuple=True)
    assert last_offset(scales) == (last - first).max()


@given(st.integers(1, 20), SCALES, st.integers(0, 100))
def test_a_cell_is_the_maximum_of_its_clips(clips: int, scales: list[int], seed: int) -> None:
    moment_map = MomentMap(3, clips, scales)
    features = np.random.default_rng(seed).normal(size=(2, clips, 3))
    cells = np.argwhere(moment_map.mask.numpy())

    pooled = moment_map.pool(torch.from_numpy(features)).numpy()

    assert (pooled == np.stack([features[:, i : j + 1].max(1) for i, j in cells], 1)).all()


def test_every_clip_of_a_maximum_gets_its_share_of_the_gradient_once() -> None:
    clips = torch.tensor([[[1.0], [3.0], [2.0]]], requires_grad=True)
    MomentMap(1, 3, (3,)).pool(clips).sum().backward()
    assert clips.grad is not None
    # cells (0,0); (0,1), (0,2), (1,1), (1,2); (2,2)
    assert clips.grad.flatten().tolist() == [1, 4, 1]


def test_gather_undoes_spread_and_the_rest_of_the_map_is_zero() -> None:
    moment_map = MomentMap(3, 16, (8, 4))
    cells = torch.arange(2 * 110 * 3.0).view(2, 110, 3) + 1
    laid_out = moment_map.spread(cells)

    assert laid_out.shape == (2, 16, 16, 3)
    assert not laid_out[:, ~moment_map.mask].any()
    for number, (i, j) in enumerate(moment_map.mask.nonzero().tolist()):
        assert torch.equal(laid_out[:, i, j], cells[:, number])
    assert torch.equal(gather(laid_out, moment_map.cells), cells)


def test_spread_takes_cells_without_channels() -> None:
    moment_map = MomentMap(3, 4, (2,))
    spread = moment_map.spread(torch.arange(1.0, 8.0)[None])
    assert spread[0].tolist() == [[1, 2, 0, 0], [0, 3, 4, 0], [0, 0, 5, 6], [0, 0, 0, 7]]


def test_cells_are_gated_by_the_sentence_and_have_length_one() -> None:
    torch.manual_seed(0)
    moment_map = MomentMap(5, 8, (3, 2)).double()
    clips, sentence = torch.randn(2, 8, 5, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)
    with torch.no_grad():
        fused = moment_map(clips, sentence)
        gate = moment_map.sentence(sentence)
        cells = [moment_map.cell(clips[:, i : j + 1].amax(1)) * gate for i, j in moment_map.mask.nonzero().tolist()]
    torch.testing.assert_close(
        fused, torch.stack([cell / cell.square().sum(1, keepdim=True).sqrt() for cell in cells], 1)
    )
