import numpy as np
import torch

from leorn.model.text import TextEncoder, WordAttention
from tests.model.reference_layers import gru


def test_sentence_is_the_mean_of_the_word_states_of_both_directions() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(5, 6, 2).double()
    words = torch.randn(1, 4, 5, dtype=torch.float64)
    weights = {name: value.numpy() for name, value in encoder.state_dict().items()}
    states = gru(weights, "gru", words[0].numpy(), 2)
    with torch.no_grad():
        encoded = encoder(words, torch.ones(1, 4, dtype=torch.bool))
    np.testing.assert_allclose(encoded.sentence[0], states.mean(0), atol=1e-9)
    np.testing.assert_allclose(encoded.query[0], encoded.attention[0].numpy() @ states, atol=1e-9)


def test_padding_changes_nothing() -> None:
    torch.manual_seed(0)
    encoder = TextEncoder(5, 6, 2)
    words, mask = torch.randn(2, 4, 5), torch.tensor([[True] * 4, [True, True, False, False]])
    with torch.no_grad():
        padded = encoder(words, mask)
        alone = encoder(words[1:, :2], mask[1:, :2])
    torch.testing.assert_close(padded.sentence[1:], alone.sentence)
    torch.testing.assert_close(padded.query[1:], alone.query)
    torch.testing.assert_close(padded.attention[1], torch.cat([alone.attention[0], torch.zeros(2)]))


def test_weights_follow_the_scores_and_are_zero_on_padding() -> None:
    attention = WordAttention(2)
    with torch.no_grad():
        for parameter in attention.parameters():
            parameter.zero_()
        attention.hidden.weight[0, 0] = 1  # score of a word: the first channel of its state
        attention.score.weight[0, 0] = 1
    states = torch.tensor([[[np.log(2.0), 5.0], [0.0, 8.0], [99.0, 9.0]]], dtype=torch.float32)
    query, weights = attention(states, torch.zeros(1, 2), torch.tensor([[True, True, False]]))
    torch.testing.assert_close(weights, torch.tensor([[2 / 3, 1 / 3, 0]]))
    torch.testing.assert_close(query, torch.tensor([[2 / 3 * np.log(2.0), 6.0]], dtype=torch.float32))
