"""Attention by plain matrix products, where torch's fused one is slow."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from torch.nn.attention import SDPBackend, sdpa_kernel


def plain_attention(*, wanted: bool) -> AbstractContextManager[Any]:
    """Compute attention by plain matrix products inside, where wanted.

    On CPUs torch 2.13's fused attention is slower on its way back where sequences are short, in bf16 by far.
    """
    return sdpa_kernel(SDPBackend.MATH) if wanted else nullcontext()
