"""What LEORN-P hands on: a video encoded once for all queries, and its answer to a query.

Letters: B queries, V videos, T frames, N object slots, S = N + 1 tokens of a frame, C channels, K steps of all levels,
H token width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from leorn.model.candidates import Evidence


class EncodedPyramid(NamedTuple):
    """What no query changes: object tokens behind the sentinel, where they are, and the levels, finest first."""

    tokens: Float[Tensor, "V T S H"]
    token_mask: Bool[Tensor, "V T S"]
    places: Float[Tensor, "V T S 5"]
    levels: list[Float[Tensor, "V _ C"]]
    masks: list[Bool[Tensor, "V _"]]
    video_index: Int[Tensor, "B"]
    """The video of each query."""

    def repeat(self, queries: int) -> "EncodedPyramid":
        """Return one video for several queries, without copying it."""
        return self.select(self.video_index.expand(queries))

    def select(self, video_index: Int[Tensor, "B"]) -> "EncodedPyramid":
        """Return the videos for queries, each with the video it asks about; only `score` copies what it needs."""
        return self._replace(video_index=video_index)

    @classmethod
    def join(cls, videos: "Sequence[EncodedPyramid]") -> "EncodedPyramid":
        """Put single videos together that have as many frames: a query asks about each."""
        return cls(
            *(torch.cat(parts) for parts in zip(*(video[:3] for video in videos), strict=True)),
            levels=[torch.cat(parts) for parts in zip(*(video.levels for video in videos), strict=True)],
            masks=[torch.cat(parts) for parts in zip(*(video.masks for video in videos), strict=True)],
            video_index=torch.arange(len(videos), device=videos[0].tokens.device),
        )


class ScoredSteps(NamedTuple):
    """The network's answer: each step of each level proposes one moment."""

    logits: Float[Tensor, "B K"]
    distances: Float[Tensor, "B K 2"]
    """To the moment's start and end, in strides of the step's level."""
    mask: Bool[Tensor, "B K"]
    """True where a step lies in the video."""
    middles: Float[Tensor, "K"]
    """Where each step is, in frames."""
    strides: Float[Tensor, "K"]
    """Frames from a step of its level to the next."""
    frames: Int[Tensor, "B"]
    """How many each video has."""
    evidence: Evidence | None
