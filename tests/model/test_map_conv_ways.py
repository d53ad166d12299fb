"""The table that chooses how to compute the map's convolutions."""

from collections.abc import Iterator

import pytest
import torch

from leorn.model import map_conv_ways
from leorn.model.map_conv_ways import fastest_way, measured_ways


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def row(kernel: int, dtype: str, **seconds: float) -> dict:
        case = {"kernel_size": kernel, "clips": 64, "hidden_size": 512, "dtype": dtype}
        return case | {"seconds": {way.replace("_", "-"): took for way, took in seconds.items()}}

    rows = [
        row(9, "float32", direct=2.0, tiled_16=0.3, tiled_24=0.4),
        row(5, "float32", direct=0.6, tiled_8=0.1, tiled_16=0.2),
        row(5, "bfloat16", direct=0.1, tiled_8=0.2),
    ]
    monkeypatch.setattr(map_conv_ways, "measured_ways", lambda: rows)
    fastest_way.cache_clear()
    yield
    fastest_way.cache_clear()


@pytest.mark.parametrize(
    ("kernel_sizes", "clips", "hidden", "dtype", "way"),
    [
        ((9, 9), 64, 512, torch.float32, "tiled-16"),
        ((3, 9, 1), 32, 256, torch.float32, "tiled-16"),
        ((5,), 128, 512, torch.float32, "tiled-8"),
        # the nearest case has tiles that are too small for these kernels
        ((7,), 64, 512, torch.float32, "tiled-16"),
        ((5,), 64, 512, torch.bfloat16, "direct"),
        # nothing of that precision was measured
        ((5,), 64, 512, torch.float64, "direct"),
        # nothing large enough
        ((33,), 64, 512, torch.float32, "direct"),
    ],
)
@pytest.mark.usefixtures("table")
def test_the_way_is_what_was_fastest_in_the_nearest_case(
    kernel_sizes: tuple[int, ...], clips: int, hidden: int, dtype: torch.dtype, way: str
) -> None:
    assert fastest_way(kernel_sizes, clips, hidden, dtype) == way


def test_the_table_of_the_package_takes_tiles_for_the_published_maps() -> None:
    assert measured_ways()
    for kernel_sizes, clips in [((9,) * 4, 64), ((5,) * 8, 128)]:
        assert fastest_way(kernel_sizes, clips, 512, torch.float32).startswith("tiled-")
