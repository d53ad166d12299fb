"""LEORN-P against a slow, independent version, and what must hold of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from leorn.config import PyramidConfig
from leorn.errors import InputError
from leorn.model.leorn_pyramid import MAP_CLIPS, LEORNPyramid
from leorn.model.pyramid_records import ScoredSteps
from leorn.model.span_loss import distance_iou_loss, focal_loss
from tests.model.reference_pyramid import pyramid_reference
from tests.model.small import PYRAMID_FUSION, SMALL_PYRAMID, random_inputs, random_network

VARIANTS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "one level": {"levels": 1},
    "no stem blocks": {"stem_blocks": 0},
    "one view": {"views": 1},
    "no steering": {"steering": False},
    "mean pooling": {"attentive_pooling": False},
    "no boxes": {"box_encoding": False},
    "places without motion": {"motion_reaches": ()},
    "motion over more than the video": {"motion_reaches": (3, 12, 40)},
    "mean pooling without object attention": {"attentive_pooling": False, "object_attention": False},
    "no object attention": {"object_attention": False},
    "no shift": {"temporal_shift": 0},
    "no object blocks": {"num_layers": 0},
    "no conditioning": {"num_conditioning_layers": 0},
    "heads without convolutions": {"num_head_layers": 0},
    "odd number of frames": {"frames": 13},
    "frame features": {"frame_size": 7},
}
LENGTHS = [16, 11]
"""Frames of the two videos of a batch."""


def padded_inputs(config: PyramidConfig, lengths: list[int], seed: int = 0) -> tuple[list[Tensor], Tensor]:
    """Return random inputs in float64, of which each video has so many frames, and the frames' mask."""
    inputs = [part.double() if part.is_floating_point() else part for part in random_inputs(config, seed)]
    frame_mask = torch.arange(config.frames) < torch.tensor(lengths)[:, None]
    return [*inputs[:2], *(part * frame_mask[(...,) + (None,) * (part.dim() - 2)] for part in inputs[2:])], frame_mask


def reference_of(network: LEORNPyramid, inputs: list[Tensor], frame_mask: Tensor, row: int) -> Any:  # noqa: ANN401
    words, word_mask, *video = (part[row].numpy() for part in inputs)
    length = int(frame_mask[row].sum())
    weights = {name: value.numpy() for name, value in network.state_dict().items()}
    return pyramid_reference(network.config, weights, words[word_mask], *(part[:length] for part in video))


def assert_agrees_with_reference(config: PyramidConfig, lengths: list[int], seed: int) -> None:
    network = random_network(config, seed).double()
    inputs, frame_mask = padded_inputs(config, lengths, seed)
    with torch.no_grad():
        scored = network(*inputs, frame_mask=frame_mask, return_evidence=True)
        candidates = network.candidates(scored)
    for row, length in enumerate(lengths):
        expected = reference_of(network, inputs, frame_mask, row)
        there = scored.mask[row]
        assert there.sum() == len(expected.proposals)
        np.testing.assert_allclose(scored.logits[row, there], [p.logit for p in expected.proposals], atol=1e-8)
        spans = np.clip([[p.start / length, p.end / length] for p in expected.proposals], 0, 1)
        np.testing.assert_allclose(candidates.spans[row, there], spans, atol=1e-8)
        np.testing.assert_allclose(scored.evidence.objects[row, :length], expected.objects, atol=1e-8)
        words = scored.evidence.words[row]
        np.testing.assert_allclose(words[: len(expected.words)], expected.words, atol=1e-8)
        assert not words[len(expected.words) :].any()


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS.keys())
def test_every_switch_does_what_the_slow_version_does(changes: dict[str, Any]) -> None:
    config = replace(SMALL_PYRAMID, **changes)
    assert_agrees_with_reference(config, [config.frames, 11], seed=1)


@settings(max_examples=15)
@given(
    lengths=st.lists(st.integers(1, 16), min_size=2, max_size=2),
    levels=st.integers(1, 4),
    window=st.sampled_from([1, 3, 9, 41]),
    seed=st.integers(0, 1000),
)
def test_videos_of_any_length_go_together(lengths: list[int], levels: int, window: int, seed: int) -> None:
    assert_agrees_with_reference(replace(SMALL_PYRAMID, levels=levels, window=window), lengths, seed)


def scored_small(seed: int = 0) -> tuple[LEORNPyramid, ScoredSteps]:
    network = random_network(SMALL_PYRAMID, seed)
    inputs, frame_mask = padded_inputs(SMALL_PYRAMID, LENGTHS, seed)
    with torch.no_grad():
        return network, network.double()(*inputs, frame_mask=frame_mask)


@pytest.mark.parametrize("config", [SMALL_PYRAMID, PYRAMID_FUSION], ids=["objects", "fusion"])
def test_the_two_halves_make_the_whole(config: PyramidConfig) -> None:
    network = random_network(config)
    words, word_mask, *video = random_inputs(config)
    with torch.no_grad():
        whole = network(words, word_mask, *video)
        halves = network.score(network.encode_video(*video), words, word_mask)
    assert torch.equal(whole.logits, halves.logits)
    assert torch.equal(whole.distances, halves.distances)


def test_one_video_serves_several_queries() -> None:
    network, (words, word_mask, *video) = random_network(SMALL_PYRAMID), random_inputs(SMALL_PYRAMID)
    first = [part[:1] for part in video]
    with torch.no_grad():
        alone = [network(words[[row]], word_mask[[row]], *first).logits[0] for row in range(2)]
        shared = network(words, word_mask, *first, video_index=torch.tensor([0, 0])).logits
        prepared = network.score(network.encode_video(*first).repeat(2), words, word_mask).logits
    torch.testing.assert_close(shared, torch.stack(alone))
    torch.testing.assert_close(prepared, torch.stack(alone))


def test_each_query_gets_its_own_video() -> None:
    network, (words, word_mask, *video) = random_network(SMALL_PYRAMID), random_inputs(SMALL_PYRAMID)
    with torch.no_grad():
        straight = network(words, word_mask, *video).logits
        crossed = network(words, word_mask, *(part.flip(0) for part in video), video_index=torch.tensor([1, 0])).logits
    torch.testing.assert_close(crossed, straight)


def test_steps_beyond_a_video_propose_nothing() -> None:
    network, scored = scored_small()
    candidates = network.candidates(scored)
    beyond = ~scored.mask
    # of the first video's steps those between two levels alone, and more of the second's
    assert beyond.sum(1).tolist() == [len(scored.strides.unique()), int((~scored.mask[1]).sum())]
    assert beyond[1].sum() > beyond[0].sum()
    assert not candidates.scores[beyond].any()
    assert not candidates.spans[beyond].any()
    assert ((candidates.spans >= 0) & (candidates.spans <= 1)).all()
    torch.testing.assert_close(candidates.scores[scored.mask], scored.logits[scored.mask].sigmoid())


def test_loss_is_that_of_the_steps_that_answer_over_their_number() -> None:
    network, scored = scored_small()
    # 8 frames around frame 7 of the first video, whose level is the first: its farther boundary is below R = 4 frames
    # of steps whose middle is within 1.5 strides; the second query has no moment
    spans = torch.tensor([[[4 / 16, 10 / 16]], [[0.0, 0.0]]], dtype=torch.float64)
    span_mask = torch.tensor([[True], [False]])
    loss = network.loss(scored, spans, span_mask)

    positive = torch.zeros_like(scored.mask)
    wanted = []
    for step, (middle, stride) in enumerate(zip(scored.middles.tolist(), scored.strides.tolist(), strict=True)):
        farther = max(middle - 4, 10 - middle)
        low, high = {1.0: (0, 4), 2.0: (2, 8), 4.0: (4, np.inf)}[stride]
        if 4 < middle < 10 and abs(middle - 7) <= 1.5 * stride and low <= farther < high:
            positive[0, step] = True
            wanted.append([(middle - 4) / stride, (10 - middle) / stride])
    assert len(wanted) > 2
    expected = focal_loss(scored.logits, positive.float())[scored.mask].sum()
    expected = expected + distance_iou_loss(scored.distances[positive], torch.tensor(wanted)).sum()
    torch.testing.assert_close(loss, expected / len(wanted))


def test_a_query_without_a_moment_has_a_finite_loss() -> None:
    network, scored = scored_small()
    loss = network.loss(scored, torch.zeros(2, 1, 2), torch.zeros(2, 1, dtype=torch.bool))
    expected = focal_loss(scored.logits, torch.zeros_like(scored.logits))[scored.mask].sum()
    torch.testing.assert_close(loss, expected, check_dtype=False)


def test_in_training_losses_are_shared_out_over_a_running_mean() -> None:
    network, scored = scored_small()
    spans, span_mask = torch.tensor([[[0.1, 0.5]], [[0.3, 0.9]]]), torch.ones(2, 1, dtype=torch.bool)
    whole = network.loss(scored, spans, span_mask)
    network.train().positives.zero_()
    first = network.loss(scored, spans, span_mask)
    found = network.positives.clone()
    torch.testing.assert_close(first, whole, check_dtype=False)
    assert found > 2
    # no step is positive: the mean falls to nine tenths
    second = network.loss(scored, torch.zeros(2, 1, 2), torch.zeros(2, 1, dtype=torch.bool))
    whole = focal_loss(scored.logits, torch.zeros_like(scored.logits))[scored.mask].sum()
    torch.testing.assert_close(second, whole / (0.9 * found), check_dtype=False)
    torch.testing.assert_close(network.positives, 0.9 * found)


def test_what_lies_beyond_a_video_changes_nothing() -> None:
    network = random_network(PYRAMID_FUSION)
    words, word_mask, objects, object_mask, *others = random_inputs(PYRAMID_FUSION)
    frame_mask = torch.arange(16) < torch.tensor(LENGTHS)[:, None]
    object_mask = object_mask & frame_mask[..., None]
    results = []
    for beyond in (0.0, 7.0):
        filled = [
            part.masked_fill(~frame_mask.view(2, 16, *[1] * (part.dim() - 2)), beyond) for part in (objects, *others)
        ]
        with torch.no_grad():
            scored = network(words, word_mask, filled[0], object_mask, *filled[1:], frame_mask=frame_mask)
        results.append(scored.logits[scored.mask])
    assert torch.equal(*results)


def test_a_video_of_one_frame_learns_beside_a_longer_one() -> None:
    network = random_network(SMALL_PYRAMID).train()
    inputs, frame_mask = padded_inputs(SMALL_PYRAMID, [16, 1])
    scored = network.double()(*inputs, frame_mask=frame_mask)
    network.loss(scored, torch.tensor([[[0.1, 0.5]], [[0.0, 1.0]]]), torch.ones(2, 1, dtype=torch.bool)).backward()
    assert all(weight.grad is None or weight.grad.isfinite().all() for weight in network.parameters())


def test_every_weight_learns() -> None:
    # no block is left out
    network = random_network(replace(PYRAMID_FUSION, drop_path=0.0)).train()
    inputs = random_inputs(PYRAMID_FUSION)
    spans = torch.tensor([[[0.1, 0.3], [0.4, 1.0]], [[0.2, 0.35], [0.0, 0.8]]])
    network.loss(network(*inputs), spans, torch.ones(2, 2, dtype=torch.bool)).backward()
    still = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    # a softmax does not change when the same is added to all of its scores
    assert set(still) <= {"steering.words.bias"}


@pytest.mark.parametrize("key", ["text_dropout", "attention_dropout", "box_dropout", "drop_path"])
def test_each_share_that_is_left_out_in_training_has_an_option(key: str) -> None:
    none = replace(SMALL_PYRAMID, text_dropout=0.0, attention_dropout=0.0, box_dropout=0.0, drop_path=0.0)
    half: dict[str, Any] = {key: 0.5}
    inputs = random_inputs(SMALL_PYRAMID)

    def runs(config: PyramidConfig) -> list[Tensor]:
        torch.manual_seed(0)
        network = LEORNPyramid(config).train()
        with torch.no_grad():
            return [network(*inputs).logits for _ in range(8)]

    first, *others = runs(none)
    assert all(torch.equal(first, other) for other in others)
    first, *others = runs(replace(none, **half))
    assert not all(torch.equal(first, other) for other in others)


def test_parameter_groups_hold_every_parameter_once() -> None:
    network = random_network(PYRAMID_FUSION)
    groups = network.parameter_groups()
    grouped = [parameter for group in groups.values() for parameter in group]
    assert sorted(map(id, grouped)) == sorted(map(id, network.parameters()))
    assert set(groups) == {"text", "objects", "moments"}


def test_the_fusion_variant_takes_over_all_but_the_frame_features() -> None:
    fused = random_network(PYRAMID_FUSION)
    assert fused.state_dict().keys() - fused.object_state().keys() == {"frames.weight", "frames.bias"}
    assert fused.object_state().keys() == random_network(SMALL_PYRAMID).state_dict().keys()


def test_names_and_pictures() -> None:
    network = random_network(SMALL_PYRAMID)
    assert (network.name, random_network(PYRAMID_FUSION).name) == ("LEORN-P", "LEORN-PF")
    assert network.map_clips == MAP_CLIPS


@pytest.mark.parametrize(
    ("words", "text", "hidden"), [(40, 32, 32), (40, 40, 40), (40, 32, 64), (40, 40, 96), (40, 64, 64)]
)
def test_untrained_it_looks_at_what_the_query_names_where_objects_are_words(words: int, text: int, hidden: int) -> None:
    config = replace(SMALL_PYRAMID, word_size=words, object_size=words, frames=8, label_objects=True)
    config = replace(config, text_size=text, hidden_size=hidden)
    torch.manual_seed(0)
    labels = torch.randn(6, words)
    objects = torch.nn.functional.normalize(labels, dim=-1).expand(1, 8, 6, words)
    mask = torch.ones(1, 8, 6, dtype=torch.bool)
    boxes = torch.rand(1, 8, 6, 2, 2).sort(dim=3).values.flatten(3)
    shares = []
    for seed in range(5):
        torch.manual_seed(seed)
        network = LEORNPyramid(replace(config, views=1)).eval()
        with torch.no_grad():
            video = network.encode_video(objects, mask, boxes).repeat(6)
            asked = torch.ones(6, 1, dtype=torch.bool)
            scored = network.score(video, labels[:, None], asked, return_evidence=True)
        assert scored.evidence is not None
        shares.append(scored.evidence.objects[..., 1:].mean(1).diagonal())
    # the weights of 7 tokens sum to 1
    assert torch.stack(shares).mean() > 3 / 7


def test_layers_over_the_words_start_out_different() -> None:
    first, second = LEORNPyramid(SMALL_PYRAMID).text.layers
    assert not torch.equal(next(first.parameters()), next(second.parameters()))


def test_without_steering_all_evidence_is_what_the_sentinels_saw() -> None:
    network = random_network(replace(SMALL_PYRAMID, steering=False))
    with torch.no_grad():
        scored = network(*random_inputs(SMALL_PYRAMID), return_evidence=True)
    assert scored.evidence is not None
    assert (scored.evidence.objects[..., 0] == 1).all()
    assert not scored.evidence.objects[..., 1:].any()


def test_without_object_attention_the_pyramid_still_sees_the_objects() -> None:
    for blind in (replace(SMALL_PYRAMID, object_attention=False), replace(SMALL_PYRAMID, num_layers=0)):
        network = random_network(replace(blind, steering=False))
        words, word_mask, *video = random_inputs(SMALL_PYRAMID)
        with torch.no_grad():
            straight, crossed = (network(words, word_mask, *part) for part in (video, [x.flip(0) for x in video]))
        assert not torch.allclose(straight.logits, crossed.logits)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label_objects": True}, "model.label_objects: objects of width 6 and words of width 5; expected one width"),
        ({"motion_reaches": (1, 0)}, r"model.motion_reaches \(1, 0\) must be 1 or more, not 0"),
        ({"num_heads": 0}, "model.num_heads 0; expected 1 or more"),
        ({"text_size": -6}, "model.text_size -6; expected 1 or more"),
        ({"views": -1}, "model.views -1; expected 1 or more"),
        ({"window": -5}, "model.window -5; expected 1 or more"),
        ({"frames": -4}, "model.frames -4; expected 1 or more"),
        ({"text_dropout": 2.0}, "model.text_dropout 2.0; expected 0 or more, below 1"),
        ({"drop_path": 1.0}, "model.drop_path 1.0; expected 0 or more, below 1"),
    ],
)
def test_what_does_not_fit_together_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LEORNPyramid(replace(SMALL_PYRAMID, **changes))
