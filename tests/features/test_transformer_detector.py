"""Detection transformers of three families, against transformers' own post-processing and a direct forward pass."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from leorn.errors import InputError
from leorn.features.detectors import open_detector
from leorn.features.pretrained import VisionModel
from tests.vision_models import LABELS, noise

transformers = pytest.importorskip("transformers")

DETECTORS = ["detr", "rt_detr_v2", "yolos"]
NAMED = [index for index, label in enumerate(LABELS) if label != "N/A"]


def look(folder: Path) -> tuple[Any, Any]:
    """Return the image processor and what the model says of two frames, with nothing of ours."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = transformers.AutoModelForObjectDetection.from_pretrained(folder).eval()
    with torch.inference_mode():
        return processor, model(**processor(images=noise(2), return_tensors="pt"))


@pytest.mark.parametrize("family", DETECTORS)
def test_objects_are_those_of_transformers_own_post_processing(saved: Callable[[str], Path], family: str) -> None:
    folder = saved(family)
    processor, outputs = look(folder)
    expected = processor.post_process_object_detection(outputs, threshold=0.3)
    found = open_detector(f"hf:{folder}", slots=100, min_score=0.3).detect(noise(2))
    assert len(found) == 2
    for one, theirs in zip(found, expected, strict=True):
        named = np.isin(theirs["labels"].numpy(), NAMED)
        assert named.sum() > 3
        order = np.flatnonzero(named)[np.argsort(-theirs["scores"].numpy()[named], kind="stable")]
        np.testing.assert_allclose(one.scores, theirs["scores"].numpy()[order], rtol=1e-6)
        np.testing.assert_allclose(one.boxes, theirs["boxes"].numpy()[order].clip(0, 1), atol=1e-6)
        assert [NAMED[label] for label in one.labels] == theirs["labels"].numpy()[order].tolist()
        assert len(set(one.labels.tolist())) > 1


@pytest.mark.parametrize("family", DETECTORS)
def test_a_feature_is_the_vector_of_the_query_that_scored_and_drew_the_box(
    saved: Callable[[str], Path], family: str
) -> None:
    folder = saved(family)
    _, outputs = look(folder)
    logits = outputs.logits.double().numpy()
    if family == "rt_detr_v2":
        probabilities = 1 / (1 + np.exp(-logits))
    else:
        # the last class is no object
        probabilities = (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))[..., :-1]
    queries = outputs.last_hidden_state.numpy()[:, -logits.shape[1] :]
    centres, sizes = np.split(outputs.pred_boxes.numpy(), 2, axis=-1)
    corners = np.concatenate([centres - sizes / 2, centres + sizes / 2], -1).clip(0, 1)
    detector = open_detector(f"hf:{folder}", slots=6, min_score=0.3)
    assert detector.feature_size == queries.shape[-1] == 16
    for frame, one in enumerate(detector.detect(noise(2))):
        assert one.features.shape == (6, 16)
        assert one.features.dtype == np.float32
        for feature, box, score, label in zip(one.features, one.boxes, one.scores, one.labels, strict=True):
            (query,) = np.flatnonzero(np.abs(queries[frame] - feature).max(-1) < 1e-6)
            np.testing.assert_allclose(box, corners[frame, query], atol=1e-6)
            assert score == pytest.approx(probabilities[frame, query, NAMED[label]], abs=1e-5)


def test_the_best_are_kept_and_classes_that_are_none_have_no_name(saved: Callable[[str], Path]) -> None:
    folder = saved("rt_detr_v2")
    many = open_detector(f"hf:{folder}", slots=50, min_score=0.3).detect(noise(1))[0]
    detector = open_detector(f"hf:{folder}", slots=3, min_score=0.3)
    (few,) = detector.detect(noise(1))
    assert detector.label_names == ("cup", "knife", "frying pan", "person")
    assert len(many.scores) > 3
    assert (np.diff(many.scores) <= 0).all()
    for name in ("boxes", "scores", "labels", "features"):
        assert (getattr(few, name) == getattr(many, name)[:3]).all()


def test_frames_without_objects_and_no_frames(saved: Callable[[str], Path]) -> None:
    detector = open_detector(f"hf:{saved('yolos')}", slots=3, min_score=0.99)
    (none,) = detector.detect(noise(1))
    assert none.boxes.shape == (0, 4)
    assert none.features.shape == (0, 16)
    assert detector.detect([]) == []
    assert detector.max_side is None


def test_a_model_saved_in_half_precision_is_used_in_full(saved: Callable[[str], Path], tmp_path: Path) -> None:
    model = transformers.AutoModelForObjectDetection.from_pretrained(saved("yolos"))
    model.half().save_pretrained(tmp_path)
    transformers.AutoImageProcessor.from_pretrained(saved("yolos"), backend="pil").save_pretrained(tmp_path)
    (full,) = open_detector(f"hf:{saved('yolos')}", slots=3).detect(noise(1))
    (half,) = open_detector(f"hf:{tmp_path}", slots=3).detect(noise(1))
    assert half.features.dtype == np.float32
    np.testing.assert_allclose(half.features, full.features, atol=0.05)


def test_the_fingerprint_is_of_the_files_and_the_options(saved: Callable[[str], Path]) -> None:
    folder = saved("detr")
    fingerprint = open_detector(f"hf:{folder}", slots=3, min_score=0.3).fingerprint
    files = VisionModel(str(folder), "AutoModelForObjectDetection").fingerprint["files"]
    assert fingerprint == {
        "kind": "hf",
        "model": "DetrForObjectDetection",
        "processor": "DetrImageProcessorPil",
        "files": files,
        "min_score": 0.3,
        "slots": 3,
    }


def test_a_detector_without_queries_is_refused(saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    forward = transformers.YolosForObjectDetection.forward

    def without_boxes(*arguments: object, **options: object) -> SimpleNamespace:
        outputs = forward(*arguments, **options)
        return SimpleNamespace(logits=outputs.logits, last_hidden_state=outputs.last_hidden_state)

    monkeypatch.setattr(transformers.YolosForObjectDetection, "forward", without_boxes)
    with pytest.raises(InputError, match=r"YolosForObjectDetection is not a detector with a query for each object \("):
        open_detector(f"hf:{saved('yolos')}", slots=3)


@pytest.mark.parametrize("name", ["vit", "clip"])
def test_a_model_that_is_no_detector_is_refused(saved: Callable[[str], Path], name: str) -> None:
    with pytest.raises(InputError, match=r"cannot be loaded by transformers' AutoModelForObjectDetection \(Unrec"):
        open_detector(f"hf:{saved(name)}", slots=3)
