"""Which steps answer for which moment, against a slow version."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.assignment import assign_steps
from leorn.model.pyramid import in_a_row, steps_of

Span = tuple[float, float]
LEVELS = (16, 8, 4)
"""Steps of each level."""


def steps() -> tuple[torch.Tensor, torch.Tensor]:
    levels = [torch.ones(1, length) for length in LEVELS]
    row, kept = steps_of(levels), in_a_row(levels)[0] > 0
    return row.middles[kept], row.strides[kept]


def slow_assignment(spans: list[Span], first_range: float) -> dict[tuple[int, int], Span]:
    """Return the moment of each positive step, which is (level, number)."""
    answers: dict[tuple[int, int], Span] = {}
    for level, number in product(range(len(LEVELS)), range(max(LEVELS))):
        if number >= LEVELS[level]:
            continue
        stride = 2**level
        middle = (number + 0.5) * stride
        low = 0 if level == 0 else first_range * 2 ** (level - 2)
        high = np.inf if level == len(LEVELS) - 1 else first_range * 2**level
        for start, end in sorted(spans, key=lambda span: span[1] - span[0], reverse=True):
            centre = abs(middle - (start + end) / 2)
            holds = start < middle < end or centre <= stride / 2
            if holds and centre <= 1.5 * stride and low <= max(middle - start, end - middle) < high:
                answers[level, number] = (start, end)
    return answers


# quarters of a step make ties and boundaries on steps common; no two moments are equally long
SPANS = st.lists(
    st.tuples(st.integers(0, 63), st.integers(1, 64)).filter(lambda span: span[0] < span[1]),
    max_size=4,
    unique_by=lambda span: span[1] - span[0],
).map(lambda spans: [(start / 4, end / 4) for start, end in spans])


@given(SPANS, st.sampled_from([2.0, 4.0, 5.0]))
def test_steps_answer_as_in_the_slow_version(spans: list[Span], first_range: float) -> None:
    middles, strides = steps()
    padded = torch.tensor([[*spans, (3.0, 9.0)]])
    mask = torch.tensor([[True] * len(spans) + [False]])
    positive, wanted = assign_steps(middles, strides, padded, mask, first_range)

    expected = slow_assignment(spans, first_range)
    offsets = np.cumsum([0, *LEVELS])
    for level, number in product(range(len(LEVELS)), range(LEVELS[0])):
        if number >= LEVELS[level]:
            continue
        step = offsets[level] + number
        assert positive[0, step] == ((level, number) in expected)
        if positive[0, step]:
            start, end = expected[level, number]
            stride = 2**level
            middle = (number + 0.5) * stride
            expected_distances = [max(middle - start, 0) / stride, max(end - middle, 0) / stride]
            assert wanted[0, step].tolist() == pytest.approx(expected_distances)


@given(st.integers(0, 63), st.integers(1, 64))
def test_every_moment_has_a_step(start: int, length: int) -> None:
    end = min(start + length, 64)
    middles, strides = steps()
    positive, _ = assign_steps(middles, strides, torch.tensor([[[start / 4, end / 4]]]), torch.tensor([[True]]), 4.0)
    assert positive.any()


def test_rows_do_not_know_each_other() -> None:
    middles, strides = steps()
    spans = torch.tensor([[[1.0, 4.0], [0.0, 0.0]], [[2.0, 12.0], [0.5, 1.0]]])
    mask = torch.tensor([[True, False], [True, True]])
    together, distances = assign_steps(middles, strides, spans, mask, 4.0)
    for row in range(2):
        alone, own = assign_steps(middles, strides, spans[[row]], mask[[row]], 4.0)
        assert torch.equal(together[row], alone[0])
        assert torch.equal(distances[row][alone[0]], own[0][alone[0]])
