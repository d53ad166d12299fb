import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leorn.model.map_conv import kernel_weights
from leorn.model.map_tiles import cover, needed_cells, plan_tiles
from leorn.model.moment_map import valid_cells

MASKS = st.integers(1, 7).flatmap(lambda clips: arrays(bool, (clips, clips)))
KERNELS = st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=3)


@given(MASKS, KERNELS)
def test_needed_cells_are_those_that_a_valid_one_depends_on(mask: np.ndarray, kernel_sizes: list[int]) -> None:
    weights = kernel_weights(torch.from_numpy(mask), kernel_sizes)
    found = needed_cells(torch.from_numpy(mask), weights, kernel_sizes)
    wanted = {(int(i), int(j)) for i, j in np.argwhere(mask)}
    for size, needed, weight in reversed(list(zip(kernel_sizes, found, weights.numpy(), strict=True))):
        assert {(int(i), int(j)) for i, j in needed.nonzero()} == {cell for cell in wanted if weight[cell] > 0}
        half = size // 2
        near = {(i + a, j + b) for i, j in wanted for a in range(-half, half + 1) for b in range(-half, half + 1)}
        wanted = {(i, j) for i, j in near if 0 <= i < len(mask) and 0 <= j < len(mask)}


@given(MASKS, st.integers(1, 5))
def test_tiles_cover_what_is_needed_once_and_none_is_idle(needed: np.ndarray, side: int) -> None:
    covered = np.zeros((20, 20), int)
    for top, left in cover(torch.from_numpy(needed), side).tolist():
        covered[top : top + side, left : left + side] += 1
        assert needed[top : top + side, left : left + side].any()
    assert covered.max(initial=0) <= 1
    assert covered[: len(needed), : len(needed)][needed].all()


def test_the_published_map_leaves_more_than_a_third_of_its_tiles_out() -> None:
    mask = valid_cells(64, (16, 8, 8))
    plan = plan_tiles(mask, kernel_weights(mask, (9, 9, 9, 9)), (9, 9, 9, 9), 16)
    assert [layer.num_tiles for layer in plan.layers] == [43, 49, 43, 36]  # of 64 that 8 x 8 cells make


def test_a_plan_reads_cells_by_number_the_rest_of_the_map_and_what_lies_outside() -> None:
    mask = torch.tensor([[True, True], [False, True]])
    plan = plan_tiles(mask, kernel_weights(mask, (3,)), (3,), 4)
    (layer,) = plan.layers
    # one tile of 2 x 2 cells; cells 0, 1, 2, the other one 3, outside 4
    assert layer.inputs.view(4, 4).tolist() == [[4, 4, 4, 4], [4, 0, 1, 4], [4, 3, 2, 4], [4, 4, 4, 4]]
    assert layer.shares.tolist() == [np.float32(1 / 3)] * 4
    assert plan.outputs.tolist() == [0, 1, 3]
