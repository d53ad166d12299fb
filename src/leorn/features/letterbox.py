"""Frames in the input of a net of another shape."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

GREY = 128
"""What surrounds a frame, as in Darknet."""


@dataclass(frozen=True)
class Letterbox:
    """Where a frame lies in the input of a net: as large as it fits, in the middle. Sizes are (width, height)."""

    net_size: tuple[int, int]
    frame_size: tuple[int, int]

    @property
    def inner_size(self) -> tuple[int, int]:
        """Pixels that the frame takes of the input."""
        scale = min(net / frame for net, frame in zip(self.net_size, self.frame_size, strict=True))
        width, height = (max(1, round(side * scale)) for side in self.frame_size)
        return width, height

    @property
    def corner(self) -> tuple[int, int]:
        """Pixel of the input where the frame begins, (x, y)."""
        x, y = ((net - inner) // 2 for net, inner in zip(self.net_size, self.inner_size, strict=True))
        return x, y

    def place(self, frame: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "H W 3"]:
        """Make the input's picture from a frame."""
        import cv2

        (width, height), (x, y) = self.inner_size, self.corner
        picture = np.full((*self.net_size[::-1], 3), GREY, np.uint8)
        picture[y : y + height, x : x + width] = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
        return picture

    def to_frame(self, boxes: Float[np.ndarray, "K 4"]) -> Float[np.ndarray, "K 4"]:
        """Turn boxes in 0..1 of the input into boxes of the frame, which may reach out of its 0..1."""
        return (boxes * np.tile(self.net_size, 2) - np.tile(self.corner, 2)) / np.tile(self.inner_size, 2)

    def to_net(self, boxes: Float[np.ndarray, "K 4"]) -> Float[np.ndarray, "K 4"]:
        """Turn boxes in 0..1 of the frame into boxes in 0..1 of the input."""
        return (boxes * np.tile(self.inner_size, 2) + np.tile(self.corner, 2)) / np.tile(self.net_size, 2)
