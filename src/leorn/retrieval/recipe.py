"""How the features of a new video are made for a network, as its record says, and whether those of others will do."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from leorn.checkpoints import NetworkRecord
from leorn.config import ExtractionConfig, FeatureKind
from leorn.errors import InputError
from leorn.features.extract import FEATURES
from leorn.features.fingerprint import NAME, frames_part, told_apart, told_apart_for_network


def extraction_for(record: NetworkRecord, detector: str | None = None) -> ExtractionConfig:
    """Return how the objects of a new video are made, as those that a network was trained on.

    Args:
        record: what travels with the network.
        detector: instead of the one that the record names.

    Raises:
        InputError: nothing says which detector to use, or its features cannot be made from a video.
    """
    fingerprint, frame_fingerprint = record.fingerprint, _frame_fingerprint(record)
    kind = _kind(fingerprint)
    made: dict[str, Any] = fingerprint.get("detector") or {}
    detector = detector or record.detector or made.get(NAME)
    if detector is None:
        raise InputError("the network was trained on imported detections; say what finds objects with --detector")
    return replace(
        ExtractionConfig(),
        detector=detector,
        frames=frame_fingerprint.get("frames") or fingerprint.get("frames") or record.model.frames,
        rate=frame_fingerprint.get("rate") or fingerprint.get("rate"),
        slots=fingerprint.get("slots") or slots_of(record),
        features=kind,
        backbone=_backbone(frame_fingerprint) if _is_fusion(record) else None,
        **{name: made[name] for name in ("min_score", "nms_iou") if made.get(name) is not None},
    )


def slots_of(record: NetworkRecord) -> int:
    """Return how many objects of a frame a network sees."""
    return record.experiment.data.slots if record.experiment is not None else ExtractionConfig.slots


def features_told_apart(record: NetworkRecord, fingerprint: Mapping[str, Any]) -> str:
    """Say why a network cannot be asked about features that were made in some way; nothing where it can.

    Args:
        record: what travels with the network.
        fingerprint: how the features were made.
    """
    frames = told_apart(_frame_fingerprint(record), frames_part(fingerprint)) if _is_fusion(record) else ""
    return told_apart_for_network(record.fingerprint, fingerprint) or frames


def _is_fusion(record: NetworkRecord) -> bool:
    return record.model.frame_size is not None


def _frame_fingerprint(record: NetworkRecord) -> Mapping[str, Any]:
    """How a fusion network's frame features were made; of an older file, as the store of its objects says."""
    if not _is_fusion(record):
        return {}
    return record.frame_fingerprint or frames_part(record.fingerprint)


def _kind(fingerprint: Mapping[str, Any]) -> FeatureKind:
    for kind, said in FEATURES.items():
        if fingerprint.get("features") == said:
            return kind
    raise InputError(
        f"the network was trained on features of {fingerprint.get('extractor', 'an unknown extractor')}, "
        "which cannot be made from a video here; expected one trained on what leorn extract or "
        "leorn import-detections wrote"
    )


def _backbone(fingerprint: Mapping[str, Any]) -> str:
    backbone = fingerprint.get("backbone")
    name = backbone.get(NAME) if isinstance(backbone, Mapping) else None
    if name is None:
        raise InputError(
            f"the network was trained on frame features of {fingerprint.get('extractor') or 'an unknown extractor'}, "
            "which cannot be made from a video here; expected one trained on those of leorn extract --backbone"
        )
    return name
