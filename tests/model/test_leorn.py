"""The network against its slow and obvious version, and what it promises besides."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.config import ModelConfig
from leorn.errors import InputError
from leorn.model.leorn import LEORN
from leorn.model.loss import cell_iou, scaled_iou_loss
from tests.model.reference import reference
from tests.model.small import FUSION, SMALL, random_inputs, random_network

VARIANTS: dict[str, dict[str, Any]] = {
    "objects": {},
    "fusion": {"frame_size": 7},
    "three scales, shift 1": {"temporal_shift": 1, "num_scale_layers": (2, 1, 1)},
    "shift longer than the video": {"temporal_shift": 20},
    "a frame a clip": {"frames": 8},
    "one layer of each": {"num_layers": 1, "num_text_layers": 1, "map_kernel_sizes": (3,)},
    "no text attention": {"text_attention": False},
    "no object attention": {"object_attention": False},
    "no reasoning": {"reasoning": False},
    "no shift": {"temporal_shift": 0},
    "every token shifted": {"shift_sentinel_only": False},
    "no box encoding": {"box_encoding": False},
    "mean pooling": {"attentive_pooling": False},
    "layer norm": {"norm": "layer"},
    "layer norm, fusion": {"norm": "layer", "frame_size": 7},
}

ANY_SWITCHES = st.builds(
    ModelConfig,
    word_size=st.integers(1, 4),
    object_size=st.integers(1, 4),
    frame_size=st.none() | st.integers(1, 4),
    frames=st.sampled_from([4, 8]),
    clips=st.just(4),
    hidden_size=st.sampled_from([4, 8]),
    feedforward_size=st.integers(1, 9),
    num_heads=st.sampled_from([1, 2, 4]),
    num_layers=st.integers(0, 2),
    num_text_layers=st.integers(1, 2),
    temporal_shift=st.integers(0, 5),
    num_scale_layers=st.sampled_from([(4,), (2, 1), (1,)]),
    map_kernel_sizes=st.lists(st.sampled_from([1, 3, 5]), min_size=1, max_size=2).map(tuple),
    norm=st.sampled_from(["batch", "layer"]),
    reasoning=st.booleans(),
    text_attention=st.booleans(),
    object_attention=st.booleans(),
    shift_sentinel_only=st.booleans(),
    box_encoding=st.booleans(),
    attentive_pooling=st.booleans(),
)


def assert_agrees_with_reference(config: ModelConfig, seed: int) -> None:
    network, inputs = random_network(config, seed).double(), random_inputs(config, seed)
    inputs = [value.double() if value.is_floating_point() else value for value in inputs]
    with torch.no_grad():
        scored = network(*inputs, return_evidence=True)
    weights = {name: value.numpy() for name, value in network.state_dict().items()}

    expected = reference(config, weights, *(value.numpy() for value in inputs))

    assert (scored.mask.numpy() == expected.mask).all()
    np.testing.assert_allclose(scored.logits, expected.logits, atol=1e-6)
    np.testing.assert_allclose(scored.evidence.objects, expected.objects, atol=1e-6)
    np.testing.assert_allclose(scored.evidence.words, expected.words, atol=1e-6)


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_switch_does_what_the_slow_version_does(changes: dict[str, Any]) -> None:
    assert_agrees_with_reference(replace(SMALL, **changes), seed=1)


@settings(max_examples=25)
@given(ANY_SWITCHES, st.integers(0, 1000))
def test_switches_go_together(config: ModelConfig, seed: int) -> None:
    assert_agrees_with_reference(config, seed)


def test_evidence_is_shares_of_what_is_there() -> None:
    words, word_mask, objects, object_mask, boxes = random_inputs(SMALL)
    with torch.no_grad():
        scored = random_network(SMALL)(words, word_mask, objects, object_mask, boxes, return_evidence=True)
    evidence = scored.evidence

    torch.testing.assert_close(evidence.objects.sum(-1), torch.ones(2, SMALL.frames))
    assert not evidence.objects[..., 1:][~object_mask].any()
    assert (evidence.objects[..., 1:][object_mask] > 0).all()
    assert evidence.objects[0, 3].tolist() == [1, 0, 0, 0, 0]
    torch.testing.assert_close(evidence.words.sum(-1), torch.ones(2))
    assert not evidence.words[~word_mask].any()


def test_evidence_is_given_only_when_asked_for() -> None:
    assert random_network(SMALL)(*random_inputs(SMALL)).evidence is None


@pytest.mark.parametrize("config", [SMALL, FUSION], ids=["objects", "fusion"])
def test_the_two_halves_make_the_whole(config: ModelConfig) -> None:
    network = random_network(config)
    words, word_mask, *video = random_inputs(config)
    with torch.no_grad():
        whole = network(words, word_mask, *video)
        halves = network.score(network.encode_video(*video), words, word_mask)
    assert torch.equal(whole.logits, halves.logits)


def test_a_video_of_a_batch_is_scored_as_if_it_were_alone() -> None:
    network, inputs = random_network(FUSION), random_inputs(FUSION)
    with torch.no_grad():
        together = network(*inputs).logits
        alone = torch.cat([network(*(value[[video]] for value in inputs)).logits for video in range(2)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_what_masked_slots_hold_does_not_matter() -> None:
    network = random_network(SMALL)
    words, word_mask, objects, object_mask, boxes = random_inputs(SMALL)
    hidden = (~object_mask)[..., None]
    with torch.no_grad():
        logits = network(words, word_mask, objects, object_mask, boxes).logits
        changed = network(words, word_mask, objects + 9 * hidden, object_mask, boxes + 9 * hidden).logits
    torch.testing.assert_close(logits, changed, atol=1e-5, rtol=0)


def test_candidates_are_the_valid_cells_row_by_row() -> None:
    network = random_network(SMALL)
    with torch.no_grad():
        scored = network(*random_inputs(SMALL))
    candidates = network.candidates(scored)
    cells = [(i, j) for i in range(8) for j in range(8) if scored.mask[i, j]]

    assert candidates.spans.tolist() == 2 * [[[i / 8, (j + 1) / 8] for i, j in cells]]
    expected = torch.stack([1 / (1 + torch.exp(-scored.logits[:, i, j])) for i, j in cells], 1)
    torch.testing.assert_close(candidates.scores, expected)


def test_a_video_of_several_queries_is_the_same_video_for_each() -> None:
    network, (words, word_mask, *video) = random_network(FUSION), random_inputs(FUSION)
    with torch.no_grad():
        shared = network(words, word_mask, *(part[:1] for part in video), video_index=torch.tensor([0, 0]))
        laid_out = network(words, word_mask, *(part[:1].expand(2, *part.shape[1:]) for part in video))
    assert torch.equal(shared.logits, laid_out.logits)


def test_loss_takes_the_configured_thresholds() -> None:
    config = replace(SMALL, min_iou=0.2, max_iou=0.6)
    network = random_network(config)
    spans, span_mask = torch.tensor([[[0.1, 0.4], [0.5, 1.0]], [[0.0, 0.3], [0.0, 0.0]]]), torch.ones(2, 2).bool()
    span_mask[1, 1] = False
    with torch.no_grad():
        scored = network(*random_inputs(config))

    expected = scaled_iou_loss(scored.logits, scored.mask, cell_iou(spans, span_mask, 8), 0.2, 0.6)
    assert network.loss(scored, spans, span_mask) == expected


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_parameter_groups_hold_every_parameter_once(changes: dict[str, Any]) -> None:
    network = LEORN(replace(SMALL, **changes))
    groups = network.parameter_groups()
    assert list(groups) == ["text", "objects", "moments"]
    grouped = [id(parameter) for group in groups.values() for parameter in group]
    assert sorted(grouped) == sorted(id(parameter) for parameter in network.parameters())


def test_parameter_groups_are_the_parts_of_the_network() -> None:
    network = LEORN(FUSION)
    part_of = {id(parameter): name.split(".")[0] for name, parameter in network.named_parameters()}
    found = {group: {part_of[id(p)] for p in parameters} for group, parameters in network.parameter_groups().items()}
    assert found == {
        "text": {"text"},
        "objects": {"objects", "reasoning", "pooling"},
        "moments": {"clips", "moment_map", "map_conv", "prediction"},
    }


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_gradients_are_finite_and_reach_every_parameter(changes: dict[str, Any]) -> None:
    config = replace(SMALL, **changes)
    torch.manual_seed(0)
    network = LEORN(config).train()
    scored = network(*random_inputs(config))
    network.loss(scored, torch.tensor([[[0.1, 0.4]], [[0.5, 1.0]]]), torch.ones(2, 1).bool()).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_initial_probability_is_what_an_untrained_network_says_of_a_cell_it_knows_nothing_of() -> None:
    network = LEORN(replace(SMALL, initial_probability=0.1))
    assert network.prediction.bias.sigmoid().item() == pytest.approx(0.1)


def test_even_odds_leave_the_bias_as_published() -> None:
    torch.manual_seed(0)
    bias = LEORN(SMALL).prediction.bias
    assert bias.item() != 0
    assert abs(bias.item()) <= SMALL.hidden_size**-0.5  # a linear layer's own start


def test_a_fusion_network_needs_frame_features() -> None:
    with pytest.raises(InputError, match="fusion network needs frame features"):
        random_network(FUSION)(*random_inputs(SMALL))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": 20}, "model.frames 20 must be a multiple of model.clips 8"),
        ({"hidden_size": 9}, "model.hidden_size 9 must be a multiple of model.num_heads 2"),
        ({"map_kernel_sizes": (3, 4)}, r"model.map_kernel_sizes \(3, 4\) must be odd, not 4"),
        ({"initial_probability": 1.0}, "model.initial_probability 1.0 must lie between 0 and 1"),
        ({"initial_probability": 0.0}, "model.initial_probability 0.0 must lie between 0 and 1"),
        ({"min_iou": 0.7, "max_iou": 0.7}, "model.min_iou 0.7 must be below model.max_iou 0.7"),
        ({"min_iou": -0.1}, "model.min_iou -0.1; expected 0 or more"),
        ({"num_heads": 0}, "model.num_heads 0; expected 1 or more"),
        ({"clips": -8}, "model.clips -8; expected 1 or more"),
        ({"box_dropout": 1.0}, "model.box_dropout 1.0; expected 0 or more, below 1"),
    ],
)
def test_a_configuration_that_does_not_fit_together_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LEORN(replace(SMALL, **changes))


def test_in_bf16_training_on_a_cpu_takes_plain_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fused attention is slower there by far."""
    network = random_network(SMALL)
    fused = []
    encode = network.encode_video

    def watched(*given: Any) -> object:  # noqa: ANN401
        fused.append(torch.backends.cuda.flash_sdp_enabled())
        return encode(*given)

    monkeypatch.setattr(network, "encode_video", watched)
    for training, bf16 in [(False, False), (False, True), (True, False), (True, True)]:
        network.train(training)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            network(*random_inputs(SMALL))
    assert fused == [True, True, True, False]
    assert torch.backends.cuda.flash_sdp_enabled()


@pytest.mark.parametrize("config", [SMALL, FUSION], ids=["objects", "fusion"])
def test_statistics_count_a_video_once_for_each_of_its_queries(config: ModelConfig) -> None:
    config = replace(config, attention_dropout=0.0, box_dropout=0.0)
    words, word_mask, *video = random_inputs(config)
    index = torch.tensor([1, 0, 1])
    found = []
    for shared in (True, False):
        network = random_network(config).train()
        seen = video if shared else [part[index] for part in video]
        scored = network(words[index], word_mask[index], *seen, video_index=index if shared else None)
        scored.logits.square().sum().backward()
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        found.append((scored.logits, gradients, dict(network.named_buffers())))
    torch.testing.assert_close(*found, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("config", [SMALL, FUSION], ids=["objects", "fusion"])
def test_a_training_step_asks_an_accelerator_for_no_value(config: ModelConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    # tensors of the meta device have no values: whatever needs one on the host fails; nor has it autocast
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    network = LEORN(config).to("meta").train()
    inputs = [tensor.to("meta") for tensor in random_inputs(config)]
    spans, span_mask = torch.rand(2, 1, 2, device="meta"), torch.ones(2, 1, dtype=torch.bool, device="meta")
    video_index = torch.tensor([1, 0], device="meta")
    loss = network.loss(network(*inputs, video_index=video_index), spans, span_mask)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    torch.optim.AdamW(network.parameters()).step()
    assert all(parameter.grad is not None for parameter in network.parameters())
