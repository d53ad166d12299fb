"""Making a library hold videos.

A video is there when the manifest names it, which comes last. A killed writer leaves videos in the store that are not
extracted again, and windows that the next one takes out.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from leorn.errors import InputError
from leorn.features.extract import Extractor
from leorn.features.extract_videos import Engine, Failure, extract_videos
from leorn.features.sources import ObjectSource, Progress
from leorn.features.store import FeatureStore
from leorn.features.store_lock import only_writer
from leorn.features.store_writer import GrowingStore, keep_videos
from leorn.retrieval.estimate import Estimate, estimate
from leorn.retrieval.holding import add_windows, hold
from leorn.retrieval.library_tools import Tools, open_tools, taken_up
from leorn.retrieval.manifest import (
    OBJECTS,
    WINDOWS,
    LibraryVideo,
    Manifest,
    file_of,
    read_manifest,
    write_manifest,
)
from leorn.retrieval.recipe import features_told_apart
from leorn.retrieval.step_table import StepTable
from leorn.retrieval.window_table import WindowTable

Tell = Callable[[str], Progress]
"""Makes the progress of something that is named to it."""


class UnfitVideoError(InputError):
    """A video cannot be in a library, whenever it is tried."""


@dataclass(frozen=True)
class Indexed:
    """What indexing did: ids of videos."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    failures: tuple[Failure, ...]


def create_library(folder: str | Path, *, network: str = "demo", encoder: str = "labels") -> Manifest:
    """Make an empty library, to which videos can be added; one that is there, made the same way, is left as it is.

    Args:
        folder: the library's.
        network: as `leorn.load` takes it, or `none`: moments are found by the dual encoder alone.
        encoder: name of the dual encoder.

    Returns:
        What the library holds.

    Raises:
        InputError: the library was made otherwise or is being written to, or what it needs is missing.
    """
    tools = open_tools(network, encoder)
    with only_writer(folder):
        manifest = taken_up(Path(folder), tools.empty)
        write_manifest(folder, manifest)
    return manifest


def index_videos(
    videos: Mapping[str, Path],
    folder: str | Path,
    *,
    network: str = "demo",
    encoder: str = "labels",
    jobs: int = 1,
    engine: Engine = "local",
    ray_address: str | None = None,
    progress: Tell | None = None,
    told: Callable[[Estimate], None] | None = None,
) -> Indexed:
    """Make a library hold these videos: extract what is new or changed, drop what is gone, go on with what was killed.

    Videos that were uploaded to the library stay.

    Args:
        videos: id → file.
        folder: the library's.
        network: as `leorn.load` takes it, or `none`: moments are found by the dual encoder alone.
        encoder: name of the dual encoder.
        jobs: processes that extract at once.
        engine: whose processes they are, as for `extract_videos`.
        ray_address: of a Ray cluster.
        progress: makes the progress of something that is named to it.
        told: is told, before the first video, what there is to do and how much that is.

    Returns:
        What was done. Videos that failed are not in the library, all others are.

    Raises:
        InputError: the library was made otherwise or is being written to, or as `extract_videos`.
    """
    folder, tell = Path(folder), progress or _silent
    tools = open_tools(network, encoder)
    with only_writer(folder):
        manifest = taken_up(folder, tools.empty)
        begin = None if told is None else partial(_tell_estimate, told, tools, jobs)
        refused = _refused(manifest, videos)
        videos = {video: path for video, path in videos.items() if video not in refused}
        failures = list(refused.values())
        failures += extract_videos(
            videos, folder / OBJECTS, tools.config, tools.labels,
            jobs=jobs, engine=engine, ray_address=ray_address, progress=tell("finding objects"), begin=begin,
        )  # fmt: skip
        failed = {failure.video for failure in failures}
        wanted = {video: (str(path.absolute()), video) for video, path in videos.items() if video not in failed}
        held = hold(folder, manifest, tools, wanted, tell("indexing windows"))
    return Indexed(held.added, held.removed, held.kept, (*failures, *held.failures))


def index_objects(
    source: ObjectSource,
    folder: str | Path,
    *,
    network: str = "demo",
    encoder: str = "labels",
    progress: Tell | None = None,
) -> Indexed:
    """Make a library hold the videos of a store, or of a published file, whose objects are extracted already.

    The objects are copied. There is no file to play; a video whose id is there already is taken for the same.

    Args:
        source: the objects, made as those that the network was trained on.
        folder: the library's.
        network: as `leorn.load` takes it, or `none`: moments are found by the dual encoder alone.
        encoder: name of the dual encoder.
        progress: makes the progress of something that is named to it.

    Returns:
        What was done.

    Raises:
        InputError: the library was made otherwise or is being written to, the objects are not made as those that the
            network was trained on, or the source does not tell how long a video is.
    """
    folder, tell = Path(folder), progress or _silent
    tools = open_tools(network, encoder)
    if tools.record is not None and (differing := features_told_apart(tools.record, source.fingerprint)):
        raise InputError(f"{source.path}: not the features that the network was trained on: {differing}")
    tools = tools._replace(empty=replace(tools.empty, features=dict(source.fingerprint)))
    with only_writer(folder):
        manifest = taken_up(folder, tools.empty)
        copied = tell("copying objects")
        with GrowingStore(folder / OBJECTS, source.fingerprint) as store:
            for number, video in enumerate(source.videos, start=1):
                if store.source_sha256(video) is None:
                    if source.duration_seconds(video) is None:
                        raise InputError(f"{source.path}: does not tell how long video {video} is; expected a store")
                    store.add(source.read(video), f"objects of {source.path.name}")
                copied(number, len(source.videos))
        wanted = dict.fromkeys(source.videos, ("", ""))
        held = hold(folder, manifest, tools, wanted, tell("indexing windows"))
    return Indexed(held.added, held.removed, held.kept, tuple(held.failures))


def add_video(
    folder: str | Path, video: str, path: str | Path, name: str, progress: Progress | None = None
) -> LibraryVideo:
    """Add one video to a library that is there, as the library was made.

    Args:
        folder: the library's.
        video: the id to give it.
        path: its file; one in the library's own `uploads` folder is the library's.
        name: what people call it.
        progress: told how many frames are done, of how many.

    Returns:
        What the library says of it.

    Raises:
        UnfitVideoError: the video is to blame: it cannot be extracted.
        InputError: the id is taken, the library is being written to or cannot be, or what it needs is missing.
    """
    folder, path = Path(folder), Path(path).absolute()
    before = read_manifest(folder)
    tools = open_tools(before.network, before.encoder)
    with only_writer(folder):
        manifest = taken_up(folder, tools.empty)
        if video in manifest.videos:
            raise InputError(f"{folder}: video {video} is there already; expected another id")
        failures = extract_videos({video: path}, folder / OBJECTS, tools.config, tools.labels, progress=progress)
        _check_fit(failures)
        own = path.relative_to(folder.absolute()) if path.is_relative_to(folder.absolute()) else path
        added = {video: (own.as_posix(), name)}
        manifest, failures = add_windows(folder, manifest, tools, added, lambda done, of: None)
        _check_fit(failures)
    return manifest.videos[video]


def remove_video(folder: str | Path, video: str) -> None:
    """Take a video out of a library. Its file stays where it is, but for one that was uploaded to the library.

    Raises:
        InputError: no such video, or the library is being written to.
    """
    folder = Path(folder)
    with only_writer(folder):
        manifest = read_manifest(folder)
        if video not in manifest.videos:
            raise InputError(f"{folder}: video {video} is not in the library")
        entry = manifest.videos[video]
        write_manifest(folder, manifest.without(video))
        # it is gone; what is left of it, where the disk fails now, goes when the service starts and with `index_videos`
        if entry.uploaded and (file := file_of(folder, entry)) is not None:
            with suppress(OSError):
                file.unlink(missing_ok=True)
        with suppress(InputError, OSError):
            WindowTable(folder / WINDOWS).remove([video])
            StepTable(folder / WINDOWS).remove([video])
            keep_videos(folder / OBJECTS, set(FeatureStore(folder / OBJECTS).videos) - {video})


def _check_fit(failures: Sequence[Failure]) -> None:
    """Raise what became of a video that is added alone."""
    for failure in failures:
        raise InputError(failure.reason) if failure.passing else UnfitVideoError(failure.reason)


def _refused(manifest: Manifest, videos: Mapping[str, Path]) -> dict[str, Failure]:
    """Return those of the videos that the library cannot hold, whatever is in them."""
    refused: dict[str, Failure] = {}
    for video, path in videos.items():
        entry = manifest.videos.get(video)
        if entry is not None and entry.uploaded:
            refused[video] = Failure(video, f"{path}: an upload has that id; expected a file of another name")
        try:
            str(path.absolute()).encode()
        except UnicodeEncodeError:
            reason = f"{str(path)!a}: holds bytes that are no UTF-8, which no library can name; expected another name"
            refused[video] = Failure(video, reason)
    return refused


def _tell_estimate(
    told: Callable[[Estimate], None],
    tools: Tools,
    jobs: int,
    missing: Sequence[tuple[str, Path]],
    extractor: Extractor,
) -> None:
    told(estimate(missing, extractor, tools.encoder, tools.empty, jobs))


def _silent(what: str) -> Progress:
    del what
    return lambda done, of: None
