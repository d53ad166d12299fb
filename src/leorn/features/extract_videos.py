"""From video files to a store of objects, one video at a time, resumable."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from leorn.config import ExtractionConfig
from leorn.errors import InputError, machine_failed
from leorn.features.cluster import on_ray
from leorn.features.cluster_worker import ATTEMPTS
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
Engine = Literal["local", "ray"]
"""What shares the videos among processes: this machine, or Ray, whose workers may be on many."""


@dataclass(frozen=True)
class Failure:
    """A video that could not be extracted, and why."""

    video: str
    reason: str
    passing: bool = False
    """Whether the machine is to blame, such as for a lack of memory, so that it may go well another time."""


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
    engine: Engine = "local",
    ray_address: str | None = None,
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
        engine: whose processes they are; the store does not depend on it either. With Ray a process that dies is
            started again, and a video of which several died is a failure.
        ray_address: of a Ray cluster whose machines find the videos, and the detector's files, under the same paths;
            Ray is started on this machine where None.
        progress: told how many frames are done, of how many, as if every video had `config.frames`.
        begin: is told, before the first, which videos will be extracted, and with what.

    Returns:
        The videos that could not be extracted; all others are in the store.

    Raises:
        InputError: a file that is missing, a detector that cannot be opened, a store that was made otherwise or is
            being written to, a folder that cannot be written, a process that was killed or could not begin, or
            Ray that is not installed or does not answer.
    """
    if jobs < 1:
        raise InputError(f"jobs is {jobs}; expected 1 or more")
    if ray_address is not None and engine != "ray":
        raise InputError(f"address {ray_address} of a Ray cluster, and engine {engine}; expected engine ray")
    for path in videos.values():
        _check_there(path)
    extractor = Extractor(config, labels)
    failures: list[Failure] = []
    with GrowingStore(out, extractor.fingerprint) as store:
        missing = [(video, path) for video, path in videos.items() if not _is_there(store, video, path)]
        if begin is not None:
            begin(missing, extractor)
        tell = _Counter(len(missing), config.frames, progress)
        jobs = min(jobs, len(missing))
        if missing and engine == "ray":
            work = _on_ray(missing, extractor, jobs, ray_address)
        else:
            work = _on_this_machine(missing, extractor, jobs, tell)
        with work as results:
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


def _on_this_machine(
    videos: Sequence[NamedVideo], extractor: Extractor, jobs: int, progress: Progress
) -> AbstractContextManager[Iterator[Extracted | Failure]]:
    """Give what becomes of each video, in order, from this process or from several."""
    if jobs < 2:
        return nullcontext(_attempt(extractor, progress, video) for video in videos)
    return in_processes(_maker(extractor), videos, jobs)


def _on_ray(
    videos: Sequence[NamedVideo], extractor: Extractor, jobs: int, address: str | None
) -> AbstractContextManager[Iterator[Extracted | Failure]]:
    """Give what becomes of each video, in order, from Ray's processes, which on a cluster have other folders open."""
    if address is not None:
        videos = [(video, path.absolute()) for video, path in videos]
    return on_ray(_maker(extractor), videos, _lost, jobs, address)


def _maker(extractor: Extractor) -> Callable[[], Callable[[NamedVideo], Extracted | Failure]]:
    """Return what makes the same extractor in another process."""
    labels = None if extractor.label_vectors is None else partial(_same, extractor.label_vectors)
    return partial(_make_attempt, extractor.config, labels)


def _make_attempt(config: ExtractionConfig, labels: LabelEncoder | None) -> Callable[[NamedVideo], Extracted | Failure]:
    return partial(_attempt, Extractor(config, labels), None)


def _attempt(extractor: Extractor, progress: Progress | None, video: NamedVideo) -> Extracted | Failure:
    name, path = video
    try:
        # before it is read: a file that changes meanwhile is extracted again the next time
        source = sha256(path)
        return extractor(path, name, progress), source
    except InputError as error:
        return Failure(name, str(error), machine_failed(error))
    except Exception as error:
        # whatever one odd file brings about, hours of work on the others do not end there
        reason = f"{path}: cannot be extracted ({type(error).__name__}: {error})"
        return Failure(name, reason, machine_failed(error))


def _lost(video: NamedVideo) -> Failure:
    name, path = video
    return Failure(name, f"{path}: cannot be extracted (its process died {ATTEMPTS} times, perhaps of lack of memory)")


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
