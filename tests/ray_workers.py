"""Work for processes of Ray, which import it from here: some of it kills them."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from leorn.config import ExtractionConfig
from leorn.features.extract import LabelEncoder
from leorn.features.extract_videos import Extracted, Failure, NamedVideo, _make_attempt


def make_recorder(folder: Path, size: int) -> Callable[[int], tuple[int, bytes]]:
    """Make a worker that leaves a file of each item's name when it begins, and gives so many bytes back."""

    def work(item: int) -> tuple[int, bytes]:
        (folder / str(item)).touch()
        return item, bytes(size)

    return work


def make_dying(folder: Path) -> Callable[[int], int]:
    """Make a worker that is killed by item 2 always, by item 4 the first time, and writes what it begins into files."""

    def work(item: int) -> int:
        path = folder / str(item)
        with path.open("a") as begun:
            begun.write("begun\n")
        if item == 2 or (item == 4 and path.read_text() == "begun\n"):
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.0 if item else 0.1)
        return 10 * item

    return work


def make_dead() -> Callable[[int], int]:
    """End the process in place of making a worker."""
    os._exit(3)


def give_lost(item: int) -> Any:  # noqa: ANN401 - in place of whatever a worker gives
    """Give what becomes of an item that is lost."""
    return -item


def make_interrupted_attempt(
    folder: Path, config: ExtractionConfig, labels: LabelEncoder | None
) -> Callable[[NamedVideo], Extracted | Failure]:
    """Make an extractor whose process is killed by the video `poison` always, by `unlucky` the first time."""
    attempt = _make_attempt(config, labels)

    def work(video: NamedVideo) -> Extracted | Failure:
        name, _ = video
        with (folder / name).open("a") as begun:
            begun.write(f"{os.getpid()}\n")
        times = (folder / name).read_text().count("\n")
        if name == "poison" or (name == "unlucky" and times == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return attempt(video)

    return work
