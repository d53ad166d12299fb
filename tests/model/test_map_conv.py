from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

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


def random_network(hidden: int, kernel_sizes: Sequence[int], mask: torch.Tensor, seed: int = 0) -> MapConv:
    """A network in evaluation mode with random weights and statistics, in float64."""
    rng = np.random.default_rng(seed)
    network = MapConv(hidden, kernel_sizes, mask).double().eval()
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            low = 0.5 if name.endswith("running_var") else -0.5
            value.copy_(torch.from_numpy(rng.uniform(low, low + 1, tuple(value.shape))))
    return network


@pytest.mark.parametrize("way", ["direct", "tiled-11", "tiled-16"])
@pytest.mark.parametrize("kernel_sizes", [(3,), (5, 3), (1, 9)])
def test_convolutions_are_the_slow_ones(kernel_sizes: tuple[int, ...], way: str) -> None:
    mask = valid_cells(6, (2, 2))
    network = random_network(4, kernel_sizes, mask)
    network.way = way
    cells = np.random.default_rng(1).normal(size=(2, int(mask.sum()), 4))
    with torch.no_grad():
        found = network(torch.from_numpy(cells)).numpy()

    weights = {f"conv.{name}": value.numpy() for name, value in network.state_dict().items()}
    for video in range(2):
        laid_out = np.zeros((6, 6, 4))
        laid_out[mask.numpy()] = cells[video]
        expected = convolve_map(weights, "conv", kernel_sizes, laid_out, mask.numpy())
        np.testing.assert_allclose(found[video], expected[mask.numpy()], atol=1e-7)


@given(MASKS.filter(np.any), KERNELS, st.integers(0, 8), st.integers(0, 2**16))
def test_every_way_gives_the_same_cells_and_the_same_gradients(
    mask: np.ndarray, kernel_sizes: list[int], more: int, seed: int
) -> None:
    network = random_network(2, kernel_sizes, torch.from_numpy(mask), seed)
    cells = torch.randn(5, int(mask.sum()), 2, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = {}
    for way in ("direct", f"tiled-{max(kernel_sizes) + more}"):
        network.way = way
        given = cells.clone().requires_grad_()
        answer = network(given)
        parameters = dict(network.named_parameters())
        gradients = torch.autograd.grad(answer.square().sum(), [given, *parameters.values()])
        found[way] = dict(zip(["cells", "gradient of cells", *parameters], [answer, *gradients], strict=True))
    direct, tiled = found.values()
    for name, value in direct.items():
        torch.testing.assert_close(tiled[name], value, rtol=1e-9, atol=1e-9, msg=name)


def test_in_single_precision_tiles_are_as_exact_as_sums_of_another_order() -> None:
    torch.manual_seed(0)
    mask = valid_cells(16, (8, 4))
    network = MapConv(64, (9, 9), mask).eval()
    cells = torch.nn.functional.normalize(torch.randn(1, int(mask.sum()), 64), dim=-1)
    answers = {}
    with torch.inference_mode():
        for way in ("direct", "tiled-16", "tiled-24"):
            network.way = way
            answers[way] = network(cells)
    for way in ("tiled-16", "tiled-24"):
        torch.testing.assert_close(
            answers[way], answers["direct"], rtol=1e-5, atol=1e-6 * float(answers["direct"].max())
        )


def change_by_optimizer(network: MapConv) -> None:
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.1, fused=True)
    network(torch.randn(3, int(network.mask.sum()), 4, dtype=torch.float64)).sum().backward()
    optimizer.step()


def change_by_loading(network: MapConv) -> None:
    network.load_state_dict({name: value * 2 for name, value in network.state_dict().items()})


def change_by_training(network: MapConv) -> None:
    network.train()
    network(torch.randn(3, int(network.mask.sum()), 4, dtype=torch.float64))
    network.eval()


def change_a_statistic(network: MapConv) -> None:
    statistic = network.norms[1].running_mean
    assert isinstance(statistic, torch.Tensor)
    statistic += 1


def change_precision(network: MapConv) -> None:
    network.float()
    network.double()


@pytest.mark.parametrize(
    "change", [change_by_optimizer, change_by_loading, change_by_training, change_a_statistic, change_precision]
)
def test_kernels_are_transformed_again_when_anything_changes(change: Callable[[MapConv], None]) -> None:
    mask = valid_cells(6, (2, 2))
    network = random_network(4, (3, 3), mask)
    cells = torch.randn(1, int(mask.sum()), 4, dtype=torch.float64)

    def tiled() -> torch.Tensor:
        network.way = "tiled-8"
        with torch.no_grad():
            return network(cells)

    before = tiled()
    kept = network._transforms
    assert torch.equal(tiled(), before)
    assert kept is not None
    assert network._transforms is kept

    change(network)
    after = tiled()
    network.way = "direct"
    with torch.no_grad():
        torch.testing.assert_close(after, network(cells))
    assert change is change_precision or not torch.allclose(after, before)


def test_training_and_compiling_take_the_direct_way(monkeypatch: pytest.MonkeyPatch) -> None:
    network = random_network(4, (3,), valid_cells(4, (4,)))
    cells = torch.zeros(1, 10, 4, dtype=torch.float64)
    monkeypatch.setattr("leorn.model.map_conv.fastest_way", lambda *_: "tiled-8")
    with torch.no_grad():
        assert network._way(cells) == "tiled-8"
        network.train()
        assert network._way(cells) == "direct"
        network.eval()
        monkeypatch.setattr("torch.compiler.is_compiling", lambda: True)
        assert network._way(cells) == "direct"


def test_products_are_in_the_precision_of_autocast() -> None:
    mask = valid_cells(16, (8, 4))
    network = random_network(8, (5, 5), mask).float()
    cells = torch.randn(1, int(mask.sum()), 8)
    answers = {}
    for way in ("direct", "tiled-12"):
        network.way = way
        with torch.inference_mode():
            answers[way] = network(cells)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                answers[f"{way} in bf16"] = network(cells)
    for way in ("direct", "tiled-12"):
        error = (answers[f"{way} in bf16"] - answers["direct"]).abs().max() / answers["direct"].abs().max()
        assert 1e-4 < error < 2e-2


def test_tiles_of_other_sizes_and_threads_do_not_write_over_each_other() -> None:
    mask = valid_cells(8, (4, 2))
    network = random_network(4, (3, 5), mask)
    batches = [torch.randn(count, int(mask.sum()), 4, dtype=torch.float64) for count in (1, 5, 2, 9) * 10]

    def convolve(number: int) -> torch.Tensor:
        # kernels are transformed anew while another thread uses those before
        network.way = "tiled-8" if number % 5 else "tiled-9"
        with torch.inference_mode():
            return network(batches[number])

    alone = [convolve(number) for number in range(len(batches))]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(convolve, range(len(batches))))
    for ours, theirs in zip(together, alone, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_bfloat16_products_are_the_direct_ones_but_for_rounding() -> None:
    mask = valid_cells(16, (8, 4))
    network = random_network(32, (5, 5), mask).float()
    cells = torch.randn(2, int(mask.sum()), 32, generator=torch.Generator().manual_seed(0))
    found = {}
    for way, bf16 in (("direct", False), ("direct", True), ("tiled-12", True)):
        network.way = way
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            found[way, bf16] = network(cells).float()
    spread = found["direct", False].std()
    errors = {key: float((answer - found["direct", False]).std() / spread) for key, answer in found.items()}
    # both round numbers to 8 bits at each layer
    assert 0 < errors["tiled-12", True] < 5 * errors["direct", True] < 0.1
