"""Frame features: what a vision backbone says of whole frames, for the fusion variant."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from leorn.errors import InputError
from leorn.features.pretrained import VisionModel


class Backbone(Protocol):
    """What describes whole frames."""

    feature_size: int
    """Width of a frame's feature (D)."""
    fingerprint: Mapping[str, Any]
    """All that its numbers depend on, as JSON."""

    def describe(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> Float[np.ndarray, "F D"]:
        """Describe frames; RGB frames of one video, all of one size."""
        ...


def open_backbone(name: str) -> Backbone:
    """Open a vision backbone by its name, `hf:MODEL`: a hub id or a folder of transformers.

    Raises:
        InputError: an unknown name, a missing extra, or a model that cannot be read or takes no images.
    """
    kind, _, model = name.partition(":")
    if kind != "hf" or not model:
        raise InputError(f"unknown backbone {name}; expected hf:MODEL (a hub id or a folder)")
    return TransformerBackbone(model)


class TransformerBackbone:
    """Any `AutoModel` of transformers that takes images, such as ViT, DINOv2, Swin, ResNet, CLIP and SigLIP.

    A frame's feature is the model's pooled output. Models that also read text give their embedding of the image. Where
    a model has no pooling, or its files lack the pooling's weights, it is the mean over tokens or positions.

    Args:
        name: a folder or a hub id.

    Raises:
        InputError: transformers is not installed, there is no such model, or it takes no images.
    """

    def __init__(self, name: str) -> None:
        # files of a classifier have no use for the pooling of its backbone
        self.vision = VisionModel(name, "AutoModel", optional="pooler.")
        with self.vision.trial("a vision backbone") as frames:
            self.feature_size = self.describe(frames).shape[1]
        self.fingerprint: Mapping[str, Any] = {"kind": "hf", **self.vision.fingerprint}

    @torch.inference_mode()
    def describe(self, frames: Sequence[UInt8[np.ndarray, "h w 3"]]) -> Float[np.ndarray, "F D"]:
        """Describe frames, in one batch.

        Args:
            frames: (F, h, w, 3) in RGB, all of one size; at least one.

        Returns:
            (F, D), fp32.
        """
        inputs = self.vision.inputs(frames)
        model = self.vision.model
        if hasattr(model, "get_image_features"):
            return model.get_image_features(**inputs).pooler_output.cpu().numpy()
        outputs = model(**inputs)
        pooled: Tensor | None = None if self.vision.lacks_optional else getattr(outputs, "pooler_output", None)
        if pooled is None:
            states = outputs.last_hidden_state
            # (F, tokens, D) of a transformer, (F, D, h, w) of a convolutional network
            pooled = states.mean(dim=1) if states.ndim == 3 else states.mean(dim=(2, 3))
        return pooled.flatten(1).cpu().numpy()
