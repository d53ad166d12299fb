"""What LEORN hands on: a video encoded once for all queries, and its answer to a query.

Letters: B batch, T frames, S = N + 1 tokens of a frame, U slots that are used, C clips, H hidden width, I width of the
first gate's inner layer.
"""

from typing import Any, NamedTuple

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

        def expand(values: Tensor) -> Tensor:
            return values.expand(queries, *values.shape[1:])

        tensors = {name: getattr(self, name) for name in ("inner", "frames", "slots")}
        some: Any = {name: expand(values) for name, values in tensors.items() if values is not None}
        return self._replace(tokens=expand(self.tokens), mask=expand(self.mask), **some)


class ScoredMap(NamedTuple):
    """The network's answer: cell (i, j) is the moment from the start of clip i to the end of clip j."""

    logits: Float[Tensor, "B C C"]
    mask: Bool[Tensor, "C C"]
    evidence: Evidence | None
