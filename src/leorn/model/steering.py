"""The query's own view of the objects: in each frame it looks at the tokens that go with what it says.

Letters: B queries, T frames, S tokens of a frame, L words, W text width, H token width, A views.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.pyramid import ConvNorm

FIRST_SHARPNESS = 10.0
"""What cosines are multiplied by before the softmax, at first: by 1 a frame's tokens would be weighed alike."""


class ObjectSteering(nn.Module):
    """Attentive pooling with several views, each with its own weights over the words and the tokens.

    One view may look for who does something, another for what it is done with.
    """

    def __init__(self, text_size: int, token_size: int, channels: int, views: int, *, attentive: bool) -> None:
        super().__init__()
        self.words = nn.Linear(text_size, views)
        self.query = nn.ModuleList(nn.Linear(text_size, token_size) for _ in range(views if attentive else 0))
        self.sharpness = nn.Parameter(torch.full((views,), FIRST_SHARPNESS)) if attentive else None
        self.views = views
        self.mix = nn.ModuleList([ConvNorm(views * token_size, channels), ConvNorm(channels, channels)])

    def forward(
        self,
        tokens: Float[Tensor, "B T S H"],
        token_mask: Bool[Tensor, "B T S"],
        frame_mask: Bool[Tensor, "B T"],
        words: Float[Tensor, "B L W"],
        word_mask: Bool[Tensor, "B L"],
    ) -> tuple[Float[Tensor, "B T C"], Float[Tensor, "B T S"], Float[Tensor, "B L"]]:
        """Return a vector for each frame, and the weights of tokens and words, both means over the views."""
        attention = self.words(words).masked_fill(~word_mask[..., None], -torch.inf).softmax(1)
        if self.sharpness is None:
            share = token_mask / token_mask.sum(-1, keepdim=True)
            weights = share[:, None].expand(-1, self.views, -1, -1).to(tokens)
        else:
            said = torch.einsum("bla,blw->baw", attention, words)
            asked = torch.stack([project(said[:, view]) for view, project in enumerate(self.query)], 1)
            cosine = torch.einsum("btsh,bah->bats", F.normalize(tokens, dim=-1), F.normalize(asked, dim=-1))
            sharp = cosine * self.sharpness[:, None, None]
            weights = sharp.masked_fill(~token_mask[:, None], -torch.inf).softmax(-1)
        x = torch.einsum("bats,btsh->btah", weights, tokens).flatten(2)
        for layer in self.mix:
            x = layer(x, frame_mask)
        return x, weights.mean(1), attention.mean(-1)
