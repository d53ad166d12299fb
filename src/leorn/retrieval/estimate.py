"""How long indexing will take, and what it will fill on disk, before it begins."""

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leorn.errors import InputError
from leorn.features.extract import Extractor
from leorn.features.sampling import frame_count
from leorn.features.video import probe
from leorn.retrieval.encoders import DualEncoder
from leorn.retrieval.manifest import Manifest
from leorn.retrieval.step_table import cut_steps
from leorn.retrieval.windows import cut_windows

log = logging.getLogger(__name__)

TRIED = 8
"""Frames of a video that are decoded and looked at, to know how long one takes."""


@dataclass(frozen=True)
class Estimate:
    """What indexing is about to do.

    Attributes:
        videos: new or changed ones; those that cannot be read as videos are not counted.
        video_seconds: how long they are together.
        seconds: about how long finding their objects will take, of a trial with the first that can be extracted.
        bytes: about what their objects, windows and steps will fill.
    """

    videos: int
    video_seconds: float
    seconds: float
    bytes: int


def estimate(
    videos: Sequence[tuple[str, Path]],
    extractor: Extractor,
    encoder: DualEncoder,
    empty: Manifest,
    jobs: int = 1,
) -> Estimate:
    """Look at every video, and try the first that can be extracted.

    Args:
        videos: ids and files.
        extractor: finds the objects.
        encoder: makes the vectors of windows.
        empty: of the library, as it is before its first video.
        jobs: processes that extract at once.
    """
    durations = {path: seconds for _, path in videos if (seconds := _duration(path)) is not None}
    config = extractor.config
    frames = [frame_count(seconds, config.frames, config.rate) for seconds in durations.values()]
    windows = sum(len(cut_windows(seconds, empty.lengths_seconds)) for seconds in durations.values())
    steps = 0 if empty.step_seconds is None else sum(len(cut_steps(seconds)) for seconds in durations.values())
    seconds = sum(frames) * _frame_seconds(durations, extractor) / jobs
    width = encoder.sentences(["a person"]).shape[1]
    size = sum(frames) * extractor.frame_bytes + (4 * windows + 2 * steps) * width
    return Estimate(len(durations), sum(durations.values()), seconds, size)


def _duration(path: Path) -> float | None:
    try:
        return probe(path).duration_seconds
    except InputError:
        # it will be told as a failure of this video
        return None


def _frame_seconds(paths: Iterable[Path], extractor: Extractor) -> float:
    """Return how long a frame takes, 0 where none of the videos can be extracted."""
    for path in paths:
        try:
            # the first pass wakes the detector up
            for _ in range(2):
                start = time.monotonic()
                extractor.try_out(path, TRIED)
        except Exception as error:
            # it will be told as a failure of this video, whatever it is
            log.debug("%s: cannot be tried (%s)", path, error)
            continue
        return (time.monotonic() - start) / TRIED
    return 0.0
