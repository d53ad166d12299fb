"""Small random networks, and inputs for them."""

from dataclasses import replace
from typing import overload

import numpy as np
import torch
from torch import Tensor

from leorn.config import ModelConfig, NetworkConfig, PyramidConfig
from leorn.model.leorn import LEORN
from leorn.model.leorn_pyramid import LEORNPyramid
from leorn.model.networks import Network, make_network

SMALL = ModelConfig(
    word_size=5,
    object_size=6,
    frames=16,
    clips=8,
    hidden_size=8,
    feedforward_size=12,
    num_heads=2,
    num_layers=2,
    num_text_layers=2,
    temporal_shift=2,
    num_scale_layers=(3, 2),
    map_kernel_sizes=(3, 5),
)
FUSION = replace(SMALL, frame_size=7)
SMALL_PYRAMID = PyramidConfig(
    word_size=5,
    object_size=6,
    frames=16,
    hidden_size=8,
    channels=12,
    num_layers=2,
    num_heads=2,
    temporal_shift=2,
    levels=3,
    stem_blocks=1,
    window=5,
    text_size=6,
    num_text_layers=2,
)
PYRAMID_FUSION = replace(SMALL_PYRAMID, frame_size=7)


@overload
def random_network(config: ModelConfig, seed: int = 0) -> LEORN: ...
@overload
def random_network(config: PyramidConfig, seed: int = 0) -> LEORNPyramid: ...
def random_network(config: NetworkConfig, seed: int = 0) -> Network:
    """Return a network in evaluation mode whose every weight and stored statistic is drawn, none left as it starts."""
    network = make_network(config).eval()
    generator = torch.Generator().manual_seed(seed)
    for name, value in network.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 2, generator=generator)
        elif value.is_floating_point():
            value.normal_(0, 0.4, generator=generator)
    return network


def random_inputs(config: NetworkConfig, seed: int = 0) -> list[Tensor]:
    """Return two sentences of 5 and 3 words with their videos; frame 3 of the first video has no object.

    Masked slots hold features and boxes, as objects below the detector's threshold do.
    """
    rng = np.random.default_rng(seed)
    slots = (2, config.frames, 4)
    word_mask = np.arange(5) < np.array([[5], [3]])
    object_mask = rng.random(slots) < 0.6
    object_mask[0, 3] = False
    inputs = [
        rng.normal(size=(2, 5, config.word_size)) * word_mask[..., None],
        word_mask,
        rng.normal(size=(*slots, config.object_size)),
        object_mask,
        rng.random((*slots, 4)),
    ]
    if config.frame_size is not None:
        inputs.append(rng.normal(size=(2, config.frames, config.frame_size)))
    return [torch.from_numpy(array if array.dtype == bool else array.astype(np.float32)) for array in inputs]
