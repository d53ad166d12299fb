"""Fixtures for every room."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden files and real annotations; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LEORN_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"no shared data at {folder}; set LEORN_SHARED to where golden/ and data/ lie")
    return folder
