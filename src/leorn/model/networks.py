"""The networks by the configuration that makes them: all that other rooms need to know of either."""

from typing import overload

import torch

from leorn.config import ModelConfig, NetworkConfig, PyramidConfig
from leorn.model.leorn import LEORN
from leorn.model.leorn_pyramid import LEORNPyramid
from leorn.model.leorn_records import EncodedVideo
from leorn.model.pyramid_records import EncodedPyramid

Network = LEORN | LEORNPyramid
"""`encode_video`, `score`, `candidates`, `loss`, `parameter_groups`, and the two halves in one call."""
Encoded = EncodedVideo | EncodedPyramid
"""What no query changes; `repeat` lays it out for several queries."""


@overload
def make_network(config: ModelConfig) -> LEORN: ...
@overload
def make_network(config: PyramidConfig) -> LEORNPyramid: ...
def make_network(config: NetworkConfig) -> Network:
    """Make the network that a configuration describes, with random weights.

    Raises:
        InputError: something in it does not fit together.
    """
    return LEORN(config) if isinstance(config, ModelConfig) else LEORNPyramid(config)


def compile_network(network: Network) -> None:
    """Compile a network in its place, but for its GRU, which compilers leave alone."""
    # here and not where it is defined: that would load the compiler for everybody, which takes seconds
    network.text.run_gru = torch.compiler.disable(network.text.run_gru)
    network.compile()
