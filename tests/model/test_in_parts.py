from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.config import NetworkConfig
from leorn.model import conditioning, pyramid
from leorn.model.in_parts import AT_ONCE, in_parts
from tests.model.small import SMALL, SMALL_PYRAMID, random_inputs, random_network


@given(batch=st.integers(1, 4), frames=st.integers(1, 3 * AT_ONCE))
def test_parts_make_the_whole(batch: int, frames: int) -> None:
    calls = []

    def outer(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        calls.append(x.shape[0] * x.shape[1])
        return x[..., None] * y[:, :, None]

    x, y = torch.randn(batch, frames, 2), torch.randn(batch, frames, 3)
    found = in_parts(outer, x, y, whole=False)
    assert torch.equal(found, x[..., None] * y[:, :, None])
    assert max(calls) <= AT_ONCE
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
        monkeypatch.setattr(in_parts, "__kwdefaults__", {"at_once": 6, "margin": 0})
        monkeypatch.setattr(pyramid, "STEPS_AT_ONCE", 6)
        monkeypatch.setattr(conditioning, "STEPS_AT_ONCE", 6)
        parts = network(words, word_mask, *video).logits
    torch.testing.assert_close(parts, whole)


@given(frames=st.integers(1, 40), at_once=st.integers(1, 40), margin=st.integers(0, 5))
def test_a_part_sees_as_far_beyond_it_as_it_needs(frames: int, at_once: int, margin: int) -> None:
    kernel = torch.ones(1, 1, 2 * margin + 1)

    def around(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.conv1d(x[:, None], kernel, padding=margin)[:, 0]

    x = torch.arange(2.0 * frames).view(2, frames)
    assert torch.equal(in_parts(around, x, whole=False, at_once=at_once, margin=margin), around(x))
