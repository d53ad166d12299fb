"""What every network ends in: proposed moments with scores, and the evidence for them.

Letters: B queries, T frames, S tokens of a frame, L words, K candidates.
"""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor


class Candidates(NamedTuple):
    """Proposed moments, in fractions of the video's duration, with their probabilities.

    Spans are float64 on the CPU, for not every accelerator has that; scores are where the network is.
    """

    spans: Float[Tensor, "B K 2"]
    scores: Float[Tensor, "B K"]


class Evidence(NamedTuple):
    """Why the network answers so; each is 0 where there is nothing to look at."""

    objects: Float[Tensor, "B T S"]
    """Weight of each token in its frame; token 0 is the sentinel."""
    words: Float[Tensor, "B L"]
    """Weight of each word in the query vector."""
