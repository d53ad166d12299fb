"""From video files to a store of objects, one video at a time, resumable."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from leorn.config import ExtractionConfig
from leorn.errors import InputError
from leorn.features.extract import Extractor, LabelEncoder, LabelVectors
from leorn.features.processes import in_processes
from leorn.features.sources import Progress
from leorn.features.store_writer import GrowingStore
from leorn.features.video import find_videos
from leorn.records import VideoObjects

NamedVideo = tuple[str, Path]
"""A video's id and its file."""


@dataclass(frozen=True)
class Failure:
    """A video that could not be extracted, and why."""

    video: str
    reason: str


def name_videos(paths: Sequence[str | Path]) -> dict[str, Path]:
    """Give each video file its id: its name without suffix, in a folder that was given the path below that folder.

    Args:
        paths: files, and folders to search for videos.

    Raises:
        InputError: a path that is missing, a folder without videos, or two files of one id.
    """
    videos: dict[str, Path] = {}
    for given in map(Path, paths):
        for path in find_videos([given]):
            video = (path.relative_to(given) if given.is_dir() else Path(path.name)).with_suffix("").as_posix()
            if not videos.setdefault(video, path).samefile(path):
                raise InputError(f"{videos[video]} and {path} would both be video {video}; expected different names")
    return videos


def extract_videos(
    videos: Mapping[str, Path],
    out: str | Path,
    config: ExtractionConfig,
    labels: LabelEncoder | None = None,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Failure]:
    """Extract videos into a store. What is there already is left; what is killed goes on where it was.

    Args:
        videos: id → file. A video is there already when its id is, from a file of the same size.
        out: the store's folder.
        config: how.
        labels: gives the labels their vectors, where the features are of them.
        jobs: processes that extract at once; the store does not depend on it.
        progress: told how many frames are done, of how many.

    Returns:
        The videos that could not be extracted; all others are in the store.

    Raises:
        InputError: a file that is missing, a detector that cannot be opened, a store that was made otherwise or is
            being written to, or a folder that cannot be written.
    """
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; expected 1 or more")
    sizes = {video: _size(path) for video, path in videos.items()}
    extractor = Extractor(config, labels)
    failures: list[Failure] = []
    with GrowingStore(out, extractor.fingerprint) as store:
        missing = [(video, path) for video, path in videos.items() if not store.holds(video, sizes[video])]
        tell = _Counter(len(missing), progress)
        with _results(missing, extractor, min(jobs, len(missing)), tell) as results:
            for result in results:
                if isinstance(result, Failure):
                    failures.append(result)
                else:
                    store.add(result, sizes[result.video])
                tell.next_video(config.frames)
    return failures


class _Counter:
    """Turns the frames of one video that are done into those of all videos."""

    def __init__(self, videos: int, progress: Progress | None) -> None:
        self._videos, self._progress = videos, progress
        self._before = 0

    def __call__(self, done: int, of: int) -> None:
        if self._progress is not None:
            self._progress(self._before * of + done, self._videos * of)

    def next_video(self, of: int) -> None:
        self(of, of)
        self._before += 1


def _results(
    videos: Sequence[NamedVideo], extractor: Extractor, jobs: int, progress: Progress
) -> AbstractContextManager[Iterator[VideoObjects | Failure]]:
    """Give what becomes of each video, in order, from this process or from several."""
    if jobs < 2:
        return nullcontext(_attempt(extractor, progress, video) for video in videos)
    labels = None if extractor.label_vectors is None else partial(_same, extractor.label_vectors)
    return in_processes(partial(_make_attempt, extractor.config, labels), videos, jobs)


def _make_attempt(
    config: ExtractionConfig, labels: LabelEncoder | None
) -> Callable[[NamedVideo], VideoObjects | Failure]:
    return partial(_attempt, Extractor(config, labels), None)


def _attempt(extractor: Extractor, progress: Progress | None, video: NamedVideo) -> VideoObjects | Failure:
    name, path = video
    try:
        return extractor(path, name, progress)
    except InputError as error:
        return Failure(name, str(error))


def _same(vectors: LabelVectors, names: Sequence[str]) -> LabelVectors:
    """Spare another process the reading of the file: its detector's labels are the same."""
    del names
    return vectors


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a video") from error
