"""How the features of a new video are made for a network."""

import pytest

from leorn.checkpoints import NetworkRecord
from leorn.config import ModelConfig, PyramidConfig
from leorn.errors import InputError
from leorn.features.fingerprint import LABEL_FEATURES
from leorn.retrieval.recipe import extraction_for, features_told_apart

MADE = {
    "extractor": "leorn extract",
    "features": "appearance",
    "detector": {"name": "hf:some/model", "min_score": 0.4},
    "backbone": {"name": "hf:some/backbone"},
    "frames": 99,
    "slots": 7,
}
OBJECTS, FUSION = ModelConfig(), ModelConfig(frame_size=8)


def test_the_extraction_is_that_of_the_networks_training() -> None:
    extraction = extraction_for(NetworkRecord(OBJECTS, fingerprint=MADE))
    # the object variant has no use for the backbone
    assert (extraction.detector, extraction.backbone) == ("hf:some/model", None)
    assert (extraction.frames, extraction.slots, extraction.min_score) == (99, 7, 0.4)
    assert extraction.features == "appearance"


def test_a_network_of_videos_of_any_length_keeps_its_rate() -> None:
    assert extraction_for(NetworkRecord(OBJECTS, fingerprint=MADE)).rate is None
    extraction = extraction_for(NetworkRecord(PyramidConfig(), fingerprint=MADE | {"rate": 2.5}))
    assert (extraction.frames, extraction.rate) == (99, 2.5)


def test_a_fusion_network_also_needs_the_backbone_of_its_training() -> None:
    assert extraction_for(NetworkRecord(FUSION, fingerprint=MADE)).backbone == "hf:some/backbone"
    without = {key: value for key, value in MADE.items() if key != "backbone"}
    with pytest.raises(InputError, match="frame features of leorn extract, which cannot be made"):
        extraction_for(NetworkRecord(FUSION, fingerprint=without))


def test_what_no_extractor_made_cannot_be_made_again() -> None:
    with pytest.raises(InputError, match="features of somebody's, which cannot be made from a video here"):
        extraction_for(NetworkRecord(OBJECTS, fingerprint={"extractor": "somebody's", "features": "others"}))


def test_imported_detections_need_a_detector_to_be_named() -> None:
    imported = {"extractor": "leorn import-detections", "features": LABEL_FEATURES}
    with pytest.raises(InputError, match="say what finds objects with --detector"):
        extraction_for(NetworkRecord(OBJECTS, fingerprint=imported))
    assert extraction_for(NetworkRecord(OBJECTS, fingerprint=imported), "opencv-yolo").detector == "opencv-yolo"


def test_another_backbone_matters_to_a_fusion_network_alone() -> None:
    other = MADE | {"backbone": {"name": "hf:another", "weights": "sha256:ab"}}
    assert features_told_apart(NetworkRecord(OBJECTS, fingerprint=MADE), other) == ""
    assert "backbone.weights" in features_told_apart(NetworkRecord(FUSION, fingerprint=MADE), other)
