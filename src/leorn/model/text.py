"""The sentence: word states, their mean, and the attentive query vector.

Letters: B batch, L words, D_w word vector width, H hidden width.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from leorn.model.padded_gru import padded_gru


class EncodedText(NamedTuple):
    """What the words say: `sentence` (B, H) is fused into the moment map, `query` (B, H) steers the objects."""

    sentence: Float[Tensor, "B H"]
    query: Float[Tensor, "B H"]
    attention: Float[Tensor, "B L"]


class TextEncoder(nn.Module):
    """Bidirectional GRU over the words, with attention over its states (LEORN, text encoding).

    Attributes:
        run_gru: how the GRU is run over padded words (B, L, D_w) of so many words each (B,), to states (B, L, 2 H).
    """

    def __init__(self, word_size: int, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        self.gru = nn.GRU(word_size, hidden_size, num_layers, bidirectional=True, batch_first=True)
        self.attention = WordAttention(hidden_size)
        self.run_gru = run_gru

    def forward(self, words: Float[Tensor, "B L D_w"], word_mask: Bool[Tensor, "B L"]) -> EncodedText:
        """Encode sentences of at least one word each; `word_mask` is true where there is a word."""
        lengths = word_mask.sum(1)
        forward, backward = self.run_gru(self.gru, words, lengths).chunk(2, dim=-1)
        states = (forward + backward) / 2
        sentence = states.sum(1) / lengths[:, None]
        query, attention = self.attention(states, sentence, word_mask)
        return EncodedText(sentence, query, attention)


def run_gru(gru: nn.GRU, words: Float[Tensor, "B L D_w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B L two_H"]:
    """Run a GRU over sentences of different lengths, as is fastest where they lie; states of padding are 0."""
    return (packed_gru if words.device.type == "cpu" else padded_gru)(gru, words, lengths)


def packed_gru(gru: nn.GRU, words: Float[Tensor, "B L D_w"], lengths: Int[Tensor, "B"]) -> Float[Tensor, "B L two_H"]:
    """Run a GRU over sentences of different lengths; states of padding are 0."""
    packed = pack_padded_sequence(words, lengths.cpu(), batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(gru(packed)[0], batch_first=True, total_length=words.shape[1])[0]


class WordAttention(nn.Module):
    """Weigh the word states by how they go with the whole sentence."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.sentence = nn.Linear(hidden_size, hidden_size)
        self.hidden = nn.Linear(2 * hidden_size, hidden_size // 2)
        self.score = nn.Linear(hidden_size // 2, 1)

    def forward(
        self,
        states: Float[Tensor, "B L H"],
        sentence: Float[Tensor, "B H"],
        word_mask: Bool[Tensor, "B L"],
    ) -> tuple[Float[Tensor, "B H"], Float[Tensor, "B L"]]:
        """Return the weighted sum of the states and the weights, which are 0 on padding."""
        whole = self.sentence(sentence).relu()[:, None].expand_as(states)
        scores = self.score(self.hidden(torch.cat([states, whole], -1)).relu()).squeeze(-1)
        weights = scores.masked_fill(~word_mask, -torch.inf).softmax(1)
        return (weights[:, None].to(states) @ states).squeeze(1), weights
