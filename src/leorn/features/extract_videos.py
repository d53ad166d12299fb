"""From video files to a store of objects, one video at a time, resumable."""

import os
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
from leorn.features.store_writer import GrowingStore, MisfitError
from leorn.features.video import find_videos
from leorn.files import sha256
from leorn.records import VideoObjects

NamedVideo = tuple[str, Path]
"""A video's id and its file."""
Extracted = tuple[VideoObjects, str]
"""The objects of a video, and the SHA-256 of its file."""


@dataclass(frozen=True)
class Failure:
    """A video that could not be extracted, and why."""

    video: str
    reason: str


def name_videos(paths: Sequence[str | Path], *, keep_suffix: bool = False) -> dict[str, Path]:
    r"""Give each video file its id: its name without suffix, in a folder that was given the path below that folder.

    Bytes of a name that are no UTF-8 are written in digits, as in `caf\xe9`.

    Args:
        paths: files, and folders to search for videos.
        keep_suffix: leave the suffix in the id, as the annotations of TACoS do.

    Raises:
        InputError: a path that is missing, a folder without videos, or two files of one id.
    """
    videos: dict[str, Path] = {}
    for given in map(Path, paths):
        for path in find_videos([given]):
            name = path.relative_to(given) if given.is_dir() else Path(path.name)
            name = (name if keep_suffix else name.with_suffix("")).as_posix()
            video = os.fsencode(name).decode(errors="backslashreplace")
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
    begin: Callable[[Sequence[NamedVideo], Extractor], None] | None = None,
) -> list[Failure]:
    """Extract videos into a store. What is there already is left; what is killed goes on where it was.

    With several jobs a script calls this below `if __name__ == "__main__":`, for each process imports the script.

    Args:
        videos: id → file. A video is there already when its id is, from a file of the same content; from another
            file it is extracted again, and takes the place of what was there.
        out: the store's folder.
        config: how.
        labels: gives the labels their vectors, where the features are of them.
        jobs: processes that extract at once; the store does not depend on it.
        progress: told how many frames are done, of how many, as if every video had `config.frames`.
        begin: is told, before the first, which videos will be extracted, and with what.

    Returns:
        The videos that could not be extracted; all others are in the store.

    Raises:
        InputError: a file that is missing, a detector that cannot be opened, a store that was made otherwise or is
            being written to, a folder that cannot be written, or a process that was killed or could not begin.
    """
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; expected 1 or more")
    for path in videos.values():
        _check_there(path)
    extractor = Extractor(config, labels)
    failures: list[Failure] = []
    with GrowingStore(out, extractor.fingerprint) as store:
        missing = [(video, path) for video, path in videos.items() if not _is_there(store, video, path)]
        if begin is not None:
            begin(missing, extractor)
        tell = _Counter(len(missing), config.frames, progress)
        with _results(missing, extractor, min(jobs, len(missing)), tell) as results:
            for result in results:
                kept = result if isinstance(result, Failure) else _add(store, *result)
                if kept is not None:
                    failures.append(kept)
                tell.next_video()
    return failures


class _Counter:
    """Turns the frames of one video that are done into those of all videos."""

    def __init__(self, videos: int, frames: int, progress: Progress | None) -> None:
        self._videos, self._frames, self._progress = videos, frames, progress
        self._before = 0

    def __call__(self, done: int, of: int) -> None:
        if self._progress is not None:
            self._progress(self._before * self._frames + self._frames * done // of, self._videos * self._frames)

    def next_video(self) -> None:
        self(1, 1)
        self._before += 1


def _results(
    videos: Sequence[NamedVideo], extractor: Extractor, jobs: int, progress: Progress
) -> AbstractContextManager[Iterator[Extracted | Failure]]:
    """Give what becomes of each video, in order, from this process or from several."""
    if jobs < 2:
        return nullcontext(_attempt(extractor, progress, video) for video in videos)
    labels = None if extractor.label_vectors is None else partial(_same, extractor.label_vectors)
    return in_processes(partial(_make_attempt, extractor.config, labels), videos, jobs)


def _make_attempt(config: ExtractionConfig, labels: LabelEncoder | None) -> Callable[[NamedVideo], Extracted | Failure]:
    return partial(_attempt, Extractor(config, labels), None)


def _attempt(extractor: Extractor, progress: Progress | None, video: NamedVideo) -> Extracted | Failure:
    name, path = video
    try:
        # before it is read: a file that changes meanwhile is extracted again the next time
        source = sha256(path)
        return extractor(path, name, progress), source
    except InputError as error:
        return Failure(name, str(error))
    except Exception as error:
        # whatever one odd file brings about, hours of work on the others do not end there
        return Failure(name, f"{path}: cannot be extracted ({type(error).__name__}: {error})")


def _add(store: GrowingStore, objects: VideoObjects, source_sha256: str) -> Failure | None:
    """Put a video into the store, or say why it does not fit; a disk that cannot be written to fails them all."""
    try:
        store.add(objects, source_sha256)
    except MisfitError as error:
        return Failure(objects.video, str(error))
    return None


def _same(vectors: LabelVectors, names: Sequence[str]) -> LabelVectors:
    """Spare another process the reading of the file: its detector's labels are the same."""
    del names
    return vectors


def _check_there(path: Path) -> None:
    try:
        path.stat()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; expected a video") from error


def _is_there(store: GrowingStore, video: str, path: Path) -> bool:
    source = store.source_sha256(video)
    try:
        return source is not None and source == sha256(path)
    except InputError:
        # it will be a failure of this video
        return False
