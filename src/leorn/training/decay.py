"""Which weights decay."""

from collections.abc import Iterator, Sequence

from torch import nn


def by_decay(
    name: str, parameters: Sequence[nn.Parameter], weight_decay: float
) -> Iterator[tuple[str, list[nn.Parameter], float]]:
    """Part parameters into those that decay, matrices and kernels, and those that do not: norms, biases, scales.

    Args:
        name: what the optimiser calls them.
        parameters: all of one part of a network.
        weight_decay: the rate; where it is 0 they stay together.

    Yields:
        The name, the parameters and their rate.
    """
    if weight_decay == 0:
        yield name, list(parameters), 0.0
        return
    yield name, [p for p in parameters if p.dim() > 1], weight_decay
    yield f"{name}, no decay", [p for p in parameters if p.dim() < 2], 0.0
