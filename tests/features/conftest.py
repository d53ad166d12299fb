"""What several tests of the features share."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Give the folder of a small random vision model, by its name."""
    from tests.vision_models import save_model

    return cache(lambda name: save_model(name, tmp_path_factory.mktemp(name)))
