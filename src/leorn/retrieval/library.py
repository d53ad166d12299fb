"""A library: many videos, indexed once and asked often.

::

    folder/library.json   which videos it holds, from which files, and how it was made
    folder/objects/       the store of their objects (leorn.features.store)
    folder/windows/       the table of their windows (LanceDB)

A video is there when the manifest names it, which comes last. A killed writer leaves videos in the store that are not
extracted again, and windows that the next one takes out.
"""

import fnmatch
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from leorn.data.label_vectors import label_vectors
from leorn.errors import InputError
from leorn.features.extract import Extractor
from leorn.features.extract_videos import Failure, extract_videos
from leorn.features.sources import Progress
from leorn.features.store import FeatureStore
from leorn.features.store_lock import only_writer
from leorn.features.store_writer import keep_videos
from leorn.records import Moment, check_sentences
from leorn.retrieval.encoders import open_encoder
from leorn.retrieval.loading import lasting_name, open_network
from leorn.retrieval.manifest import MANIFEST, LibraryVideo, Manifest, read_manifest, write_manifest
from leorn.retrieval.recipe import extraction_for
from leorn.retrieval.retriever import Retriever, load
from leorn.retrieval.window_table import WindowTable
from leorn.retrieval.windows import LENGTHS_SECONDS, cut_windows

OBJECTS, WINDOWS = "objects", "windows"
CANDIDATES = 20
"""Videos in which moments are looked for: those with the nearest windows."""
WINDOWS_OF_EACH = 10
"""Windows recalled for each of them, for many may be of one video."""


@dataclass(frozen=True)
class Indexed:
    """What indexing did: ids of videos."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    failures: tuple[Failure, ...]


@dataclass(frozen=True)
class FoundMoment:
    """A moment in one of many videos."""

    video: str
    path: str
    """The video's file."""
    duration_seconds: float
    moment: Moment
    similarity: float
    """Of the sentence and the nearest of the video's windows."""

    def to_dict(self) -> dict[str, object]:
        """Return it as plain values."""
        plain = asdict(self)
        return plain.pop("moment") | plain


def index_videos(
    videos: Mapping[str, Path],
    folder: str | Path,
    *,
    network: str = "demo",
    encoder: str = "labels",
    jobs: int = 1,
    progress: Callable[[str], Progress] | None = None,
) -> Indexed:
    """Make a library hold these videos: extract what is new or changed, drop what is gone, go on with what was killed.

    Args:
        videos: id → file.
        folder: the library's.
        network: as `leorn.load` takes it.
        encoder: name of the dual encoder.
        jobs: processes that extract at once.
        progress: makes the progress of something that is named to it.

    Returns:
        What was done. Videos that failed are not in the library, all others are.

    Raises:
        InputError: the library was made otherwise or is being written to, or as `extract_videos`.
    """
    folder = Path(folder)
    tell = progress or (lambda what: lambda done, total: None)
    network = lasting_name(network)
    _, record, words = open_network(network)
    config, labels = extraction_for(record), partial(label_vectors, words)
    dual = open_encoder(encoder)
    features = dict(Extractor(config, labels).fingerprint)
    with only_writer(folder):
        manifest = _taken_up(folder, Manifest(network, features, encoder, dict(dual.fingerprint), LENGTHS_SECONDS))
        failures = extract_videos(videos, folder / OBJECTS, config, labels, jobs=jobs, progress=tell("finding objects"))
        wanted = [video for video in videos if video not in {failure.video for failure in failures}]
        keep_videos(folder / OBJECTS, wanted)
        store, table = FeatureStore(folder / OBJECTS), WindowTable(folder / WINDOWS)
        sources = {video: store.source_sha256(video) for video in wanted}
        kept = {video: entry for video, entry in manifest.videos.items() if entry.sha256 == sources.get(video)}
        kept = {video: replace(entry, path=str(videos[video].absolute())) for video, entry in kept.items()}
        removed = tuple(video for video in manifest.videos if video not in wanted)
        # before windows go: a reader never misses those of a video that is named
        manifest = replace(manifest, videos=kept)
        write_manifest(folder, manifest)
        table.keep_only(kept)
        added = [video for video in wanted if video not in kept]
        told = tell("indexing windows")
        for number, video in enumerate(added, start=1):
            objects = store.read(video)
            windows = cut_windows(objects.duration_seconds, manifest.lengths_seconds)
            table.replace(video, windows, dual.windows(objects, windows))
            path, duration = str(videos[video].absolute()), objects.duration_seconds
            manifest = manifest.with_video(video, LibraryVideo(path, sources[video] or "", duration, len(windows)))
            write_manifest(folder, manifest)
            told(number, len(added))
    return Indexed(tuple(added), removed, tuple(kept), tuple(failures))


def _taken_up(folder: Path, made: Manifest) -> Manifest:
    """Return the manifest of a library to go on with, an empty one where there is none yet."""
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


class Library:
    """A library that is there, to be searched.

    Args:
        folder: as `index_videos` made it.
        retriever: finds the moments; the network that the library names where None.

    Attributes:
        manifest: what it holds.

    Raises:
        InputError: no library in the folder, or something that it needs is missing.
    """

    def __init__(self, folder: str | Path, retriever: Retriever | None = None) -> None:
        folder = Path(folder)
        self.manifest = read_manifest(folder)
        self._store = FeatureStore(folder / OBJECTS)
        self._table = WindowTable(folder / WINDOWS)
        self._encoder = open_encoder(self.manifest.encoder)
        self._retriever = retriever or load(self.manifest.network)

    def search(
        self, query: str, top_k: int = 10, *, videos: str | None = None, candidates: int = CANDIDATES
    ) -> list[FoundMoment]:
        """Find the moments that a sentence describes, in all videos: recall windows, then find moments in their videos.

        Args:
            query: the sentence.
            top_k: how many moments to return at most, best first.
            videos: a pattern such as `kitchen/*` that the ids of videos must match; all videos where None.
            candidates: videos to look for moments in.

        Raises:
            InputError: an empty sentence, `top_k` or `candidates` below 1, or no video of such a name.
        """
        if top_k < 1 or candidates < 1:
            raise InputError(f"top_k is {top_k}, candidates is {candidates}; expected 1 or more")
        check_sentences([query])
        found: list[FoundMoment] = []
        for video, similarity in self._recall(query, videos, candidates):
            entry = self.manifest.videos[video]
            prepared = self._retriever.prepare(self._store.read(video), self._store.fingerprint)
            for moment in self._retriever.find(query, prepared, top_k):
                found.append(FoundMoment(video, entry.path, entry.duration_seconds, moment, similarity))
        return sorted(found, key=lambda one: (-(one.moment.score or 0.0), one.video, one.moment.span))[:top_k]

    def _recall(self, query: str, pattern: str | None, candidates: int) -> list[tuple[str, float]]:
        """Return the videos with the nearest windows, each with its nearest window's similarity, best first."""
        among = None
        if pattern is not None:
            among = [video for video in self.manifest.videos if fnmatch.fnmatchcase(video, pattern)]
            if not among:
                raise InputError(f"videos {pattern}: no video of the library has such a name")
        vector, best = self._encoder.sentences([query])[0], dict[str, float]()
        count, there = candidates * WINDOWS_OF_EACH, len(self.manifest.videos if among is None else among)
        while len(best) < min(candidates, there):
            recalled = self._table.recall(vector, count, among)
            best = {}
            for video, _, similarity in recalled:
                if video in self.manifest.videos:
                    best.setdefault(video, similarity)
            if len(recalled) < count:
                break
            # windows of few videos were nearest
            count *= 4
        return list(best.items())[:candidates]
