"""The learning rate's way over a run."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.training.schedules import warm_cosine


def test_rises_by_equal_steps_then_falls_as_a_half_cosine() -> None:
    factors = [warm_cosine(step, warmup=4, steps=12) for step in range(13)]
    assert factors[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert factors[4] == 1
    assert factors[6] == pytest.approx(math.cos(math.pi / 8) ** 2)
    assert factors[8] == pytest.approx(0.5)
    assert factors[12] == pytest.approx(0)


@given(st.integers(1, 50), st.integers(0, 60))
def test_stays_within_0_and_1_and_turns_once(steps: int, warmup: int) -> None:
    factors = [warm_cosine(step, warmup, steps) for step in range(steps + 5)]
    top = factors.index(max(factors))
    assert all(0 <= factor <= 1 for factor in factors)
    assert factors[: top + 1] == sorted(factors[: top + 1])
    assert factors[top:] == sorted(factors[top:], reverse=True)


def test_a_run_that_is_all_warm_up_is_no_division_by_zero() -> None:
    assert warm_cosine(5, warmup=5, steps=5) == 1
    assert warm_cosine(6, warmup=5, steps=5) == pytest.approx(0)
