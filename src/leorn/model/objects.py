"""The objects of a frame as tokens behind a sentinel, and their pooling by the query.

Letters: B batch, Q queries about its videos, T frames, N object slots, S = N + 1 tokens of a frame (the sentinel is
token 0), D_o object feature width, H hidden width.
"""

from functools import partial
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from leorn.model.in_parts import in_parts


class TokenNorm(nn.Module):
    """Normalise the last dimension of tokens: BatchNorm over all of them, masked ones included, or LayerNorm."""

    def __init__(self, norm: Literal["batch", "layer"], size: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(size) if norm == "batch" else nn.LayerNorm(size)

    def forward(self, tokens: Float[Tensor, "*shape H"]) -> Float[Tensor, "*shape H"]:
        """Normalise over channels."""
        return self.norm(tokens.flatten(0, -2)).view_as(tokens)


class ObjectEmbedding(nn.Module):
    """Detector features and boxes → tokens, the learned sentinel in front of each frame's objects.

    The sentinel gives a frame without detections something to attend to, and carries the frame's context in time.
    """

    def __init__(
        self,
        object_size: int,
        hidden_size: int,
        *,
        norm: Literal["batch", "layer"],
        box_encoding: bool,
        box_dropout: float,
    ) -> None:
        super().__init__()
        self.box_encoding = (
            nn.Sequential(
                nn.Linear(4, hidden_size // 4),
                nn.Dropout(box_dropout),
                nn.ReLU(),
                nn.Linear(hidden_size // 4, hidden_size),
            )
            if box_encoding
            else None
        )
        self.projection = nn.Linear(object_size + (hidden_size if box_encoding else 0), hidden_size)
        self.norm = TokenNorm(norm, hidden_size)
        self.sentinel = nn.Parameter(torch.empty(hidden_size).uniform_(-1, 1) / hidden_size**0.5)

    def forward(
        self,
        objects: Float[Tensor, "B T N D_o"],
        object_mask: Bool[Tensor, "B T N"],
        boxes: Float[Tensor, "B T N 4"],
        video_index: Int[Tensor, "Q"] | None = None,
    ) -> tuple[Float[Tensor, "Q T S H"], Bool[Tensor, "Q T S"]]:
        """Return the tokens and where they are valid; the sentinel always is.

        Those of each query's video, where `video_index` is given: projected once, and normalised once for each query.
        """
        project = partial(self._project, video_index)
        tokens = in_parts(project, objects, object_mask, boxes, whole=self.training or video_index is not None)
        object_mask = object_mask if video_index is None else object_mask[video_index]
        sentinel = self.sentinel.to(tokens).expand(*tokens.shape[:2], 1, -1)
        return torch.cat([sentinel, tokens], 2), F.pad(object_mask, (1, 0), value=True)

    def _project(
        self,
        video_index: Int[Tensor, "Q"] | None,
        objects: Float[Tensor, "B T N D_o"],
        object_mask: Bool[Tensor, "B T N"],
        boxes: Float[Tensor, "B T N 4"],
    ) -> Float[Tensor, "Q T N H"]:
        if self.box_encoding is not None:
            objects = torch.cat([objects, self.box_encoding(boxes)], -1)
        tokens = self.projection(objects) * object_mask[..., None]
        return self.norm(tokens if video_index is None else tokens[video_index])


class AttentivePooling(nn.Module):
    """Pool a frame's tokens by how well each goes with the query; the weights are the object evidence."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.query = nn.Linear(hidden_size, hidden_size)
        self.norm = TokenNorm("batch", hidden_size)

    def forward(
        self,
        tokens: Float[Tensor, "B T S H"],
        mask: Bool[Tensor, "B T S"],
        query: Float[Tensor, "B H"],
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"]]:
        """Return frame vectors and the weights, which sum to 1 over a frame's valid tokens."""
        # normalize() bounds the norm from below: a masked token may be exactly zero
        target = F.normalize(self.query(query), dim=-1)
        # einsum would copy the tokens in bf16
        cosine = torch.bmm(F.normalize(tokens, dim=-1).flatten(1, 2), target[..., None]).view_as(mask)
        weights = cosine.masked_fill(~mask, -torch.inf).softmax(-1)
        return self.norm((weights[:, :, None].to(tokens) @ tokens).squeeze(2)), weights


class MeanPooling(nn.Module):
    """Pool a frame's tokens by their mean over the valid ones (ablation)."""

    def forward(
        self,
        tokens: Float[Tensor, "B T S H"],
        mask: Bool[Tensor, "B T S"],
        query: Float[Tensor, "B H"],
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"]]:
        """Return frame vectors and the equal weights; the query has no say."""
        del query
        weights = mask / mask.sum(-1, keepdim=True)
        return (weights[:, :, None].to(tokens) @ tokens).squeeze(2), weights
