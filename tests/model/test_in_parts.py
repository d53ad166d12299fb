from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.config import NetworkConfig
from leorn.model import in_parts as module
from leorn.model.in_parts import FRAMES_AT_ONCE, in_parts
from tests.model.small import SMALL, SMALL_PYRAMID, random_inputs, random_network


@given(batch=st.integers(1, 4), frames=st.integers(1, 3 * FRAMES_AT_ONCE))
def test_parts_make_the_whole(batch: int, frames: int) -> None:
    calls = []

    def outer(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        calls.append(x.shape[0] * x.shape[1])
        return x[..., None] * y[:, :, None]

    x, y = torch.randn(batch, frames, 2), torch.randn(batch, frames, 3)
    found = in_parts(outer, x, y, whole=False)
    assert torch.equal(found, x[..., None] * y[:, :, None])
    assert max(calls) <= FRAMES_AT_ONCE
    calls.clear()
    assert torch.equal(in_parts(outer, x, y, whole=True), found)
    assert calls == [batch * frames]


@pytest.mark.parametrize("config", [replace(SMALL, shift_sentinel_only=False), SMALL, SMALL_PYRAMID])
def test_networks_see_a_video_in_parts_as_they_see_it_whole(
    config: NetworkConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, (words, word_mask, *video) = random_network(config), random_inputs(config)
    with torch.no_grad():
        whole = network(words, word_mask, *video).logits
        monkeypatch.setattr(module, "FRAMES_AT_ONCE", 6)
        parts = network(words, word_mask, *video).logits
    torch.testing.assert_close(parts, whole)
