"""Memory for intermediate results, taken once: fresh from the system it costs about as much as a matrix product."""

import math

import torch
from torch import Tensor


class Buffers:
    """Buffers by name, precision and device, each as large as the largest result that was ever put there."""

    def __init__(self) -> None:
        self._buffers: dict[tuple[str, torch.dtype, torch.device], Tensor] = {}

    def take(self, name: str, like: Tensor, *shape: int) -> Tensor | None:
        """Return a buffer to give as `out=`, whatever is in it; None while gradients, which need results, are recorded.

        Args:
            name: of the buffer.
            like: of which precision and where.
            shape: of the result.
        """
        if torch.is_grad_enabled():
            return None
        key, count = (name, like.dtype, like.device), math.prod(shape)
        buffer = self._buffers.get(key)
        if buffer is None or buffer.numel() < count:
            # not for inference alone, that it can be used outside of that mode too
            with torch.inference_mode(False):
                buffer = self._buffers[key] = like.new_empty(count)
        return buffer[:count].view(shape)
