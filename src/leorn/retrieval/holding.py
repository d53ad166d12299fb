"""Windows of videos whose objects are there: what brings a library in step with its store, in an order that can stop.

The manifest names a video after its windows are written, and no longer before they go.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from leorn.errors import InputError, machine_failed
from leorn.features.extract_videos import Failure
from leorn.features.sources import Progress
from leorn.features.store import FeatureStore
from leorn.features.store_writer import keep_videos
from leorn.records import VideoObjects
from leorn.retrieval.encoders import DualEncoder
from leorn.retrieval.library_tools import Tools
from leorn.retrieval.manifest import OBJECTS, WINDOWS, LibraryVideo, Manifest, file_of, write_manifest
from leorn.retrieval.step_table import StepTable, VideoSteps, cut_steps
from leorn.retrieval.window_table import VideoWindows, WindowTable
from leorn.retrieval.windows import cut_windows

AT_ONCE = 64
"""Videos whose windows are written together, at most."""
AT_ONCE_SECONDS = 20.0
"""After so long they are written, however few: what is killed loses no more."""


class Held(NamedTuple):
    """What became of the videos of a library."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    failures: list[Failure]


def hold(folder: Path, manifest: Manifest, tools: Tools, wanted: Mapping[str, tuple[str, str]], told: Progress) -> Held:
    """Make the library hold what is wanted, which its store holds, and what was uploaded.

    Args:
        folder: the library's.
        manifest: what it holds now.
        tools: what makes its vectors.
        wanted: id → path and name.
        told: told how many videos are done.

    Returns:
        What was done.
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
    _, failures = add_windows(folder, manifest, tools, added, told)
    failed = {failure.video for failure in failures}
    return Held(tuple(video for video in added if video not in failed), removed, tuple(kept), failures)


def _sources(folder: Path, videos: Mapping[str, object]) -> dict[str, str]:
    if not videos:
        return {}
    store = FeatureStore(folder / OBJECTS)
    return {video: store.source_sha256(video) or "" for video in videos}


def add_windows(
    folder: Path, manifest: Manifest, tools: Tools, added: Mapping[str, tuple[str, str]], told: Progress
) -> tuple[Manifest, list[Failure]]:
    """Write the windows of videos that the store holds, some at a time, and name these in the manifest.

    Args:
        folder: the library's.
        manifest: what it holds now.
        tools: what makes its vectors.
        added: id → path and name.
        told: told how many videos are done.

    Returns:
        What it holds then, and the videos of which no windows can be made.
    """
    failures = list[Failure]()
    if not added:
        return manifest, failures
    store, table, steps = FeatureStore(folder / OBJECTS), WindowTable(folder / WINDOWS), StepTable(folder / WINDOWS)
    done = 0
    for part in _in_parts(_encoded(folder, manifest, tools.encoder, store, added, failures)):
        table.replace({one.video: one.windows for one in part})
        steps.replace({one.video: one.steps for one in part if one.steps is not None})
        manifest = manifest.with_videos({one.video: one.entry for one in part})
        write_manifest(folder, manifest)
        done += len(part)
        told(done, len(added))
    table.tidy(lambda: tools.encoder.sentences([f"a {name}" for name in tools.label_names]))
    steps.tidy()
    return manifest, failures


class _Encoded(NamedTuple):
    """A video with its vectors."""

    video: str
    entry: LibraryVideo
    windows: VideoWindows
    steps: VideoSteps | None


def _encoded(
    folder: Path,
    manifest: Manifest,
    encoder: DualEncoder,
    store: FeatureStore,
    added: Mapping[str, tuple[str, str]],
    failures: list[Failure],
) -> Iterator[_Encoded]:
    """Give videos with their vectors; those that have none are added to the failures, and stop no other."""
    for video, (path, name) in added.items():
        objects = store.read(video)
        known = "" if name == video else name
        entry = LibraryVideo(path, store.source_sha256(video) or "", objects.duration_seconds, 0, known)
        try:
            yield _encode(folder, manifest, encoder, objects, entry)
        except InputError as error:
            failures.append(Failure(video, str(error), machine_failed(error)))


def _encode(
    folder: Path, manifest: Manifest, encoder: DualEncoder, objects: VideoObjects, entry: LibraryVideo
) -> _Encoded:
    duration_seconds = objects.duration_seconds
    windows = cut_windows(duration_seconds, manifest.lengths_seconds)
    steps = [] if manifest.step_seconds is None else cut_steps(duration_seconds)
    # all at once: each frame is looked at once
    vectors = encoder.windows(objects, [*windows, *steps], file_of(folder, entry))
    of_steps = VideoSteps(duration_seconds, vectors[len(windows) :]) if steps else None
    of_windows = VideoWindows(windows, vectors[: len(windows)])
    return _Encoded(objects.video, replace(entry, windows=len(windows)), of_windows, of_steps)


def _in_parts(items: Iterator[_Encoded]) -> Iterator[Sequence[_Encoded]]:
    part, since = list[_Encoded](), time.monotonic()
    for item in items:
        part.append(item)
        if len(part) >= AT_ONCE or time.monotonic() - since > AT_ONCE_SECONDS:
            yield part
            part, since = [], time.monotonic()
    if part:
        yield part
