"""Frame features of four kinds of backbones, against a direct forward pass."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import Float

from leorn.errors import InputError
from leorn.features.backbones import open_backbone
from tests.vision_models import noise

transformers = pytest.importorskip("transformers")


def look(folder: Path, output: str) -> Float[np.ndarray, "..."]:
    """Return what the model says of three frames, with nothing of ours."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = transformers.AutoModel.from_pretrained(folder).eval()
    inputs = processor(images=noise(3), return_tensors="pt")
    with torch.inference_mode():
        outputs = model.get_image_features(**inputs) if hasattr(model, "get_image_features") else model(**inputs)
    return outputs[output].numpy()


@pytest.mark.parametrize(("name", "size"), [("vit", 16), ("resnet", 16), ("clip", 12)])
def test_a_frame_is_described_by_the_pooled_output(saved: Callable[[str], Path], name: str, size: int) -> None:
    backbone = open_backbone(f"hf:{saved(name)}")
    features = backbone.describe(noise(3))
    assert backbone.feature_size == size
    assert features.shape == (3, size)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, look(saved(name), "pooler_output").reshape(3, size), atol=1e-6)
    assert np.abs(features[0] - features[1]).max() > 1e-4


@pytest.mark.parametrize(("name", "axes"), [("vit_classifier", (1,)), ("segformer", (2, 3))])
def test_without_trained_pooling_it_is_the_mean_over_tokens_or_positions(
    saved: Callable[[str], Path], name: str, axes: tuple[int, ...]
) -> None:
    backbone = open_backbone(f"hf:{saved(name)}")
    features = backbone.describe(noise(3))
    assert backbone.feature_size == 16
    np.testing.assert_allclose(features, look(saved(name), "last_hidden_state").mean(axes), atol=1e-5)
    assert np.abs(features[0] - features[1]).max() > 1e-4


def test_a_frame_is_described_the_same_alone_and_among_others(saved: Callable[[str], Path]) -> None:
    backbone = open_backbone(f"hf:{saved('vit')}")
    together = backbone.describe(noise(3))
    for frame, feature in zip(noise(3), together, strict=True):
        np.testing.assert_allclose(backbone.describe([frame]), feature[None], atol=1e-6)


def test_the_fingerprint_is_of_the_files(saved: Callable[[str], Path]) -> None:
    fingerprint = open_backbone(f"hf:{saved('clip')}").fingerprint
    assert fingerprint["kind"] == "hf"
    assert fingerprint["model"] == "CLIPModel"
    assert set(fingerprint["files"]) == {"config.json", "model.safetensors", "preprocessor_config.json"}
    assert fingerprint != open_backbone(f"hf:{saved('vit')}").fingerprint


@pytest.mark.parametrize("name", ["clip", "hf", "hf:", "opencv-yolo"])
def test_an_unknown_name_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=rf"^unknown backbone {name}; expected hf:MODEL \(a hub id or a folder\)$"):
        open_backbone(name)


def test_a_model_that_takes_no_images_is_refused(saved: Callable[[str], Path], tmp_path: Path) -> None:
    config = transformers.BertConfig(
        vocab_size=10, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    transformers.BertModel(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_bytes((saved("vit") / "preprocessor_config.json").read_bytes())
    with pytest.raises(InputError, match=r": BertModel is not a vision backbone \(") as caught:
        open_backbone(f"hf:{tmp_path}")
    assert "\n" not in str(caught.value)
