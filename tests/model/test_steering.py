"""How views share the objects of a frame; what they see is compared with a slow version in test_leorn_pyramid.py."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.steering import share_out


def shared(scores: list[list[float]], there: list[bool]) -> np.ndarray:
    """Return the weights of each view (A, S) in a frame with these tokens, the sentinel first."""
    return share_out(torch.tensor(scores)[None, :, None], torch.tensor([there]))[0, :, 0].numpy()


def slowly_shared(scores: list[list[float]], there: list[bool]) -> np.ndarray:
    """The same, view by view and token by token."""
    left, weights = [1.0] * len(there), []
    for view in scores:
        wanted = [np.exp(score) * max(rest, 1e-3) ** 2 * be for score, rest, be in zip(view, left, there, strict=True)]
        weights.append([part / sum(wanted) for part in wanted])
        left = [1.0] + [rest - part for rest, part in zip(left[1:], weights[-1][1:], strict=True)]
    return np.array(weights)


@given(
    scores=st.integers(1, 5).flatmap(
        lambda tokens: st.lists(
            st.lists(st.floats(-10, 10, width=32), min_size=tokens, max_size=tokens), min_size=1, max_size=4
        )
    ),
    data=st.data(),
)
def test_views_share_as_in_the_slow_version(scores: list[list[float]], data: st.DataObject) -> None:
    there = [True, *(data.draw(st.booleans()) for _ in scores[0][1:])]
    np.testing.assert_allclose(shared(scores, there), slowly_shared(scores, there), atol=1e-4)


def test_views_that_want_the_same_objects_part_at_the_first() -> None:
    weights = shared([[0.0, 9.0, 8.0, 0.0]] * 2, [True] * 4)
    assert weights.argmax(1).tolist() == [1, 2]


def test_all_views_may_look_at_the_sentinel() -> None:
    weights = shared([[9.0, 0.0, 0.0]] * 3, [True] * 3)
    assert (weights[:, 0] > 0.99).all()


def test_one_object_can_be_seen_by_every_view() -> None:
    weights = shared([[0.0, 20.0]] * 3, [True] * 2)
    assert (weights[:, 1] > 0.99).all()
