"""Word states; with the rest of the network they are compared with a slow version in test_leorn_pyramid.py."""

import math

import pytest
import torch

from leorn.model.sentence import SentenceTransformer, positions


@pytest.mark.parametrize("size", [6, 7])
def test_places_are_sines_and_cosines(size: int) -> None:
    expected = [
        [
            (math.sin, math.cos)[channel % 2](place / 10000 ** ((channel - channel % 2) / size)) * math.sqrt(2 / size)
            for channel in range(size)
        ]
        for place in range(9)
    ]
    torch.testing.assert_close(positions(9, size, torch.device("cpu")), torch.tensor(expected))


def small(layers: int = 2) -> SentenceTransformer:
    torch.manual_seed(0)
    return SentenceTransformer(5, 8, layers, 2, 0.0).eval()


def test_the_background_token_stands_before_the_words() -> None:
    text, words = small(), torch.randn(2, 3, 5)
    sentence = text(words, torch.tensor([[True, True, True], [True, False, False]]))
    assert sentence.mask.tolist() == [[True, True, True, True], [True, True, False, False]]
    torch.testing.assert_close(sentence.words[:, 0], text.background.expand(2, 8))
    expected = words @ text.projection.weight.T + text.projection.bias
    torch.testing.assert_close(sentence.words[:, 1:], expected)


def test_without_layers_states_are_words_at_their_places_normalised() -> None:
    text, words = small(layers=0), torch.randn(1, 3, 5)
    states = text(words, torch.ones(1, 3, dtype=torch.bool)).states[0]
    own = words[0] @ text.projection.weight.T + text.projection.bias + positions(3, 8, words.device)
    for state, vector in zip(states, [text.background, *own], strict=True):
        expected = (vector - vector.mean()) / (vector.var(correction=0) + 1e-5).sqrt()
        torch.testing.assert_close(state, expected)


def test_padding_says_nothing_and_has_no_state() -> None:
    text, words = small(), torch.randn(1, 3, 5)
    alone = text(words, torch.ones(1, 3, dtype=torch.bool)).states
    padded = torch.cat([words, torch.full((1, 2, 5), 7.0)], 1)
    states = text(padded, torch.tensor([[True, True, True, False, False]])).states
    torch.testing.assert_close(states[:, :4], alone)
    assert not states[:, 4:].any()


def test_the_order_of_words_matters() -> None:
    text, words = small(), torch.randn(1, 3, 5)
    mask = torch.ones(1, 3, dtype=torch.bool)
    straight, turned = (text(x, mask).states for x in (words, words.flip(1)))
    assert not torch.allclose(straight[:, 1:], turned[:, 1:].flip(1), atol=1e-3)
