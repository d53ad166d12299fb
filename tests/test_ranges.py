"""Numbers of options, in their ranges and out of them."""

from dataclasses import fields, replace
from math import inf, nan
from typing import Any

import pytest

from leorn.config import ModelConfig, NetworkConfig, PyramidConfig
from leorn.errors import InputError
from leorn.ranges import check_model, check_range, check_share


@pytest.mark.parametrize("value", [1, 5, 5.0, 7, (1, 7), None])
def test_a_number_in_its_range_passes(value: Any) -> None:  # noqa: ANN401
    check_range("a.key", value, 1, 7)


@pytest.mark.parametrize(
    ("value", "high", "message"),
    [
        (0, 7, "a.key 0; expected 1 to 7"),
        (8, 7, "a.key 8; expected 1 to 7"),
        (inf, 7, "a.key inf; expected 1 to 7, and finite"),
        (0, inf, "a.key 0; expected 1 or more"),
        (nan, inf, "a.key nan; expected 1 or more"),
        (-inf, inf, "a.key -inf; expected 1 or more"),
        (inf, inf, "a.key inf; expected 1 or more, and finite"),
        ((2, 0), inf, "a.key 0; expected 1 or more"),
        ((), inf, "a.key is empty; expected one number or more"),
    ],
)
def test_a_number_out_of_its_range_is_named(value: Any, high: float, message: str) -> None:  # noqa: ANN401
    with pytest.raises(InputError) as caught:
        check_range("a.key", value, 1, high)
    assert str(caught.value) == message


def test_a_share_is_0_or_more_and_below_1() -> None:
    for share in (0, 0.0, 0.999, None):
        check_share("a.key", share)
    for share in (-0.1, 1.0, inf, nan):
        with pytest.raises(InputError) as caught:
            check_share("a.key", share)
        assert str(caught.value) == f"a.key {share}; expected 0 or more, below 1"


@pytest.mark.parametrize("config", [ModelConfig(), PyramidConfig()], ids=["map", "pyramid"])
def test_every_number_of_a_network_has_a_range(config: NetworkConfig) -> None:
    check_model(config)
    # these two have checks of their own in the networks: one may not be 0 or 1, the other may be empty
    apart = {"initial_probability", "motion_reaches"}
    numbers = [key.name for key in fields(config) if type(getattr(config, key.name)) in (int, float, tuple)]
    for name in {*numbers, "frame_size"} - apart:
        wrong: Any = (-1,) if isinstance(getattr(config, name), tuple) else -1
        with pytest.raises(InputError, match=f"^model.{name} -1; expected "):
            check_model(replace(config, **{name: wrong}))
