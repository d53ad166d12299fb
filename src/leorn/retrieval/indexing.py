"""Making a library hold videos.

A video is there when the manifest names it, which comes last. A killed writer leaves videos in the store that are not
extracted again, and windows that the next one takes out.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from leorn.checkpoints import NetworkRecord
from leorn.config import ExtractionConfig
from leorn.data.label_vectors import label_vectors
from leorn.errors import InputError
from leorn.features.extract import Extractor, LabelEncoder
from leorn.features.extract_videos import Engine, Failure, extract_videos
from leorn.features.sources import ObjectSource, Progress
from leorn.features.store import FeatureStore
from leorn.features.store_lock import only_writer
from leorn.features.store_writer import GrowingStore, keep_videos
from leorn.retrieval.curve import STEP_SECONDS
from leorn.retrieval.encoders import DualEncoder, lasting_encoder, open_encoder
from leorn.retrieval.estimate import Estimate, estimate
from leorn.retrieval.loading import lasting_name, open_network
from leorn.retrieval.manifest import (
    MANIFEST,
    OBJECTS,
    WINDOWS,
    LibraryVideo,
    Manifest,
    file_of,
    read_manifest,
    write_manifest,
)
from leorn.retrieval.recipe import extraction_for, features_told_apart
from leorn.retrieval.step_table import StepTable, VideoSteps, cut_steps
from leorn.retrieval.training_free import NO_NETWORK, extraction, no_vectors
from leorn.retrieval.window_index import RECORD
from leorn.retrieval.window_table import VideoWindows, WindowTable
from leorn.retrieval.windows import LENGTHS_SECONDS, cut_windows

AT_ONCE = 64
"""Videos whose windows are written together, at most."""
AT_ONCE_SECONDS = 20.0
"""After so long they are written, however few: what is killed loses no more."""

Tell = Callable[[str], Progress]
"""Makes the progress of something that is named to it."""


@dataclass(frozen=True)
class Indexed:
    """What indexing did: ids of videos."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    failures: tuple[Failure, ...]


class _Tools(NamedTuple):
    """What makes a library's vectors, and an empty library made with it."""

    config: ExtractionConfig
    labels: LabelEncoder
    label_names: tuple[str, ...]
    """Of the detector."""
    encoder: DualEncoder
    empty: Manifest
    record: NetworkRecord | None
    """Of the network, where there is one."""


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
    tools = _open_tools(network, encoder)
    with only_writer(folder):
        manifest = _taken_up(Path(folder), tools.empty)
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
    tools = _open_tools(network, encoder)
    with only_writer(folder):
        manifest = _taken_up(folder, tools.empty)
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
        added, removed, kept = _hold(folder, manifest, tools, wanted, tell("indexing windows"))
    return Indexed(added, removed, kept, tuple(failures))


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
    tools = _open_tools(network, encoder)
    if tools.record is not None and (differing := features_told_apart(tools.record, source.fingerprint)):
        raise InputError(f"{source.path}: not the features that the network was trained on: {differing}")
    tools = tools._replace(empty=replace(tools.empty, features=dict(source.fingerprint)))
    with only_writer(folder):
        manifest = _taken_up(folder, tools.empty)
        copied = tell("copying objects")
        with GrowingStore(folder / OBJECTS, source.fingerprint) as store:
            for number, video in enumerate(source.videos, start=1):
                if store.source_sha256(video) is None:
                    if source.duration_seconds(video) is None:
                        raise InputError(f"{source.path}: does not tell how long video {video} is; expected a store")
                    store.add(source.read(video), f"objects of {source.path.name}")
                copied(number, len(source.videos))
        wanted = dict.fromkeys(source.videos, ("", ""))
        added, removed, kept = _hold(folder, manifest, tools, wanted, tell("indexing windows"))
    return Indexed(added, removed, kept, ())


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
        InputError: the id is taken, the video cannot be extracted, or the library is being written to.
    """
    folder, path = Path(folder), Path(path).absolute()
    before = read_manifest(folder)
    tools = _open_tools(before.network, before.encoder)
    with only_writer(folder):
        manifest = _taken_up(folder, tools.empty)
        if video in manifest.videos:
            raise InputError(f"{folder}: video {video} is there already; expected another id")
        failures = extract_videos({video: path}, folder / OBJECTS, tools.config, tools.labels, progress=progress)
        if failures:
            raise InputError(failures[0].reason)
        own = path.relative_to(folder.absolute()) if path.is_relative_to(folder.absolute()) else path
        manifest = _add_windows(folder, manifest, tools, {video: (own.as_posix(), name)}, lambda done, of: None)
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
        WindowTable(folder / WINDOWS).remove([video])
        StepTable(folder / WINDOWS).remove([video])
        keep_videos(folder / OBJECTS, set(FeatureStore(folder / OBJECTS).videos) - {video})
        if entry.uploaded and (file := file_of(folder, entry)) is not None:
            file.unlink(missing_ok=True)


def _open_tools(network: str, encoder: str) -> _Tools:
    step_seconds: float | None = None
    record: NetworkRecord | None = None
    if network == NO_NETWORK:
        config, labels, step_seconds = extraction(), no_vectors, STEP_SECONDS
    else:
        network = lasting_name(network)
        _, record, words = open_network(network)
        config, labels = extraction_for(record), partial(label_vectors, words)
    encoder = lasting_encoder(encoder)
    dual = open_encoder(encoder)
    extractor = Extractor(config, labels)
    features, vectors = dict(extractor.fingerprint), dict(dual.fingerprint)
    empty = Manifest(network, features, encoder, vectors, LENGTHS_SECONDS, step_seconds)
    return _Tools(config, labels, extractor.label_names, dual, empty, record)


def _taken_up(folder: Path, made: Manifest) -> Manifest:
    """Return the manifest of a library to go on with, an empty one where there is none; parts of files go."""
    for leftover in (*folder.glob(f".{MANIFEST}.*.part"), *(folder / WINDOWS).glob(f".{RECORD}.*.part")):
        leftover.unlink(missing_ok=True)
    if not (folder / MANIFEST).exists():
        return made
    before = read_manifest(folder)
    # as they are on disk
    then, now = (json.loads(json.dumps(asdict(manifest))) for manifest in (before, made))
    differing = [name for name in then if name != "videos" and then[name] != now[name]]
    if differing:
        raise InputError(
            f"{folder}: a library of another {' and '.join(differing)}; expected the same, or another folder"
        )
    return before


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


def _hold(
    folder: Path, manifest: Manifest, tools: _Tools, wanted: Mapping[str, tuple[str, str]], told: Progress
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Make the library hold what is wanted, which its store holds, and what was uploaded.

    Args:
        folder: the library's.
        manifest: what it holds now.
        tools: what makes its vectors.
        wanted: id → path and name.
        told: told how many videos are done.

    Returns:
        Ids of the videos that were added, removed and kept.
    """
    uploads = {video: (entry.path, entry.name) for video, entry in manifest.videos.items() if entry.uploaded}
    wanted = {**wanted, **uploads}
    sources = _sources(folder, wanted)
    table, steps = WindowTable(folder / WINDOWS), StepTable(folder / WINDOWS)
    windows, with_steps = table.counts(), steps.counts()
    kept = {
        video: entry
        for video, entry in manifest.videos.items()
        if entry.sha256 == sources.get(video)
        # whoever has lost a table gets it again
        and entry.windows == windows[video]
        and (manifest.step_seconds is None or with_steps[video])
    }
    kept = {video: replace(entry, path=wanted[video][0]) for video, entry in kept.items()}
    removed = tuple(video for video in manifest.videos if video not in wanted)
    # before objects and windows go: a reader never misses those of a video that is named
    manifest = replace(manifest, videos=kept)
    write_manifest(folder, manifest)
    keep_videos(folder / OBJECTS, wanted)
    table.keep_only(kept)
    steps.keep_only(kept)
    added = {video: wanted[video] for video in wanted if video not in kept}
    _add_windows(folder, manifest, tools, added, told)
    return tuple(added), removed, tuple(kept)


def _sources(folder: Path, videos: Mapping[str, object]) -> dict[str, str]:
    if not videos:
        return {}
    store = FeatureStore(folder / OBJECTS)
    return {video: store.source_sha256(video) or "" for video in videos}


def _add_windows(
    folder: Path, manifest: Manifest, tools: _Tools, added: Mapping[str, tuple[str, str]], told: Progress
) -> Manifest:
    """Write the windows of videos that the store holds, some at a time, and name these in the manifest."""
    if not added:
        return manifest
    store, table, steps = FeatureStore(folder / OBJECTS), WindowTable(folder / WINDOWS), StepTable(folder / WINDOWS)
    done = 0
    for part in _in_parts(_encoded(folder, manifest, tools.encoder, store, added)):
        table.replace({one.video: one.windows for one in part})
        steps.replace({one.video: one.steps for one in part if one.steps is not None})
        manifest = manifest.with_videos({one.video: one.entry for one in part})
        write_manifest(folder, manifest)
        done += len(part)
        told(done, len(added))
    table.tidy(lambda: tools.encoder.sentences([f"a {name}" for name in tools.label_names]))
    steps.tidy()
    return manifest


class _Encoded(NamedTuple):
    """A video with its vectors."""

    video: str
    entry: LibraryVideo
    windows: VideoWindows
    steps: VideoSteps | None


def _encoded(
    folder: Path, manifest: Manifest, encoder: DualEncoder, store: FeatureStore, added: Mapping[str, tuple[str, str]]
) -> Iterator[_Encoded]:
    for video, (path, name) in added.items():
        objects = store.read(video)
        duration_seconds = objects.duration_seconds
        windows = cut_windows(duration_seconds, manifest.lengths_seconds)
        steps = [] if manifest.step_seconds is None else cut_steps(duration_seconds)
        source = store.source_sha256(video) or ""
        entry = LibraryVideo(path, source, duration_seconds, len(windows), "" if name == video else name)
        # all at once: each frame is looked at once
        vectors = encoder.windows(objects, [*windows, *steps], file_of(folder, entry))
        of_steps = VideoSteps(duration_seconds, vectors[len(windows) :]) if steps else None
        yield _Encoded(video, entry, VideoWindows(windows, vectors[: len(windows)]), of_steps)


def _in_parts(items: Iterator[_Encoded]) -> Iterator[Sequence[_Encoded]]:
    part, since = list[_Encoded](), time.monotonic()
    for item in items:
        part.append(item)
        if len(part) >= AT_ONCE or time.monotonic() - since > AT_ONCE_SECONDS:
            yield part
            part, since = [], time.monotonic()
    if part:
        yield part


def _tell_estimate(
    told: Callable[[Estimate], None],
    tools: _Tools,
    jobs: int,
    missing: Sequence[tuple[str, Path]],
    extractor: Extractor,
) -> None:
    told(estimate(missing, extractor, tools.encoder, tools.empty.lengths_seconds, jobs))


def _silent(what: str) -> Progress:
    del what
    return lambda done, of: None
