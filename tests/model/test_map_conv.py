import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leorn.model.map_conv import MapConv, kernel_weights
from leorn.model.moment_map import valid_cells
from tests.model.reference import convolve_map

MASKS = st.integers(1, 7).flatmap(lambda clips: arrays(bool, (clips, clips)))
KERNELS = st.lists(st.sampled_from([1, 3, 5, 9]), min_size=1, max_size=3)


@given(MASKS, KERNELS)
def test_a_weight_is_one_over_the_cells_under_the_kernel(mask: np.ndarray, kernel_sizes: list[int]) -> None:
    weights = kernel_weights(torch.from_numpy(mask), kernel_sizes).numpy()
    assert weights.shape == (len(kernel_sizes), *mask.shape)
    for size, layer in zip(kernel_sizes, weights, strict=True):
        seen = np.zeros(mask.shape, int)
        for i, j in np.ndindex(mask.shape):
            near = [(a, b) for a, b in np.argwhere(mask) if max(abs(a - i), abs(b - j)) <= size // 2]
            seen[i, j] = len(near)
            assert layer[i, j] == (np.float32(1 / len(near)) if near else 0)
        mask = seen > 0


def test_the_valid_set_grows_by_the_kernel_at_each_layer() -> None:
    mask = torch.zeros(5, 5, dtype=torch.bool)
    mask[0, 0] = True
    reached = kernel_weights(mask, (3, 3)) > 0
    assert reached[0].nonzero().tolist() == [[i, j] for i in range(2) for j in range(2)]
    assert reached[1].nonzero().tolist() == [[i, j] for i in range(3) for j in range(3)]


@pytest.mark.parametrize("kernel_sizes", [(3,), (5, 3), (1, 9)])
def test_convolutions_are_the_slow_ones(kernel_sizes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    mask = valid_cells(6, (2, 2))
    network = MapConv(4, kernel_sizes, mask).double().eval()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            low = 0.5 if name.endswith("running_var") else -0.5
            value.copy_(torch.from_numpy(rng.uniform(low, low + 1, tuple(value.shape))))
    cells = rng.normal(size=(2, 4, 6, 6))
    with torch.no_grad():
        found = network(torch.from_numpy(cells)).numpy()

    weights = {f"conv.{name}": value.numpy() for name, value in network.state_dict().items()}
    for video in range(2):
        expected = convolve_map(weights, "conv", kernel_sizes, cells[video].transpose(1, 2, 0), mask.numpy())
        np.testing.assert_allclose(found[video].transpose(1, 2, 0), expected, atol=1e-7)
