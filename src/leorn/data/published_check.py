"""What of a published data set is on disk: looked at as training will read it, and compared with what was published."""

import operator
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from leorn.data.annotations import read_queries
from leorn.data.offers import WORDS, Features, PublishedDataset, PublishedName, Split, beside
from leorn.data.parts import Part, Role, State
from leorn.data.published_files import DATASETS, GLOVE, VIDEOS, WORD_SIZE
from leorn.data.word_files import load_word_vectors
from leorn.data.words import words
from leorn.errors import InputError
from leorn.features.extract_videos import name_videos
from leorn.features.sources import FrameSource, ObjectSource, Progress, are_one_length, open_frames, open_objects
from leorn.records import Query
from leorn.wording import counted

Tell = Callable[[str], Progress]
"""Is given what is looked at, and gives back what is told how much of it is done."""
NAMED = 3
"""Videos that a problem names; the rest are counted."""


def check_published(name: PublishedName, root: str | Path, progress: Tell | None = None) -> tuple[Part, ...]:
    """Look at all that the experiments on a data set read.

    Of features the shapes are looked at, and of objects a frame of each video; training looks at all values for NaN.

    Args:
        name: of the data set, a key of `DATASETS`.
        root: its folder, which need not exist; word vectors lie in `words/` beside it.
        progress: is told what is looked at.

    Raises:
        InputError: an unknown data set, or a root that is no folder.
    """
    if name not in DATASETS:
        raise InputError(f"data set {name!r} is unknown; expected one of {', '.join(DATASETS)}")
    root = Path(os.path.normpath(root))
    if os.path.lexists(root) and not os.path.isdir(root):
        raise InputError(f"{root}: no folder; expected that of {name}, such as data/{DATASETS[name].folder}")
    dataset, tell = DATASETS[name], progress or (lambda what: lambda done, total: None)
    parts: list[Part] = []
    queries: list[Query] = []
    for split in dataset.splits:
        part, read = _check_split(name, split, root)
        parts.append(part)
        queries += read
    videos = {query.video: query.duration_seconds for query in sorted(queries, key=lambda query: query.video)}
    parts.append(_check_words(dataset, root, queries, tell))
    objects = [_check_features(features, dataset, root, videos, tell) for features in dataset.objects]
    enough = any(part.state == "here" for part in objects)
    # nobody has to get what something else stands in for
    parts += [replace(part, offers=()) if enough and part.state == "missing" else part for part in objects]
    if dataset.frame_features is not None:
        parts.append(_check_features(dataset.frame_features, dataset, root, videos, tell))
    parts.append(_check_videos(dataset, root, videos))
    return tuple(replace(part, offers=tuple(offer.at(root) for offer in part.offers)) for part in parts)


def _check_split(name: PublishedName, split: Split, root: Path) -> tuple[Part, tuple[Query, ...]]:
    offers = DATASETS[name].annotations
    expected = _counts(split.queries, split.videos, split.clipped, split.dropped)
    use = "evaluation" if split.name == "test" else "training"

    def part(state: State, found: str, problem: str | None = None, files: Sequence[str] = split.files) -> Part:
        wanted = tuple(offer for offer in offers if state != "here" and not set(files).isdisjoint(offer.files))
        return Part("queries", f"queries: {split.name}", str(root), state, found, expected, use, problem, wanted)

    missing = [file for file in split.files if not os.path.exists(root / file)]
    if missing:
        return part("missing", f"no {', no '.join(missing)}", files=missing), ()
    try:
        read = read_queries(root, name, split.name)
    except InputError as error:
        return part("wrong", "cannot be read", str(error)), ()
    found = _counts(len(read.queries), len({query.video for query in read.queries}), read.clipped, read.dropped)
    if found != expected:
        problem = f"{root}: {' and '.join(split.files)}, split {split.name}: {found}; expected {expected}"
        return part("wrong", found, problem), read.queries
    return part("here", found), read.queries


def _counts(queries: int, videos: int, clipped: int, dropped: int) -> str:
    notes = [f"{counted(clipped, 'end')} clipped"] * bool(clipped) + [f"{dropped} empty dropped"] * bool(dropped)
    return "; ".join([f"{counted(queries, 'query')} in {counted(videos, 'video')}", *notes])


def _check_words(dataset: PublishedDataset, root: Path, queries: list[Query], tell: Tell) -> Part:
    path = beside(root) / WORDS
    expected = f"{dataset.known_words:,} of {dataset.words:,} words, width {WORD_SIZE}"

    def part(state: State, found: str, problem: str | None = None) -> Part:
        wanted = (GLOVE,) if state != "here" else ()
        return Part("words", "word vectors", str(path), state, found, expected, "all experiments", problem, wanted)

    if not os.path.exists(path):
        return part("missing", "nothing")
    vocabulary = {word for query in queries for word in words(query.text)}
    if not vocabulary:
        return part("here", "not looked into, without queries")
    update = tell(f"reading {path.name}")
    update(0, 1)
    try:
        vectors = load_word_vectors(path, vocabulary)
    except InputError as error:
        return part("wrong", "cannot be read", str(error))
    finally:
        update(1, 1)
    found = f"{len(vectors.index):,} of {len(vocabulary):,} words, width {vectors.size}"
    # with a part of the queries nobody knows how many there should be
    too_few = len(vocabulary) == dataset.words and len(vectors.index) < dataset.known_words
    if too_few or vectors.size != WORD_SIZE:
        return part("wrong", found, f"{path}: {found}; expected {expected}: all of glove.6B.300d.txt")
    return part("here", found)


def _check_features(
    features: Features,
    dataset: PublishedDataset,
    root: Path,
    videos: Mapping[str, float],
    tell: Tell,
) -> Part:
    path = root / features.path
    expected = ", ".join([f"{dataset.videos:,} videos", *_least(features)])
    use = ", ".join(features.experiments) or "those told --data.objects"

    def part(state: State, found: str, problem: str | None = None) -> Part:
        role: Role = "objects" if features.slots else "frame features"
        wanted = (features.offer,) if state != "here" else ()
        return Part(role, f"{role}: {features.path}", str(path), state, found, expected, use, problem, wanted)

    if not os.path.exists(path):
        return part("missing", "nothing")
    try:
        source = open_objects(path) if features.slots else open_frames(path)
    except InputError as error:
        return part("wrong", "cannot be read", str(error))
    if not videos:
        return part("here", f"{counted(len(source.videos), 'video')}, not compared, without queries")
    stored, lacking, faults = set(source.videos), [], {}
    update = tell(f"looking at {features.path}")
    for done, video in enumerate(videos, start=1):
        if video not in stored:
            lacking.append(video)
        elif fault := _fault(source, video, features, videos[video]):
            faults[video] = fault
        update(done, len(videos))
    found = f"{len(videos) - len(lacking) - len(faults):,} of {counted(len(videos), 'video')}"
    problems = [f"{path}: {counted(len(lacking), 'video')} not in it: {_named(lacking)}"] * bool(lacking)
    if faults:
        useless = f"{counted(len(faults), 'video')} of no use: {_named(list(faults))}"
        problems.append(f"{path}: {useless}; the first: {next(iter(faults.values()))}")
    return part("wrong", found, "; ".join(problems)) if problems else part("here", found)


def _fault(source: ObjectSource | FrameSource, video: str, features: Features, seconds: float) -> str | None:
    """Say what is wrong with the features of a video, as far as their shape and length and one frame tell."""
    try:
        shape = source.shape(video)
        least = (features.frames, features.slots) if features.slots else (features.frames,)
        if shape[-1] != (features.width or shape[-1]) or any(map(operator.lt, shape, least)):
            return f"shape {shape}, expected {', '.join(_least(features))}"
        if isinstance(source, ObjectSource):
            source.read(video, 1, np.array([0]), duration_seconds=seconds)
            known = source.duration_seconds(video)
            if known is not None and not are_one_length((known, seconds)):
                return f"{known:g} s long, by the annotations {seconds:g} s"
    except InputError as error:
        return str(error)
    return None


def _least(features: Features) -> list[str]:
    """Say what features have to be like."""
    frames = [f"{features.frames}+ frames"] if features.frames > 1 else []
    slots = [f"{features.slots}+ objects"] if features.slots else []
    return [*frames, *slots, *([f"width {features.width}"] if features.width else [])]


def _check_videos(dataset: PublishedDataset, root: Path, videos: Collection[str]) -> Part:
    folder = root / VIDEOS
    splits = ", ".join(f"{split.name} {split.videos:,}" for split in dataset.splits)
    expected = f"{dataset.videos:,} videos ({splits})"

    def part(state: State, found: str, problem: str | None = None) -> Part:
        wanted = (dataset.video_files,) if state != "here" else ()
        return Part("videos", "videos", str(folder), state, found, expected, "extraction, pictures", problem, wanted)

    if not os.path.exists(folder):
        return part("missing", "nothing")
    try:
        there = name_videos([folder], keep_suffix=dataset.keep_suffix).keys()
    except InputError as error:
        return part("missing", "nothing to use", str(error))
    if not videos:
        return part("here", f"{counted(len(there), 'video')}, not compared, without queries")
    lacking = [video for video in videos if video not in there]
    found = f"{len(videos) - len(lacking):,} of {counted(len(videos), 'video')}"
    return part("missing", found, f"{folder}: no file of {_named(lacking)}") if lacking else part("here", found)


def _named(names: Sequence[str]) -> str:
    """Name the first, and count the others."""
    more = [f"and {len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return ", ".join([*names[:NAMED], *more])
