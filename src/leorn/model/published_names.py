"""The names of the published configuration and checkpoint, and ours beside them."""

# published key → field of ModelConfig, or a value that published_config() turns into one. Several keys for one
# field must agree.
SETTINGS = {
    "MODEL.NAME": "name",
    "TAN.TEXTUAL_MODULE.PARAMS.TXT_INPUT_SIZE": "word_size",
    "TAN.TEXTUAL_MODULE.PARAMS.TXT_HIDDEN_SIZE": "hidden_size",
    "TAN.TEXTUAL_MODULE.PARAMS.RNN.NUM_LAYERS": "num_text_layers",
    "TAN.OBJECT_MODULE.PARAMS.OBJECT_INPUT_SIZE": "object_size",
    "TAN.OBJECT_MODULE.PARAMS.HIDDEN_SIZE": "hidden_size",
    "TAN.OBJECT_MODULE.PARAMS.LAYER_NUM": "num_layers",
    "TAN.OBJECT_MODULE.PARAMS.TEMPORAL_SHIFT": "temporal_shift",
    "TAN.OBJECT_MODULE.PARAMS.NORM": "norm",
    "TAN.OBJECT_MODULE.PARAMS.REASONING": "reasoning",
    "TAN.OBJECT_MODULE.PARAMS.TEXT_ATT": "text_attention",
    "TAN.OBJECT_MODULE.PARAMS.MULTI_ATT": "object_attention",
    "TAN.OBJECT_MODULE.PARAMS.ATT_POOL": "attentive_pooling",
    "TAN.OBJECT_MODULE.PARAMS.BBOX_ENCODE": "box_encoding",
    "TAN.OBJECT_MODULE.PARAMS.SHIFT_SENTINEL_VECTOR": "shift_sentinel_only",
    "TAN.FRAME_MODULE.NAME": "frame_module",
    "TAN.FRAME_MODULE.PARAMS.INPUT_SIZE": "frame_size",
    "TAN.FRAME_MODULE.PARAMS.HIDDEN_SIZE": "hidden_size",
    "TAN.FRAME_MODULE.PARAMS.KERNEL_SIZE": "frames_per_clip",
    "TAN.FRAME_MODULE.PARAMS.STRIDE": "frames_per_clip",
    "TAN.PROP_MODULE.PARAMS.HIDDEN_SIZE": "hidden_size",
    "TAN.PROP_MODULE.PARAMS.NUM_SCALE_LAYERS": "num_scale_layers",
    "TAN.FUSION_MODULE.PARAMS.HIDDEN_SIZE": "hidden_size",
    "TAN.FUSION_MODULE.PARAMS.TXT_HIDDEN_SIZE": "hidden_size",
    "TAN.MAP_MODULE.PARAMS.INPUT_SIZE": "hidden_size",
    "TAN.MAP_MODULE.PARAMS.HIDDEN_SIZES": "map_hidden_sizes",
    "TAN.MAP_MODULE.PARAMS.KERNEL_SIZES": "map_kernel_sizes",
    "TAN.MAP_MODULE.PARAMS.PADDINGS": "map_paddings",
    "TAN.PRED_INPUT_SIZE": "hidden_size",
    "DATASET.NUM_SAMPLE_CLIPS": "frames",
    "DATASET.TARGET_STRIDE": "frames_per_clip",
    "LOSS.PARAMS.MIN_IOU": "min_iou",
    "LOSS.PARAMS.MAX_IOU": "max_iou",
}

# a network's configuration is whole without these
OPTIONAL = {key for key in SETTINGS if key.startswith(("DATASET.", "LOSS."))} | {"TAN.PRED_INPUT_SIZE"}

# published key → the one value that the published network knows; of a list, that of each item
FIXED = {
    "TAN.TEXTUAL_MODULE.NAME": "MultiAttTextEncoding",
    "TAN.OBJECT_MODULE.NAME": "ObjectTextInteraction",
    "TAN.PROP_MODULE.NAME": "SparsePropMaxPool",
    "TAN.FUSION_MODULE.NAME": "EasyFusion",
    "TAN.MAP_MODULE.NAME": "ResMapConv",
    "TAN.TEXTUAL_MODULE.PARAMS.SEMANTIC_NUM": 1,
    "TAN.TEXTUAL_MODULE.PARAMS.RNN.BIDIRECTIONAL": True,
    "TAN.OBJECT_MODULE.PARAMS.SENTINEL_VECTOR": True,
    "TAN.OBJECT_MODULE.PARAMS.TEMPORAL_CONV": 0,
    "TAN.MAP_MODULE.PARAMS.NORM": True,
    "TAN.MAP_MODULE.PARAMS.STRIDES": 1,
    "TAN.MAP_MODULE.PARAMS.DILATIONS": 1,
}

# keys that say nothing about the network, or that the published network never reads
IGNORED = {
    "WORKERS", "MODEL_DIR", "RESULT_DIR", "LOG_DIR", "DATA_DIR", "TENSORBOARD_DIR", "MODEL.CHECKPOINT",
    "TAN.OBJECT_MODULE.PARAMS.VIS_INPUT_SIZE", "TAN.OBJECT_MODULE.PARAMS.OBJECT_NUM",
    "TAN.FUSION_MODULE.PARAMS.TXT_INPUT_SIZE",
    "DATASET.NAME", "DATASET.VIS_INPUT_TYPE", "DATASET.NO_VAL", "DATASET.NORMALIZE", "DATASET.RANDOM_SAMPLING",
    "DATASET.OBJECT_NUM", "DATASET.PRE_LOAD",
    "TEST.BATCH_SIZE", "TEST.RECALL", "TEST.TIOU", "TEST.EVAL_TRAIN", "TEST.NMS_THRESH",
    "TRAIN.BATCH_SIZE", "TRAIN.LR", "TRAIN.WEIGHT_DECAY", "TRAIN.MAX_EPOCH", "TRAIN.STEP_ACCUMULATE",
    "TRAIN.CONTINUE", "TRAIN.FP16", "TRAIN.FINE_TUNE",
    "LOSS.NAME", "LOSS.PARAMS.BIAS",
}  # fmt: skip

# sections whose inner keys are settings of the machine
IGNORED_SECTIONS = ("CUDNN.",)

_PREFIXES = {
    "textual_encoding.textual_encoding.textual_encoder.": "text.gru.",
    "textual_encoding.attended_layers.0.sentence_linear.": "text.attention.sentence.",
    "textual_encoding.attended_layers.0.att_linear1.": "text.attention.hidden.",
    "textual_encoding.attended_layers.0.att_linear2.": "text.attention.score.",
    "object_interaction_layer.sentinel_vector": "objects.sentinel",
    "object_interaction_layer.position_encoding.": "objects.box_encoding.",
    "object_interaction_layer.rcnn_linear.": "objects.projection.",
    "object_interaction_layer.norm.": "objects.norm.norm.",
    "object_interaction_layer.attendtive_pool.text_linear.": "pooling.query.",
    "object_interaction_layer.attendtive_pool.batch_norm.": "pooling.norm.norm.",
    "frame_layer.global_conv.": "clips.frame_projection.",
    "frame_layer.norm.": "clips.norm.norm.",
    "fusion_layer.tex_linear.": "moment_map.sentence.",
    "fusion_layer.vis_conv.": "moment_map.cell.",
    "map_layer.convs.": "map_conv.convs.",
    "map_layer.bn_layers.": "map_conv.norms.",
    "pred_layer.": "prediction.",
}

_BLOCK = "object_interaction_layer.interaction_layers."
_BLOCK_PREFIXES = {
    "object_text_attention.rcnn_linear.": "text_attention.token.",
    "object_text_attention.text_linear.": "text_attention.query.",
    "object_text_attention.att_linear.0.": "text_attention.inner.",
    "object_text_attention.att_linear.2.": "text_attention.outer.",
    "object_text_attention.norm.": "text_attention.norm.norm.",
    "transformer.self_attn.": "object_attention.attention.",
    "transformer.norm1.": "object_attention.norm.norm.",
    "transformer.linear1.": "feedforward.expand.",
    "transformer.linear3.": "feedforward.sentinel.",
    "transformer.linear2.": "feedforward.contract.",
    "transformer.norm2.": "feedforward.norm.norm.",
}


def our_name(name: str, *, fusion: bool) -> str | None:
    """Return our name of a published parameter or buffer; None where the published network has no such name."""
    if name.startswith(_BLOCK):
        number, _, rest = name.removeprefix(_BLOCK).partition(".")
        return _replace_prefix(rest, {old: f"reasoning.{number}.{new}" for old, new in _BLOCK_PREFIXES.items()})
    clips = "clips.fusion." if fusion else "clips.projection."
    return _replace_prefix(name, _PREFIXES | {"frame_layer.vis_conv.": clips})


def _replace_prefix(name: str, prefixes: dict[str, str]) -> str | None:
    return next((new + name[len(old) :] for old, new in prefixes.items() if name.startswith(old)), None)
