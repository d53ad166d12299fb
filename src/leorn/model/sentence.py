"""The sentence as word states: a transformer over its words and a learned background token.

Letters: B queries, L words, S = L + 1 with the background token, D_w word vector width, W text width.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F


class Sentence(NamedTuple):
    """The background token and then the words: as they are, and as they stand in their sentence."""

    words: Float[Tensor, "B S W"]
    states: Float[Tensor, "B S W"]
    mask: Bool[Tensor, "B S"]


class SentenceTransformer(nn.Module):
    """Pre-norm transformer over the words; the background token stands for what no word says."""

    def __init__(self, word_size: int, text_size: int, num_layers: int, num_heads: int, dropout: float) -> None:
        """Make the weights.

        Args:
            word_size: width of a word vector (D_w).
            text_size: width of a state (W), a multiple of `num_heads`.
            num_layers: layers of the transformer.
            num_heads: heads of its attention.
            dropout: share of numbers that are left out inside it in training.
        """
        super().__init__()
        self.projection = nn.Linear(word_size, text_size)
        self.background = nn.Parameter(torch.randn(text_size) / text_size**0.5)
        # not nn.TransformerEncoder, whose layers all start out as copies of one
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                text_size, num_heads, 4 * text_size, dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(text_size)

    def forward(self, words: Float[Tensor, "B L D_w"], word_mask: Bool[Tensor, "B L"]) -> Sentence:
        """Read sentences.

        Args:
            words: word vectors, 0 for an unknown word and for padding.
            word_mask: true where there is a word.

        Returns:
            The background token and the words, projected; their states, 0 where there is no word; and which there are.
        """
        own = self.projection(words)
        x = own + positions(own.shape[1], own.shape[2], own.device).to(own)
        own, x = (torch.cat([self.background.to(x).expand(len(x), 1, -1), part], 1) for part in (own, x))
        mask = F.pad(word_mask, (1, 0), value=True)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~mask)
        return Sentence(own, self.norm(x) * mask[..., None], mask)


def positions(length: int, size: int, device: torch.device) -> Float[Tensor, "{length} {size}"]:
    """Sines and cosines of places in a sentence (Vaswani et al., NeurIPS 2017, section 3.5), of length about 1.

    Args:
        length: places.
        size: width of a place's vector.
        device: where the vectors are needed.
    """
    rates = torch.exp(torch.arange(0, size, 2, device=device) * (-math.log(1e4) / size))
    angles = torch.arange(length, device=device)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :size] * (2 / size) ** 0.5
