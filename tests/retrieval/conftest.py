"""A folder of videos, and what makes libraries of it small."""

from pathlib import Path

import pytest

from tests.detecting import NumberDetector
from tests.libraries import make_small, write_videos
from tests.videos import RATE, write_video


@pytest.fixture
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small sentence encoder is."""
    return tmp_path_factory.getbasetemp() / "sentences"


@pytest.fixture
def detectors(monkeypatch: pytest.MonkeyPatch, sentences: Path) -> list[NumberDetector]:
    """The detectors that are opened; libraries are small ones."""
    return make_small(monkeypatch, sentences)


@pytest.fixture
def folder(tmp_path: Path, detectors: list[NumberDetector]) -> Path:
    """A folder of the small videos."""
    del detectors
    return write_videos(tmp_path / "videos")


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds without sound."""
    return write_video(tmp_path_factory.mktemp("silent") / "v.mp4", 4 * RATE)


@pytest.fixture(scope="module")
def film(silent: Path) -> Path:
    """Four seconds with sound."""
    # PyAV may not be there
    from tests.retrieval.clips import add_sound

    return add_sound(silent, silent.with_name("film.mkv"))
