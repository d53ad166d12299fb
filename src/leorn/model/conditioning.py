"""Language at every step of a pyramid: cross-attention to the words gives each step a scale and a shift.

Letters: B queries, S steps, C channels, L words, W text width.
"""

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.in_parts import in_parts
from leorn.model.pyramid import STEPS_AT_ONCE, FeedForward


class WordConditioning(nn.Module):
    """One layer: what a step reads in the sentence scales and shifts its channels; then a feed-forward residual."""

    def __init__(self, channels: int, text_size: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm = nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.key_value = nn.Linear(text_size, 2 * channels)
        self.scale_shift = nn.Linear(channels, 2 * channels)
        self.feedforward = FeedForward(channels)

    def forward(
        self,
        x: Float[Tensor, "B S C"],
        words: Float[Tensor, "B L W"],
        word_mask: Bool[Tensor, "B L"],
    ) -> Float[Tensor, "B S C"]:
        """Return steps that know the sentence.

        Args:
            x: steps.
            words: states of the words.
            word_mask: true where there is a word; there must be one in each sentence.
        """
        parts = self.key_value(words).chunk(2, -1)
        key, value = (part.unflatten(-1, (self.num_heads, -1)).transpose(1, 2) for part in parts)

        def condition(x: Float[Tensor, "B S C"]) -> Float[Tensor, "B S C"]:
            normal = self.norm(x)
            query = self.query(normal).unflatten(-1, (self.num_heads, -1)).transpose(1, 2)
            read = F.scaled_dot_product_attention(query, key, value, attn_mask=word_mask[:, None, None])
            scale, shift = self.scale_shift(read.transpose(1, 2).flatten(2)).chunk(2, -1)
            x = x + normal * scale + shift
            return x + self.feedforward(x)

        return in_parts(condition, x, whole=self.training, at_once=STEPS_AT_ONCE)
