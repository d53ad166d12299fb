"""Frames → clips, with frame features beside the objects in the fusion variant.

Letters: B batch, T frames, C clips, D_f frame feature width, H hidden width. A pointwise convolution over time is
a linear layer on the last dimension.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leorn.model.objects import TokenNorm


class FramesToClips(nn.Module):
    """Project the frames and average each T/C of them into a clip."""

    def __init__(self, hidden_size: int, clips: int) -> None:
        super().__init__()
        self.clips = clips
        self.projection = nn.Linear(hidden_size, hidden_size)

    def forward(self, objects: Float[Tensor, "B T H"]) -> Float[Tensor, "B C H"]:
        """Return clips from the frames' object vectors."""
        return average_clips(self.projection(objects).relu(), self.clips)


class FusedFramesToClips(nn.Module):
    """Join object vectors and frame features (LEORN-F), then average into clips."""

    def __init__(self, frame_size: int, hidden_size: int, clips: int) -> None:
        super().__init__()
        self.clips = clips
        self.frame_projection = nn.Linear(frame_size, hidden_size)
        self.fusion = nn.Linear(2 * hidden_size, hidden_size)
        self.norm = TokenNorm("batch", hidden_size)

    def project_frames(self, frames: Float[Tensor, "B T D_f"]) -> Float[Tensor, "B T H"]:
        """Return frame vectors; no query changes them."""
        return self.frame_projection(frames).relu()

    def forward(self, objects: Float[Tensor, "B T H"], frames: Float[Tensor, "B T H"]) -> Float[Tensor, "B C H"]:
        """Return clips from object vectors and projected frames."""
        fused = self.norm(self.fusion(torch.cat([objects, frames], -1))).relu()
        return average_clips(fused, self.clips)


def average_clips(frames: Float[Tensor, "B T H"], clips: int) -> Float[Tensor, "B {clips} H"]:
    """Average T frames into `clips` clips of T / `clips` frames each."""
    return frames.unflatten(1, (clips, frames.shape[1] // clips)).mean(2)
