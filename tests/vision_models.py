"""Small random vision models, saved as transformers saves real ones."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jaxtyping import UInt8

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")

Parts = tuple[Any, Any]
"""A model and its image processor."""
LABELS = ("cup", "N/A", "knife", "frying pan", "person")
SIDE = {"height": 64, "width": 64}
BLOCKS = {"embedding_size": 8, "hidden_sizes": [8, 8, 16, 16], "depths": [1, 1, 1, 1], "layer_type": "basic"}
TRANSFORMER = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


def noise(count: int, seed: int = 0) -> list[UInt8[np.ndarray, "40 60 3"]]:
    """Return frames that the heads tell apart."""
    return list(np.random.default_rng(seed).integers(0, 256, (count, 40, 60, 3), np.uint8))


def detr() -> Parts:
    """DETR on a ResNet: a softmax over classes and no object, frames of any shape."""
    config = transformers.DetrConfig(
        backbone_config=transformers.ResNetConfig(**BLOCKS, out_features=["stage4"]),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        num_queries=20,
        id2label=dict(enumerate(LABELS)),
    )
    processor = transformers.DetrImageProcessorPil(size={"shortest_edge": 48, "longest_edge": 96})
    return transformers.DetrForObjectDetection(config), processor


def rt_detr_v2() -> Parts:
    """RT-DETRv2: a sigmoid for each class, frames pressed into a square."""
    config = transformers.RTDetrV2Config(
        backbone_config=transformers.RTDetrResNetConfig(**BLOCKS, out_features=["stage2", "stage3", "stage4"]),
        encoder_in_channels=[8, 16, 16],
        encoder_hidden_dim=16,
        encoder_ffn_dim=16,
        encoder_attention_heads=2,
        d_model=16,
        decoder_in_channels=[16, 16, 16],
        decoder_ffn_dim=16,
        decoder_layers=2,
        decoder_attention_heads=2,
        num_queries=20,
        num_denoising=0,
        id2label=dict(enumerate(LABELS)),
    )
    return transformers.RTDetrV2ForObjectDetection(config), transformers.RTDetrImageProcessorPil(size=SIDE)


def yolos() -> Parts:
    """YOLOS: an encoder alone, with tokens of the image in front of the queries."""
    config = transformers.YolosConfig(
        **TRANSFORMER, image_size=[64, 64], patch_size=16, num_detection_tokens=20, id2label=dict(enumerate(LABELS))
    )
    return transformers.YolosForObjectDetection(config), transformers.YolosImageProcessorPil(size=SIDE)


def vit(classifier: bool = False) -> Parts:
    """ViT with its pooling, or as the backbone of a classifier, which has none."""
    config = transformers.ViTConfig(**TRANSFORMER, image_size=64, patch_size=16)
    model = transformers.ViTForImageClassification if classifier else transformers.ViTModel
    return model(config), transformers.ViTImageProcessorPil(size=SIDE)


def resnet() -> Parts:
    """A convolutional network."""
    config = transformers.ResNetConfig(**BLOCKS)
    return transformers.ResNetModel(config), transformers.ConvNextImageProcessorPil(size={"shortest_edge": 384})


def segformer() -> Parts:
    """A network that gives a map and no pooling."""
    config = transformers.SegformerConfig(
        num_encoder_blocks=1,
        depths=[1],
        sr_ratios=[1],
        hidden_sizes=[16],
        patch_sizes=[7],
        strides=[4],
        num_attention_heads=[2],
        mlp_ratios=[1],
    )
    return transformers.SegformerModel(config), transformers.SegformerImageProcessorPil(size=SIDE)


def clip() -> Parts:
    """CLIP, which embeds images beside sentences."""
    config = transformers.CLIPConfig(
        text_config={**TRANSFORMER, "vocab_size": 10, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0},
        vision_config={**TRANSFORMER, "image_size": 64, "patch_size": 16},
        projection_dim=12,
    )
    processor = transformers.CLIPImageProcessorPil(size={"shortest_edge": 64}, crop_size=SIDE)
    return transformers.CLIPModel(config), processor


MODELS: dict[str, Callable[[], Parts]] = {
    "detr": detr,
    "rt_detr_v2": rt_detr_v2,
    "yolos": yolos,
    "vit": vit,
    "vit_classifier": partial(vit, classifier=True),
    "resnet": resnet,
    "segformer": segformer,
    "clip": clip,
}


def save_model(name: str, folder: Path) -> Path:
    """Save a model with its image processor."""
    torch.manual_seed(0)
    model, processor = MODELS[name]()
    for part, parameter in model.named_parameters():
        # far from where training starts, where all queries say the same
        torch.nn.init.normal_(parameter, std=3 if "query" in part or "detection_tokens" in part else 0.3)
    _tell_apart(model.eval(), processor)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def _tell_apart(model: torch.nn.Module, processor: Callable[..., Mapping[str, torch.Tensor]]) -> None:
    """Let the class heads of a detector say different things of the queries of a noisy picture."""

    def spread(head: torch.nn.Linear, inputs: tuple[torch.Tensor]) -> None:
        said = inputs[0] @ head.weight.T
        head.weight.data *= 2 / said.std((0, 1))[:, None]
        head.bias.data = -(inputs[0] @ head.weight.T).mean((0, 1))

    heads = [
        module
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and module.out_features in (len(LABELS), len(LABELS) + 1)
    ]
    hooks = [head.register_forward_pre_hook(spread) for head in heads]
    if heads:
        with torch.no_grad():
            model(**processor(images=noise(1), return_tensors="pt"))
    for hook in hooks:
        hook.remove()
