"""What each step of a pyramid proposes: how surely it answers, and where its moment begins and ends.

Letters: B queries, T steps of all levels, C channels.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.pyramid import ConvNorm

FIRST_PROBABILITY = 0.01
"""What an untrained network says of every step (Lin et al., ICCV 2017, section 4.1)."""


class SpanHeads(nn.Module):
    """Two stacks of convolutions, shared by all levels: a logit, and two distances in units of the level's stride."""

    def __init__(self, channels: int, num_layers: int, levels: int) -> None:
        super().__init__()
        self.score = nn.ModuleList(ConvNorm(channels, channels) for _ in range(num_layers))
        self.span = nn.ModuleList(ConvNorm(channels, channels) for _ in range(num_layers))
        self.logit = nn.Linear(channels, 1)
        self.distances = nn.Linear(channels, 2)
        self.level_scale = nn.Parameter(torch.ones(levels))
        nn.init.constant_(self.logit.bias, math.log(FIRST_PROBABILITY / (1 - FIRST_PROBABILITY)))

    def forward(
        self, x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"], levels: Int[Tensor, "T"]
    ) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T 2"]]:
        """Return logits, and distances back to the start and on to the end, which are not below 0.

        Args:
            x: steps of all levels, as `in_a_row` lays them out.
            mask: true where the video is.
            levels: the level of each step.
        """
        score = span = x
        for layer in self.score:
            score = layer(score, mask)
        for layer in self.span:
            span = layer(span, mask)
        # in the weights' own precision: bf16 has too few digits to tell steps apart
        with torch.autocast(x.device.type, enabled=False):
            logits = self.logit(score.to(self.logit.weight.dtype)).squeeze(-1)
            scale = self.level_scale[levels][:, None]
            distances = F.softplus(self.distances(span.to(self.distances.weight.dtype)) * scale)
        return logits, distances
