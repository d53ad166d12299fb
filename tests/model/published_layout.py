"""The published configuration files by hand, and our networks written as published checkpoints."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import yaml
from torch import Tensor

from leorn.config import ModelConfig
from leorn.model.leorn import LEORN

CHARADES_STA: dict[str, Any] = yaml.safe_load("""
WORKERS: 8
MODEL_DIR: ./checkpoints
RESULT_DIR: ./results
LOG_DIR: ./log
DATA_DIR: ./data/CharadesSTA
TENSORBOARD_DIR: ./tensorboard
DATASET: {NAME: CharadesSTA, VIS_INPUT_TYPE: object, NO_VAL: true, NUM_SAMPLE_CLIPS: 256, TARGET_STRIDE: 4,
  NORMALIZE: true, RANDOM_SAMPLING: false, OBJECT_NUM: 18, PRE_LOAD: false}
TEST: {BATCH_SIZE: 16, RECALL: "1,5", TIOU: "0.5,0.7", EVAL_TRAIN: false, NMS_THRESH: 0.5}
CUDNN: {DETERMINISTIC: false, BENCHMARK: true}
TRAIN: {BATCH_SIZE: 16, LR: 0.0001, WEIGHT_DECAY: 0.0, MAX_EPOCH: 20, STEP_ACCUMULATE: 1, CONTINUE: false,
  FP16: false, FINE_TUNE: false}
LOSS: {NAME: bce_rescale_loss, PARAMS: {MIN_IOU: 0.5, MAX_IOU: 1.0, BIAS: 0.0}}
MODEL: {NAME: LEORN, CHECKPOINT: ""}
TAN:
  TEXTUAL_MODULE:
    NAME: MultiAttTextEncoding
    PARAMS: {TXT_INPUT_SIZE: 300, TXT_HIDDEN_SIZE: 512, SEMANTIC_NUM: 1, RNN: {NUM_LAYERS: 3, BIDIRECTIONAL: true}}
  OBJECT_MODULE:
    NAME: ObjectTextInteraction
    PARAMS: {REASONING: true, TEXT_ATT: true, MULTI_ATT: true, ATT_POOL: true, OBJECT_INPUT_SIZE: 2048,
      VIS_INPUT_SIZE: 4096, OBJECT_NUM: 36, HIDDEN_SIZE: 512, LAYER_NUM: 3, TEMPORAL_SHIFT: 2, BBOX_ENCODE: true,
      NORM: bn, TEMPORAL_CONV: 0, SENTINEL_VECTOR: true, SHIFT_SENTINEL_VECTOR: true}
  FRAME_MODULE:
    NAME: FrameAvgPool
    PARAMS: {INPUT_SIZE: 512, HIDDEN_SIZE: 512, KERNEL_SIZE: 4, STRIDE: 4}
  PROP_MODULE:
    NAME: SparsePropMaxPool
    PARAMS: {HIDDEN_SIZE: 512, NUM_SCALE_LAYERS: [16, 8, 8]}
  FUSION_MODULE:
    NAME: EasyFusion
    PARAMS: {HIDDEN_SIZE: 512, TXT_INPUT_SIZE: 300, TXT_HIDDEN_SIZE: 512}
  MAP_MODULE:
    NAME: ResMapConv
    PARAMS: {INPUT_SIZE: 512, NORM: true, HIDDEN_SIZES: [512, 512, 512, 512], KERNEL_SIZES: [9, 9, 9, 9],
      STRIDES: [1, 1, 1, 1], PADDINGS: [4, 4, 4, 4], DILATIONS: [1, 1, 1, 1]}
  PRED_INPUT_SIZE: 512
""")

# our names and the published ones
_NAMES = {
    "text.gru": "textual_encoding.textual_encoding.textual_encoder",
    "text.attention.sentence": "textual_encoding.attended_layers.0.sentence_linear",
    "text.attention.hidden": "textual_encoding.attended_layers.0.att_linear1",
    "text.attention.score": "textual_encoding.attended_layers.0.att_linear2",
    "objects.sentinel": "object_interaction_layer.sentinel_vector",
    "objects.box_encoding": "object_interaction_layer.position_encoding",
    "objects.projection": "object_interaction_layer.rcnn_linear",
    "objects.norm.norm": "object_interaction_layer.norm",
    "text_attention.token": "object_text_attention.rcnn_linear",
    "text_attention.query": "object_text_attention.text_linear",
    "text_attention.inner": "object_text_attention.att_linear.0",
    "text_attention.outer": "object_text_attention.att_linear.2",
    "text_attention.norm.norm": "object_text_attention.norm",
    "object_attention.attention": "transformer.self_attn",
    "object_attention.norm.norm": "transformer.norm1",
    "feedforward.expand": "transformer.linear1",
    "feedforward.contract": "transformer.linear2",
    "feedforward.sentinel": "transformer.linear3",
    "feedforward.norm.norm": "transformer.norm2",
    "reasoning": "object_interaction_layer.interaction_layers",
    "pooling.query": "object_interaction_layer.attendtive_pool.text_linear",
    "pooling.norm.norm": "object_interaction_layer.attendtive_pool.batch_norm",
    "clips.frame_projection": "frame_layer.global_conv",
    "clips.projection": "frame_layer.vis_conv",
    "clips.fusion": "frame_layer.vis_conv",
    "clips.norm.norm": "frame_layer.norm",
    "moment_map.sentence": "fusion_layer.tex_linear",
    "moment_map.cell": "fusion_layer.vis_conv",
    "map_conv.convs": "map_layer.convs",
    "map_conv.norms": "map_layer.bn_layers",
    "prediction": "pred_layer",
}
# pointwise convolutions: how many dimensions of size 1 their weights end in
_POINTWISE = {"frame_layer.global_conv": 1, "frame_layer.vis_conv": 1, "fusion_layer.vis_conv": 2, "pred_layer": 2}


def changed(layout: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with values put in by their paths, such as `TAN.MAP_MODULE.NAME`."""
    layout = deepcopy(dict(layout))
    for path, value in changes.items():
        *sections, key = path.split(".")
        inner = layout
        for section in sections:
            inner = inner[section]
        inner[key] = value
    return layout


TACOS = changed(
    CHARADES_STA,
    {
        "DATASET.NAME": "TACoS",
        "DATASET.TARGET_STRIDE": 2,
        "DATASET.OBJECT_NUM": 36,
        "DATASET.NO_VAL": False,
        "TEST.TIOU": "0.1,0.3,0.5,0.7",
        "TEST.BATCH_SIZE": 8,
        "TRAIN.BATCH_SIZE": 8,
        "TRAIN.STEP_ACCUMULATE": 2,
        "LOSS.PARAMS": {"MIN_IOU": 0.3, "MAX_IOU": 0.7, "BIAS": 0.0},
        "TAN.OBJECT_MODULE.PARAMS.TEMPORAL_SHIFT": 1,
        "TAN.FRAME_MODULE.PARAMS.KERNEL_SIZE": 2,
        "TAN.FRAME_MODULE.PARAMS.STRIDE": 2,
        "TAN.PROP_MODULE.PARAMS.NUM_SCALE_LAYERS": [16, 8, 8, 8],
        "TAN.MAP_MODULE.PARAMS.HIDDEN_SIZES": [512] * 8,
        "TAN.MAP_MODULE.PARAMS.KERNEL_SIZES": [5] * 8,
        "TAN.MAP_MODULE.PARAMS.STRIDES": [1] * 8,
        "TAN.MAP_MODULE.PARAMS.PADDINGS": [2] * 8,
        "TAN.MAP_MODULE.PARAMS.DILATIONS": [1] * 8,
    },
)


def as_fusion(layout: Mapping[str, Any], frame_size: int) -> dict[str, Any]:
    """Return the configuration of the fusion variant."""
    frame = "TAN.FRAME_MODULE"
    changes = {f"{frame}.NAME": "MultiFeatureAvgPool", f"{frame}.PARAMS.INPUT_SIZE": frame_size}
    return changed(layout, {"MODEL.NAME": "LEORN_F", **changes})


def published_layout(config: ModelConfig) -> dict[str, Any]:
    """Return our configuration in the published layout, which does not hold the feed-forward size."""
    width, layers = config.hidden_size, len(config.map_kernel_sizes)
    frames_per_clip = config.frames // config.clips
    objects, conv = "TAN.OBJECT_MODULE.PARAMS", "TAN.MAP_MODULE.PARAMS"
    text, frame = "TAN.TEXTUAL_MODULE.PARAMS", "TAN.FRAME_MODULE.PARAMS"
    changes = {
        f"{text}.TXT_INPUT_SIZE": config.word_size,
        f"{text}.TXT_HIDDEN_SIZE": width,
        f"{text}.RNN.NUM_LAYERS": config.num_text_layers,
        f"{objects}.OBJECT_INPUT_SIZE": config.object_size,
        f"{objects}.HIDDEN_SIZE": width,
        f"{objects}.LAYER_NUM": config.num_layers,
        f"{objects}.TEMPORAL_SHIFT": config.temporal_shift,
        f"{objects}.NORM": {"batch": "bn", "layer": "ln"}[config.norm],
        f"{objects}.REASONING": config.reasoning,
        f"{objects}.TEXT_ATT": config.text_attention,
        f"{objects}.MULTI_ATT": config.object_attention,
        f"{objects}.ATT_POOL": config.attentive_pooling,
        f"{objects}.BBOX_ENCODE": config.box_encoding,
        f"{objects}.SHIFT_SENTINEL_VECTOR": config.shift_sentinel_only,
        frame: {
            "INPUT_SIZE": width, "HIDDEN_SIZE": width, "KERNEL_SIZE": frames_per_clip, "STRIDE": frames_per_clip,
        },
        "TAN.PROP_MODULE.PARAMS": {"HIDDEN_SIZE": width, "NUM_SCALE_LAYERS": list(config.num_scale_layers)},
        "TAN.FUSION_MODULE.PARAMS": {"HIDDEN_SIZE": width, "TXT_INPUT_SIZE": 300, "TXT_HIDDEN_SIZE": width},
        f"{conv}.INPUT_SIZE": width,
        f"{conv}.HIDDEN_SIZES": [width] * layers,
        f"{conv}.KERNEL_SIZES": list(config.map_kernel_sizes),
        f"{conv}.STRIDES": [1] * layers,
        f"{conv}.PADDINGS": [size // 2 for size in config.map_kernel_sizes],
        f"{conv}.DILATIONS": [1] * layers,
        "TAN.PRED_INPUT_SIZE": width,
        "DATASET.NUM_SAMPLE_CLIPS": config.frames,
        "DATASET.TARGET_STRIDE": frames_per_clip,
        "LOSS.PARAMS": {"MIN_IOU": config.min_iou, "MAX_IOU": config.max_iou, "BIAS": 0.0},
    }  # fmt: skip
    layout = changed(CHARADES_STA, changes)
    return layout if config.frame_size is None else as_fusion(layout, config.frame_size)


def published_weights(network: LEORN) -> dict[str, Tensor]:
    """Return the weights of a network by their published names, in their published shapes."""
    weights = {}
    for name, value in network.state_dict().items():
        for ours, theirs in _NAMES.items():
            name = name.replace(ours, theirs)
        layer = name.removesuffix(".weight")
        weights[name] = value.reshape(list(value.shape) + [1] * _POINTWISE.get(layer, 0))
    return weights
