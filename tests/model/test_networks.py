"""Each configuration makes its own network."""

import subprocess
import sys
from dataclasses import replace

import pytest

from leorn.errors import InputError
from leorn.model.leorn import LEORN
from leorn.model.leorn_pyramid import LEORNPyramid
from leorn.model.networks import make_network
from tests.model.small import FUSION, PYRAMID_FUSION, SMALL, SMALL_PYRAMID


def test_each_configuration_makes_its_network() -> None:
    for config, kind, name in (
        (SMALL, LEORN, "LEORN"),
        (FUSION, LEORN, "LEORN-F"),
        (SMALL_PYRAMID, LEORNPyramid, "LEORN-P"),
        (PYRAMID_FUSION, LEORNPyramid, "LEORN-PF"),
    ):
        network = make_network(config)
        assert type(network) is kind
        assert network.config is config
        assert network.name == name


def test_options_out_of_their_range_make_no_network() -> None:
    for config in (SMALL, SMALL_PYRAMID):
        with pytest.raises(InputError, match=r"^model\.hidden_size -8; expected 4 or more$"):
            make_network(replace(config, hidden_size=-8))


def test_who_compiles_nothing_does_not_wait_for_the_compiler() -> None:
    code = "import sys, leorn.model.networks, leorn.retrieval.indexing; print('torch._dynamo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "False\n"
