"""What does not fit together in a configuration of LEORN."""

from leorn.config import ModelConfig
from leorn.errors import InputError
from leorn.ranges import check_model


def check_config(config: ModelConfig) -> None:
    """Say what does not fit together in a configuration.

    Raises:
        InputError: naming the key and what would be right.
    """
    check_model(config)
    if config.frames % config.clips:
        raise InputError(f"model.frames {config.frames} must be a multiple of model.clips {config.clips}")
    if config.hidden_size % config.num_heads:
        raise InputError(
            f"model.hidden_size {config.hidden_size} must be a multiple of model.num_heads {config.num_heads}"
        )
    even = [size for size in config.map_kernel_sizes if size % 2 == 0]
    if even:
        raise InputError(f"model.map_kernel_sizes {config.map_kernel_sizes} must be odd, not {even[0]}")
    if not 0 < config.initial_probability < 1:
        raise InputError(f"model.initial_probability {config.initial_probability} must lie between 0 and 1")
    if not config.min_iou < config.max_iou:
        raise InputError(f"model.min_iou {config.min_iou} must be below model.max_iou {config.max_iou}")
