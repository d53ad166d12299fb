"""A served library, and a browser that looks at it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from leorn.retrieval.indexing import index_videos
from tests.libraries import make_small
from tests.serve.page.browsing import open_browser, open_page
from tests.serve.services import running, write_served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


class Indexed(NamedTuple):
    """A library that was indexed, and the sentence encoder that it was indexed with."""

    sentences: Path
    library: Path

    def copy(self, folder: Path) -> Path:
        """Copy the library, for a test that changes it; its videos stay where they are."""
        return shutil.copytree(self.library, folder)


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Indexed:
    """A library of three videos; models are small ones."""
    pytest.importorskip("lancedb")
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch, folder / "sentences")
        index_videos(write_served(folder / "videos"), folder / "library")
    return Indexed(folder / "sentences", folder / "library")


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    """Chromium."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(browser: "Browser", indexed: Indexed) -> Iterator[str]:
    """Where a service of the library answers; no test may change it."""
    with running(indexed.sentences, indexed.library) as service:
        yield service.address


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """An empty page of a wide screen."""
    with open_page(browser) as opened:
        yield opened
