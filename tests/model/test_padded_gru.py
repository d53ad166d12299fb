"""The GRU that asks nothing of the host, against the packed one."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.padded_gru import padded_gru
from leorn.model.text import packed_gru


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 2))
def test_states_and_gradients_are_those_of_packed_sentences(lengths: list[int], layers: int, padding: int) -> None:
    torch.manual_seed(0)
    gru = torch.nn.GRU(3, 4, layers, bidirectional=True, batch_first=True).double()
    words = torch.randn(len(lengths), max(lengths) + padding, 3, dtype=torch.float64)
    found = []
    for run in (padded_gru, packed_gru):
        given = words.clone().requires_grad_()
        states = run(gru, given, torch.tensor(lengths))
        found.append((states, *torch.autograd.grad(states.square().sum(), [given, *gru.parameters()])))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)
