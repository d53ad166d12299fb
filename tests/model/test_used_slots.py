from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from leorn.model import leorn as network_module
from leorn.model.used_slots import put_back, take, used_slots
from tests.model.small import SMALL, random_inputs, random_network

MASKS = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5)).flatmap(lambda shape: arrays(bool, shape))


@given(MASKS)
def test_slots_are_those_with_objects_in_order_and_no_more_than_the_fullest_frame_has(mask: np.ndarray) -> None:
    slots = used_slots(torch.from_numpy(mask))
    fullest = max(1, max(int(frame.sum()) for video in mask for frame in video))
    if slots is None:
        assert fullest == mask.shape[2]
        return
    assert slots.shape == (*mask.shape[:2], fullest)
    for video, of_video in zip(mask, slots.tolist(), strict=True):
        for frame, chosen in zip(video, of_video, strict=True):
            used = np.flatnonzero(frame).tolist()
            assert chosen[: len(used)] == used
            assert len(set(chosen)) == len(chosen)

    values = torch.randn(*mask.shape, 2)
    taken = take(values * torch.from_numpy(mask)[..., None], slots)
    assert torch.equal(put_back(taken[..., 0], slots, mask.shape[2]), values[..., 0] * torch.from_numpy(mask))


@pytest.mark.parametrize(
    "changes", [{}, {"frame_size": 7}, {"shift_sentinel_only": False}, {"norm": "layer"}, {"attentive_pooling": False}]
)
def test_answer_and_evidence_are_those_of_all_slots(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    config = replace(SMALL, **changes)
    network = random_network(config).double()
    given = [value.double() if value.is_floating_point() else value for value in random_inputs(config)]
    given[3][..., 0] = False
    short = network(*given, return_evidence=True)
    monkeypatch.setattr(network_module, "used_slots", lambda mask: None)
    full = network(*given, return_evidence=True)
    torch.testing.assert_close(short.logits, full.logits)
    assert short.evidence is not None
    assert full.evidence is not None
    torch.testing.assert_close(short.evidence.objects, full.evidence.objects)


def test_empty_slots_are_not_computed_in_evaluation_alone() -> None:
    network = random_network(SMALL)
    _, _, objects, mask, boxes = random_inputs(SMALL)
    mask[..., 1:3] = False
    assert network.encode_video(objects, mask, boxes).tokens.shape[2] == 1 + 2
    assert network.train().encode_video(objects, mask, boxes).tokens.shape[2] == 1 + 4
