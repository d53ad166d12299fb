"""A small library, and what asks a service of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from leorn.retrieval.indexing import index_videos
from leorn.retrieval.library import Library
from leorn.serve.app import create_app
from leorn.serve.settings import Settings
from tests.libraries import make_small
from tests.serve.services import adding_command, write_served


@pytest.fixture
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the small sentence encoder is."""
    return tmp_path_factory.getbasetemp() / "sentences"


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentences: Path) -> Path:
    """A library of three videos; models are small ones."""
    make_small(monkeypatch, sentences)
    index_videos(write_served(tmp_path / "videos"), tmp_path / "library")
    return tmp_path / "library"


@pytest.fixture
def client(library: Path, sentences: Path) -> Iterator[TestClient]:
    """What asks a service of the library, in this process."""
    app = create_app(Settings(library, add_command=adding_command(sentences)), Library(library))
    with TestClient(app, base_url="http://127.0.0.1:8000") as asking:
        yield asking
