"""Published configurations and weights, written by hand and from our own networks."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from leorn.config import ModelConfig
from leorn.errors import InputError
from leorn.model.published import load_published, published_config
from tests.model.published_layout import CHARADES_STA, TACOS, as_fusion, changed, published_layout, published_weights
from tests.model.small import SMALL, random_inputs, random_network

# a published configuration says nothing of the heads: there are four
OURS = replace(SMALL, num_heads=4)
SWITCHES: dict[str, dict[str, Any]] = {
    "objects": {},
    "fusion": {"frame_size": 7},
    "no reasoning": {"reasoning": False},
    "no text attention": {"text_attention": False},
    "no object attention": {"object_attention": False},
    "no shift": {"temporal_shift": 0},
    "every token shifted": {"shift_sentinel_only": False},
    "no box encoding": {"box_encoding": False},
    "mean pooling": {"attentive_pooling": False},
    "layer norm": {"norm": "layer"},
}
OBJECTS = "TAN.OBJECT_MODULE.PARAMS"
BLOCK = "object_interaction_layer.interaction_layers.0"


def lower_keys(layout: Mapping[str, Any]) -> dict[str, Any]:
    return {key.lower(): lower_keys(value) if isinstance(value, Mapping) else value for key, value in layout.items()}


def assert_same_logits(config: ModelConfig, weights: Mapping[str, Tensor | np.ndarray]) -> None:
    loaded, inputs = load_published(published_layout(config), weights), random_inputs(config)
    assert not loaded.training
    with torch.no_grad():
        assert torch.equal(loaded(*inputs).logits, random_network(config)(*inputs).logits)


def test_the_published_charades_sta_configuration_is_our_default() -> None:
    assert published_config(CHARADES_STA) == ModelConfig()


def test_the_published_tacos_configuration() -> None:
    assert published_config(TACOS) == ModelConfig(
        clips=128,
        temporal_shift=1,
        num_scale_layers=(16, 8, 8, 8),
        map_kernel_sizes=(5,) * 8,
        min_iou=0.3,
        max_iou=0.7,
    )


@pytest.mark.parametrize(("layout", "frame_size"), [(CHARADES_STA, 1024), (TACOS, 4096)])
def test_the_published_fusion_configurations(layout: dict[str, Any], frame_size: int) -> None:
    expected = replace(published_config(layout), frame_size=frame_size)
    assert published_config(as_fusion(layout, frame_size)) == expected


def test_keys_may_be_in_lower_case() -> None:
    assert published_config(lower_keys(TACOS)) == published_config(TACOS)


def test_a_whole_number_may_stand_for_a_threshold() -> None:
    assert published_config(changed(CHARADES_STA, {"LOSS.PARAMS.MAX_IOU": 1})) == ModelConfig()


@pytest.mark.parametrize("layout", [CHARADES_STA, TACOS])
def test_the_network_alone_says_how_many_frames_there_are(layout: dict[str, Any]) -> None:
    sections = {name: layout[name] for name in ("MODEL", "TAN")}
    loss = {"min_iou": 0.5, "max_iou": 1.0}
    assert published_config(sections) == replace(published_config(layout), **loss)


def test_keys_that_say_nothing_about_the_network_are_passed_over() -> None:
    ignored = {
        "CUDNN": {"ANYTHING": 1},
        "WORKERS": 99,
        f"{OBJECTS}.OBJECT_NUM": 1,
        f"{OBJECTS}.VIS_INPUT_SIZE": 1,
        "DATASET.OBJECT_NUM": 7,
        "TRAIN.FINE_TUNE": True,
        "LOSS.PARAMS.BIAS": 3.0,
    }
    assert published_config(changed(CHARADES_STA, ignored)) == ModelConfig()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TAN.MAP_MODULE.PARAMS.GROUPS": 2}, "unknown key TAN.MAP_MODULE.PARAMS.GROUPS"),
        ({"EXTRA": {"A": 1, "B": 2}}, "unknown key EXTRA.A, EXTRA.B"),
        ({"MODEL.NAME": "TAN"}, "MODEL.NAME is 'TAN'; expected 'LEORN' or 'LEORN_F'"),
        ({"MODEL.NAME": "LEORN_F"}, "TAN.FRAME_MODULE.NAME is 'FrameAvgPool'; expected 'MultiFeatureAvgPool'"),
        ({"TAN.MAP_MODULE.NAME": "MapConv"}, "TAN.MAP_MODULE.NAME is 'MapConv'; expected 'ResMapConv'"),
        ({f"{OBJECTS}.NORM": "gn"}, f"{OBJECTS}.NORM is 'gn'; expected 'bn' or 'ln'"),
        ({f"{OBJECTS}.NORM": 1}, f"{OBJECTS}.NORM is 1; expected a value such as 'bn'"),
        ({f"{OBJECTS}.TEMPORAL_CONV": 1}, f"{OBJECTS}.TEMPORAL_CONV is 1; expected 0"),
        ({f"{OBJECTS}.TEXT_ATT": "yes"}, f"{OBJECTS}.TEXT_ATT is 'yes'; expected a value such as True"),
        ({f"{OBJECTS}.LAYER_NUM": 2.5}, f"{OBJECTS}.LAYER_NUM is 2.5; expected a value such as 3"),
        ({"TAN.MAP_MODULE.PARAMS.STRIDES": [1, 2, 1, 1]}, "TAN.MAP_MODULE.PARAMS.STRIDES is 2; expected 1"),
        ({"TAN.MAP_MODULE.PARAMS.KERNEL_SIZES": 9}, "KERNEL_SIZES is 9; expected a value such as (9, 9, 9, 9)"),
        ({"TAN.MAP_MODULE.PARAMS.PADDINGS": [4, 4, 4, 0]}, "PADDINGS is (4, 4, 4, 0); expected (4, 4, 4, 4)"),
        (
            {"TAN.MAP_MODULE.PARAMS.HIDDEN_SIZES": [512, 256]},
            "TAN.MAP_MODULE.PARAMS.HIDDEN_SIZES is (512, 256); expected (512, 512, 512, 512)",
        ),
        (
            {"TAN.PROP_MODULE.PARAMS.HIDDEN_SIZE": 256},
            "TAN.PROP_MODULE.PARAMS.HIDDEN_SIZE is 256; expected 512, as other keys say",
        ),
        ({"DATASET.TARGET_STRIDE": 2}, "DATASET.TARGET_STRIDE is 2; expected 4, as other keys say"),
        ({"DATASET.NUM_SAMPLE_CLIPS": "many"}, "DATASET.NUM_SAMPLE_CLIPS is 'many'; expected a value such as 256"),
        ({"DATASET.NUM_SAMPLE_CLIPS": 250}, "model.frames 250 must be a multiple of model.clips 62"),
    ],
)
def test_a_configuration_that_the_published_network_does_not_know_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as error:
        load_published(changed(CHARADES_STA, changes), {})
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", [f"{OBJECTS}.NORM", "MODEL.NAME", "TAN.TEXTUAL_MODULE.PARAMS.RNN.NUM_LAYERS"])
def test_a_configuration_without_a_key_is_refused(key: str) -> None:
    layout = deepcopy(CHARADES_STA)
    *sections, last = key.split(".")
    inner = layout
    for section in sections:
        inner = inner[section]
    del inner[last]
    with pytest.raises(InputError, match=f"missing key {key}$"):
        published_config(layout)


@pytest.mark.parametrize("changes", SWITCHES.values(), ids=SWITCHES.keys())
def test_weights_by_their_published_names_give_the_same_network(changes: dict[str, Any]) -> None:
    config = replace(OURS, **changes)
    assert_same_logits(config, published_weights(random_network(config)))


def test_weights_may_be_arrays_of_a_parallel_module_beside_a_constant() -> None:
    weights = published_weights(random_network(OURS)) | {"object_interaction_layer.true_tensor": torch.ones(1).bool()}
    assert_same_logits(OURS, {f"module.{name}": value.numpy() for name, value in weights.items()})


def test_weights_may_lack_the_counters_of_batch_norm() -> None:
    weights = published_weights(random_network(OURS))
    assert_same_logits(OURS, {name: value for name, value in weights.items() if "num_batches_tracked" not in name})


@pytest.mark.parametrize(
    "switch", ["no reasoning", "no text attention", "no object attention", "no shift", "mean pooling"]
)
def test_weights_that_a_switch_leaves_unused_are_passed_over(switch: str) -> None:
    without = replace(OURS, **SWITCHES[switch])
    spare, used = published_weights(random_network(OURS, seed=1)), published_weights(random_network(without))
    assert len(spare) > len(used)
    assert_same_logits(without, spare | used)


def test_the_feed_forward_size_is_that_of_the_weights() -> None:
    config = replace(OURS, feedforward_size=20)
    loaded = load_published(published_layout(config), published_weights(random_network(config)))
    assert loaded.config == config


def test_without_reasoning_the_feed_forward_size_is_the_published_one() -> None:
    config = replace(OURS, reasoning=False)
    loaded = load_published(published_layout(config), published_weights(random_network(config)))
    assert loaded.config == replace(config, feedforward_size=1024)


@pytest.mark.parametrize(
    "name",
    [
        "decoder.weight",
        f"{BLOCK}.transformer.linear4.weight",
        "object_interaction_layer.interaction_layers.2.transformer.linear1.weight",  # there are two blocks
        "frame_layer.global_conv.weight",  # of the fusion variant
    ],
)
def test_a_weight_that_the_network_does_not_have_is_named(name: str) -> None:
    weights = published_weights(random_network(OURS)) | {name: torch.ones(1)}
    with pytest.raises(InputError, match=f"published weights unknown: {name}$"):
        load_published(published_layout(OURS), weights)


def test_a_weight_of_another_shape_is_named_with_both_shapes() -> None:
    name = "fusion_layer.tex_linear.weight"
    weights = published_weights(random_network(OURS)) | {name: torch.ones(8, 9)}
    with pytest.raises(InputError, match=rf"of the wrong shape: {name} \(8, 9\), expected \(8, 8\)$"):
        load_published(published_layout(OURS), weights)


def test_a_missing_weight_is_named() -> None:
    weights = published_weights(random_network(OURS))
    del weights["pred_layer.bias"]
    with pytest.raises(InputError, match=r"published weights missing \(by our names\): prediction.bias$"):
        load_published(published_layout(OURS), weights)
