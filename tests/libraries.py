"""Small libraries of real videos, with a detector that knows what is in them and sentences of random weights."""

from pathlib import Path

import pytest

from leorn.features.extract_videos import name_videos
from leorn.retrieval import encoders
from leorn.retrieval.indexing import Indexed, index_videos
from leorn.retrieval.sentences import SentenceEncoder
from tests.detecting import NumberDetector, detect_numbers
from tests.sentences import write_sentence_encoder
from tests.videos import write_video

FRAMES = {"a": 60, "b": 90, "kitchen/c": 45}
"""Frames of each video."""


def make_small(monkeypatch: pytest.MonkeyPatch, sentences: Path) -> list[NumberDetector]:
    """Let libraries be made with a detector of numbers, and a sentence encoder that is written to a folder."""
    detectors = detect_numbers(monkeypatch)
    encoder = SentenceEncoder(write_sentence_encoder(sentences))
    monkeypatch.setattr(encoders.SentenceEncoder, "of_assets", lambda: encoder)
    return detectors


def write_videos(folder: Path) -> Path:
    """Write the videos to a folder."""
    (folder / "kitchen").mkdir(parents=True)
    for number, (video, frames) in enumerate(FRAMES.items()):
        write_video(folder / f"{video}.mp4", frames, first=7 * number)
    return folder


def index(folder: Path, library: Path) -> Indexed:
    """Make a library hold the videos of a folder."""
    return index_videos(name_videos([folder]), library)
