"""What LEORN hands on: a video encoded once for all queries, and its answer to a query.

Letters: B batch, T frames, S = N + 1 tokens of a frame, U slots that are used, C clips, H hidden width, I width of the
first gate's inner layer.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from leorn.model.candidates import Evidence


class EncodedVideo(NamedTuple):
    """What no query changes: object tokens behind the sentinel, and projected frames in the fusion variant."""

    tokens: Float[Tensor, "B T S H"]
    """As the first block makes them before it hears the query."""
    inner: Float[Tensor, "B T S I"] | None
    """What the inner layer of its text attention makes of them, where it has one."""
    mask: Bool[Tensor, "B T S"]
    frames: Float[Tensor, "B T H"] | None
    slots: Int[Tensor, "B T U"] | None
    """Where no frame fills all slots, which of `num_slots` the tokens of objects come from."""
    num_slots: int

    def repeat(self, queries: int) -> "EncodedVideo":
        """Return one video once for each of several queries, without copying it."""
        return self._map(lambda values: values.expand(queries, *values.shape[1:]))

    def select(self, video_index: Int[Tensor, "Q"]) -> "EncodedVideo":
        """Return for each query the video it asks about."""
        return self._map(lambda values: values[video_index])

    @classmethod
    def join(cls, videos: "Sequence[EncodedVideo]") -> "EncodedVideo":
        """Put videos together whose shapes are the same but for the first axis: a query asks about each."""
        joined: Any = {
            name: torch.cat([getattr(video, name) for video in videos])
            for name, values in videos[0]._asdict().items()
            if isinstance(values, Tensor)
        }
        return videos[0]._replace(**joined)

    def _map(self, function: Callable[[Tensor], Tensor]) -> "EncodedVideo":
        changed: Any = {name: function(values) for name, values in self._asdict().items() if isinstance(values, Tensor)}
        return self._replace(**changed)


class ScoredMap(NamedTuple):
    """The network's answer: cell (i, j) is the moment from the start of clip i to the end of clip j."""

    logits: Float[Tensor, "B C C"]
    mask: Bool[Tensor, "C C"]
    evidence: Evidence | None
