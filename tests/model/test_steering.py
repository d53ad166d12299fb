"""How views share the words of a sentence; what they see is compared with a slow version in test_leorn_pyramid.py."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from leorn.model.steering import share_words


def shared(scores: list[list[float]], words: int) -> np.ndarray:
    """Return the attention of each view (A, L) to a sentence of so many words, padded."""
    mask = torch.arange(len(scores[0])) < words
    return share_words(torch.tensor(scores).T[None], mask[None])[0].T.numpy()


def slowly_shared(scores: list[list[float]], words: int) -> np.ndarray:
    """The same, view by view and word by word."""
    left, attention = [1.0] * words, []
    for view in scores:
        wanted = [np.exp(score) * max(rest, 1e-3) ** 2 for score, rest in zip(view, left, strict=False)]
        attention.append([part / sum(wanted) for part in wanted])
        left = [rest - part for rest, part in zip(left, attention[-1], strict=True)]
    return np.array(attention)


@given(
    scores=st.lists(st.lists(st.floats(-10, 10, width=32), min_size=5, max_size=5), min_size=1, max_size=4),
    words=st.integers(1, 5),
)
def test_views_share_as_in_the_slow_version(scores: list[list[float]], words: int) -> None:
    attention = shared(scores, words)
    np.testing.assert_allclose(attention[:, :words], slowly_shared(scores, words), atol=1e-4)
    assert not attention[:, words:].any()


def test_views_that_want_the_same_words_get_different_ones() -> None:
    assert shared([[6.0, 3.0, 0.0]] * 3, 3).argmax(1).tolist() == [0, 1, 2]


def test_every_view_may_look_for_the_only_word() -> None:
    np.testing.assert_array_equal(shared([[1.0, 0.0]] * 3, 1), [[1, 0]] * 3)
