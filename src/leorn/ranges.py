"""What numbers options may be, said once for experiments and for networks from files. Imports no torch."""

from math import inf

from leorn.config import NetworkConfig
from leorn.errors import InputError

_RANGES = {
    "word_size": (1, inf),
    "object_size": (1, inf),
    "frame_size": (1, inf),
    "frames": (1, inf),
    "clips": (1, inf),
    # a quarter of it is the inner width of the box encoding
    "hidden_size": (4, inf),
    "feedforward_size": (1, inf),
    "num_heads": (1, inf),
    "num_layers": (0, inf),
    "num_text_layers": (1, inf),
    "temporal_shift": (0, inf),
    "num_scale_layers": (1, inf),
    "map_kernel_sizes": (1, inf),
    "min_iou": (0, inf),
    "max_iou": (0, inf),
    "channels": (1, inf),
    # videos are padded to a multiple of 2 to the number of levels less one
    "levels": (1, 16),
    "stem_blocks": (0, inf),
    "window": (1, inf),
    "text_size": (1, inf),
    "views": (1, inf),
    "num_conditioning_layers": (0, inf),
    "num_head_layers": (0, inf),
    "first_range": (1, inf),
}
_SHARES = ("attention_dropout", "box_dropout", "text_dropout", "drop_path")


def check_model(config: NetworkConfig) -> None:
    """See that each number of a network's configuration is in its range; what fits together is the network's to check.

    Raises:
        InputError: naming the key and what would be right.
    """
    # a key that only the other network has is no key here
    for key, (low, high) in _RANGES.items():
        check_range(f"model.{key}", getattr(config, key, None), low, high)
    for key in _SHARES:
        check_share(f"model.{key}", getattr(config, key, None))


def check_range(key: str, value: float | tuple[int, ...] | None, low: float, high: float) -> None:
    """See that a number, or each of several, is finite and in a range; null is not looked at.

    Args:
        key: its name for the message.
        value: the number or numbers.
        low: the smallest that is right.
        high: the largest, or infinity for all finite numbers.

    Raises:
        InputError: naming the key and the range.
    """
    if value == ():
        raise InputError(f"{key} is empty; expected one number or more")
    for number in value if isinstance(value, tuple) else (value,):
        # NaN is in no range
        if number is not None and not (low <= number <= high and number < inf):
            expected = f"{_short(low)} to {_short(high)}" if high < inf else f"{_short(low)} or more"
            raise InputError(f"{key} {number}; expected {expected}{', and finite' if number == inf else ''}")


def check_share(key: str, value: float | None) -> None:
    """See that a number is 0 or more and below 1; null is not looked at.

    Raises:
        InputError: naming the key and what would be right.
    """
    if value is not None and not 0 <= value < 1:
        raise InputError(f"{key} {value}; expected 0 or more, below 1")


def _short(number: float) -> float:
    """25 for 25.0."""
    return int(number) if float(number).is_integer() else number
