"""Configurations and weights of the published code → our network.

Nothing is dropped without being known: a key or a parameter that the published network does not have is an error.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from leorn.config import ModelConfig
from leorn.errors import InputError
from leorn.model.leorn import LEORN
from leorn.model.moment_map import last_offset
from leorn.model.published_names import FIXED, IGNORED, IGNORED_SECTIONS, OPTIONAL, SETTINGS, our_name

_NORMS = {"bn": "batch", "ln": "layer"}
_FRAME_MODULES = {"LEORN": "FrameAvgPool", "LEORN_F": "MultiFeatureAvgPool"}
_CONSTANTS = {"object_interaction_layer.true_tensor"}
# what a value looks like where ModelConfig's default does not show it
_EXAMPLES = {"frame_size": 1024, "frames_per_clip": 4, "norm": "bn"}


def load_published(config: Mapping[str, Any], weights: Mapping[str, Tensor | np.ndarray]) -> LEORN:
    """Make a network from a published configuration and checkpoint.

    Args:
        config: the published YAML as a mapping: `MODEL.NAME`, `TAN.<SECTION>.NAME/PARAMS`, and what else it holds;
            the case of keys does not matter. Keys that the published network never reads are passed over.
        weights: parameters and buffers by their published names, with or without `module.` in front.

    Returns:
        The network, in evaluation mode.

    Raises:
        InputError: an unknown key, a value that the published network does not know, or weights that do not fit;
            each is named.
    """
    tensors = {name.removeprefix("module."): torch.as_tensor(value) for name, value in weights.items()}
    network = LEORN(published_config(config, _feedforward_size(tensors)))
    network.load_state_dict(_fit(tensors, network))
    return network.eval()


def published_config(config: Mapping[str, Any], feedforward_size: int = 1024) -> ModelConfig:
    """Return our configuration for a published one (whose YAML does not hold `feedforward_size`).

    Raises:
        InputError: an unknown key, a missing one, or a value that the published network does not know.
    """
    flat = _flatten(config)
    _check_keys(flat)
    values: dict[str, Any] = {}
    for key, name in SETTINGS.items():
        if key not in flat or (name == "frame_size" and flat["MODEL.NAME"] == "LEORN"):
            continue  # LEORN's frame size repeats the hidden size
        _check_kind(key, flat[key], _EXAMPLES.get(name, getattr(ModelConfig, name, flat[key])))
        if values.setdefault(name, flat[key]) != flat[key]:
            _refuse_value(key, flat[key], f"{values[name]!r}, as other keys say")
    _expect("MODEL.NAME", name := values.pop("name"), _FRAME_MODULES)
    _expect("TAN.FRAME_MODULE.NAME", values.pop("frame_module"), [_FRAME_MODULES[name]])
    _expect("TAN.OBJECT_MODULE.PARAMS.NORM", values["norm"], _NORMS)
    kernels = values["map_kernel_sizes"]
    _expect("TAN.MAP_MODULE.PARAMS.PADDINGS", values.pop("map_paddings"), [tuple(size // 2 for size in kernels)])
    _expect(
        "TAN.MAP_MODULE.PARAMS.HIDDEN_SIZES", values.pop("map_hidden_sizes"), [(values["hidden_size"],) * len(kernels)]
    )
    frames_per_clip = values.pop("frames_per_clip")
    values.setdefault("frames", (last_offset(values["num_scale_layers"]) + 1) * frames_per_clip)
    values["clips"] = values["frames"] // frames_per_clip
    values["norm"] = _NORMS[values["norm"]]
    return ModelConfig(**values, feedforward_size=feedforward_size)


def _flatten(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return `{"TAN.MAP_MODULE.PARAMS.NORM": True, …}` with keys in capitals and lists as tuples."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        path = f"{prefix}{key}".upper()
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{path}.")
        else:
            flat[path] = tuple(value) if isinstance(value, list) else value
    return flat


def _check_keys(flat: Mapping[str, Any]) -> None:
    known = {*SETTINGS, *FIXED, *IGNORED}
    if unknown := [key for key in flat if key not in known and not key.startswith(IGNORED_SECTIONS)]:
        raise InputError(f"published configuration: unknown key {', '.join(unknown)}")
    if missing := [key for key in SETTINGS if key not in flat and key not in OPTIONAL]:
        raise InputError(f"published configuration: missing key {', '.join(missing)}")
    for key in FIXED.keys() & flat.keys():
        values = flat[key] if isinstance(flat[key], tuple) else (flat[key],)
        for value in values:
            _expect(key, value, [FIXED[key]])


def _check_kind(key: str, value: object, example: object) -> None:
    whole_for_float = isinstance(example, float) and type(value) is int
    if type(value) is not type(example) and not whole_for_float:
        _refuse_value(key, value, f"a value such as {example!r}")


def _expect(key: str, value: object, allowed: Iterable[object]) -> None:
    if value not in list(allowed):
        _refuse_value(key, value, " or ".join(repr(item) for item in allowed))


def _refuse_value(key: str, value: object, expected: str) -> None:
    raise InputError(f"published configuration: {key} is {value!r}; expected {expected}")


def _feedforward_size(weights: Mapping[str, Tensor]) -> int:
    sizes = [len(value) for name, value in weights.items() if name.endswith("transformer.linear1.bias")]
    return sizes[0] if sizes else ModelConfig.feedforward_size


def _fit(weights: Mapping[str, Tensor], network: LEORN) -> dict[str, Tensor]:
    """Return the weights by our names and in our shapes (a pointwise convolution is a linear layer here)."""
    expected = network.state_dict()
    left_out = _left_out(network.config)
    state = {name: value for name, value in expected.items() if name.endswith("num_batches_tracked")}
    strange, misshapen = [], []
    for name, value in weights.items():
        ours = our_name(name, fusion=network.config.frame_size is not None)
        if ours in expected and _without_ones(value) == _without_ones(expected[ours]):
            state[ours] = value.view_as(expected[ours])
        elif ours in expected:
            misshapen.append(f"{name} {tuple(value.shape)}, expected {tuple(expected[ours].shape)}")
        elif name not in _CONSTANTS and not (ours and any(part in ours for part in left_out)):
            strange.append(name)
    missing = [name for name in expected if name not in state]
    problems = {"unknown": strange, "of the wrong shape": misshapen, "missing (by our names)": missing}
    for problem, names in problems.items():
        if names:
            raise InputError(f"published weights {problem}: {', '.join(names)}")
    return state


def _left_out(config: ModelConfig) -> list[str]:
    """Return parts of names that the published network has under these switches, and never uses."""
    unused = {
        "reasoning.": not config.reasoning,
        ".text_attention.": not config.text_attention,
        ".object_attention.attention.": not config.object_attention,
        ".feedforward.sentinel.": not (config.temporal_shift and config.shift_sentinel_only),
        "objects.box_encoding.": not config.box_encoding,
        "pooling.": not config.attentive_pooling,
    }
    return [part for part, left_out in unused.items() if left_out]


def _without_ones(value: Tensor) -> list[int]:
    return [size for size in value.shape if size != 1]
