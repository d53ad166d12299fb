"""Learning rate schedules that PyTorch does not have whole."""

import math


def warm_cosine(step: int, warmup: int, steps: int) -> float:
    """Return the factor of the learning rate: rises linearly over `warmup` steps, then falls to 0 as a half cosine.

    Args:
        step: optimiser steps done, 0 at the start.
        warmup: steps of the rise.
        steps: steps of the whole run.
    """
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))
