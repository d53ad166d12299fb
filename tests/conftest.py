"""Fixtures for every room."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import settings

# how long an example takes says how busy the machine is
settings.register_profile("leorn", deadline=None)
settings.load_profile("leorn")

# before torch is imported: on the small tensors of the tests a second thread costs more than it brings
os.environ["OMP_NUM_THREADS"] = "1"
# before transformers is imported: no test asks a network for a model
os.environ["HF_HUB_OFFLINE"] = "1"

from tests.commands import Refused, only_line  # noqa: E402
from tests.tiny import Tiny, write_tiny  # noqa: E402


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of golden files and real annotations; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("LEORN_SHARED", Path(__file__).parents[2] / "shared"))
    if not (folder / "golden").is_dir():
        pytest.skip(f"no shared data at {folder}; set LEORN_SHARED to where golden/ and data/ lie")
    return folder


@pytest.fixture(scope="session")
def demo_assets() -> None:
    """The detector and the clip that `leorn assets --fetch` brings; tests that need them skip where they are absent."""
    from leorn.assets import check_assets

    missing = [state.asset.name for state in check_assets() if state.asset.group == "demo" and not state.intact]
    if missing:
        pytest.skip(f"no {missing[0]} in the cache; run `leorn assets --fetch`, or set LEORN_CACHE to where it lies")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """A data set on which a network is trained in a second."""
    return write_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def trained(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The best checkpoint of a run that learns to answer the tiny data set's queries."""
    # torch only where a test trains
    from leorn.training.run import train

    experiment = tiny.experiment(tmp_path_factory.mktemp("run"), training__epochs=30)
    return train(experiment, say=lambda line: None)


@pytest.fixture(autouse=True)
def _threads_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command says for all of Python what becomes of a thread's error; it is put back."""
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Run a command that must fail with status 2 and one line on stderr, and return the line."""
    from leorn.cli import main

    def run(*arguments: object) -> str:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        assert caught.value.code == 2
        return only_line(capsys.readouterr().err)

    return run
