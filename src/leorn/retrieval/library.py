"""A library: many videos, indexed once and asked often.

::

    folder/library.json   which videos it holds, from which files, and how it was made
    folder/objects/       the store of their objects (leorn.features.store)
    folder/windows/       the table of their windows (LanceDB)
    folder/uploads/       files that were given to it; all others stay where they are

`leorn.retrieval.indexing` writes it.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leorn.errors import InputError
from leorn.records import Moment, check_sentences
from leorn.retrieval.encoders import AskedOnce, open_encoder
from leorn.retrieval.evidence import Answer
from leorn.retrieval.load import load
from leorn.retrieval.localise import Localiser, NetworkLocaliser
from leorn.retrieval.manifest import MANIFEST, OBJECTS, WINDOWS, Manifest, file_of, read_manifest
from leorn.retrieval.retriever import Retriever
from leorn.retrieval.training_free import NO_NETWORK, CurveLocaliser
from leorn.retrieval.window_table import WindowTable
from leorn.scoring.scaling import lowered
from leorn.wording import counted

CANDIDATES = 20
"""Videos in which moments are looked for: those with the nearest windows."""
WINDOWS_OF_EACH = 10
"""Windows recalled for each of them, for many may be of one video."""
SHARPNESS = 20.0
"""The odds of a moment fall by exp(-SHARPNESS * d) where its video's similarity is d below that of the nearest video:
what XML multiplies its span probabilities with (Lei et al., ECCV 2020, TVR; `q2c_alpha` of its code)."""


@dataclass(frozen=True)
class FoundMoment:
    """A moment in one of many videos."""

    video: str
    name: str
    """What people call the video."""
    path: str
    """The video's file; empty where the library knows none."""
    duration_seconds: float
    moment: Moment
    similarity: float
    """Of the sentence and the nearest of the video's windows."""
    confidence: float
    """How likely it is right, where the network's scores were calibrated, else the score; lower, the farther the video
    is behind the nearest one."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values; of a range that was not searched for, but chosen, no figures."""
        scored = self.moment.score is not None
        return {
            "video": self.video,
            "name": self.name,
            "path": self.path,
            "duration_seconds": self.duration_seconds,
            "start_seconds": self.moment.start_seconds,
            "end_seconds": self.moment.end_seconds,
            "score": self.moment.score,
            "similarity": self.similarity if scored else None,
            "confidence": self.confidence if scored else None,
        }


@dataclass(frozen=True)
class SearchResult:
    """The answer to a search."""

    query: str
    found: bool
    """False where in no video anything is likely enough to be what was asked for; the moments are best guesses then."""
    threshold: float | None
    """The confidence from which on something is found; None where the network's scores were not calibrated."""
    known_words: float
    """Share of the sentence's words that the network knows, 0 to 1."""
    moments: tuple[FoundMoment, ...]
    """The most confident first."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "query": self.query,
            "found": self.found,
            "threshold": self.threshold,
            "known_words": self.known_words,
            "moments": [moment.to_dict() for moment in self.moments],
        }


class Library:
    """A library that is there, to be searched.

    Args:
        folder: as `index_videos` made it.
        retriever: finds the moments; the network that the library names where None, or none.

    Attributes:
        folder: where it is.
        manifest: what it holds.

    Raises:
        InputError: no library in the folder, or something that it needs is missing.
    """

    def __init__(self, folder: str | Path, retriever: Retriever | None = None) -> None:
        self.folder = Path(folder)
        self._version, self.manifest, self._table = self._read()
        self._encoder = AskedOnce(open_encoder(self.manifest.encoder))
        self._retriever = None if self.manifest.network == NO_NETWORK else retriever or load(self.manifest.network)
        self._calibration = None if self._retriever is None else self._retriever.record.calibration
        self._localiser = self._open_localiser()

    def refresh(self) -> bool:
        """Take up what has been written since it was opened; return whether something has.

        Raises:
            InputError: the library is gone, damaged, or another one has taken its place.
        """
        if self._read_version() == self._version:
            return False
        version, manifest, table = self._read()
        if replace(manifest, videos={}) != replace(self.manifest, videos={}):
            raise InputError(f"{self.folder}: was made anew, in another way; expected to be opened again")
        self.manifest, self._table = manifest, table
        if self._localiser is None:
            self._localiser = self._open_localiser()
        else:
            self._localiser.reopen()
        self._version = version
        return True

    def search(
        self,
        query: str,
        top_k: int = 10,
        *,
        videos: str | None = None,
        candidates: int = CANDIDATES,
        without: Collection[str] = (),
    ) -> SearchResult:
        """Find the moments that a sentence describes, in all videos: recall windows, then find moments in their videos.

        Args:
            query: the sentence.
            top_k: how many moments to return at most, best first.
            videos: a pattern such as `kitchen/*` that the ids or the names of videos must match; all videos where None.
            candidates: videos to look for moments in.
            without: ids of videos to leave out.

        Raises:
            InputError: an empty sentence, `top_k` or `candidates` below 1, or no video of such a name.
        """
        if top_k < 1 or candidates < 1:
            raise InputError(f"top_k is {top_k}, candidates is {candidates}; expected 1 or more")
        check_sentences([query])
        recalled = self._recall(query, videos, candidates, without)
        if self._localiser is None or not recalled:
            return SearchResult(query, False, self.threshold, 1.0, ())
        found: list[FoundMoment] = []
        try:
            moments = self._localiser.find(query, list(recalled), top_k)
        except InputError:
            # a writer has taken a video out meanwhile, or is about to put it in anew
            if self.refresh():
                return self.search(query, top_k, videos=videos, candidates=candidates, without=without)
            self._localiser.reopen()
            moments = self._localiser.find(query, list(recalled), top_k)
        nearest, likeliest = max(recalled.values()), 0.0
        for (video, similarity), of_video in zip(recalled.items(), moments, strict=True):
            entry, file = self.manifest.videos[video], self.file_of(video)
            name, path = entry.name or video, "" if file is None else str(file.absolute())
            for moment in of_video:
                confidence = self.confidence(moment.score or 0.0)
                likeliest = max(likeliest, confidence)
                # without a network the score is made of similarities already
                if self._retriever is not None:
                    confidence = lowered(confidence, SHARPNESS * (nearest - similarity))
                found.append(FoundMoment(video, name, path, entry.duration_seconds, moment, similarity, confidence))
        best = sorted(found, key=lambda one: (-one.confidence, -(one.moment.score or 0.0), one.video, one.moment.span))
        reached = self.threshold is None or likeliest >= self.threshold
        return SearchResult(query, reached, self.threshold, self._localiser.known_share(query), tuple(best[:top_k]))

    def explain(self, query: str, video: str, top_k: int = 5) -> Answer:
        """Find the moments of one video, and give the evidence for them.

        Args:
            query: the sentence.
            video: its id.
            top_k: how many moments to return at most, best first.

        Raises:
            InputError: an empty sentence, `top_k` below 1, or no such video.
        """
        check_sentences([query])
        if self._localiser is None or video not in self.manifest.videos:
            raise InputError(f"{self.folder}: video {video} is not in the library")
        try:
            return self._localiser.explain(query, video, top_k)
        except InputError:
            # as for a search
            if self.refresh():
                return self.explain(query, video, top_k)
            self._localiser.reopen()
            return self._localiser.explain(query, video, top_k)

    @property
    def threshold(self) -> float | None:
        """The confidence from which on something is found; None where the network's scores were not calibrated."""
        return None if self._calibration is None else self._calibration.threshold

    def confidence(self, score: float) -> float:
        """Return how likely an answer in a video is right, by its score; the score where those were not calibrated."""
        return score if self._calibration is None else self._calibration.confidence(score)

    def file_of(self, video: str) -> Path | None:
        """Return the file of a video, None where the library knows none or it is gone."""
        entry = self.manifest.videos.get(video)
        return None if entry is None else file_of(self.folder, entry)

    def _read_version(self) -> tuple[int, int, int] | None:
        """Return what changes when the manifest is written: each has a file of its own."""
        try:
            found = os.stat(self.folder / MANIFEST)
        except OSError:
            # reading it will say why
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> tuple[tuple[int, int, int] | None, Manifest, WindowTable]:
        """Return the manifest, its version, and the table that goes with it."""
        version, manifest = self._read_version(), read_manifest(self.folder)
        table = WindowTable(self.folder / WINDOWS)
        if manifest.videos and not len(table):
            if self._read_version() != version:
                # a writer has just taken the last video out
                return self._read()
            raise InputError(
                f"{self.folder / WINDOWS}: holds no windows of the library's {counted(len(manifest.videos), 'video')}; "
                "expected those that leorn index makes, also of a library that has lost them"
            )
        return version, manifest, table

    def _open_localiser(self) -> Localiser | None:
        """Open what finds the moments; an empty library has no objects yet."""
        if not self.manifest.videos:
            return None
        if self._retriever is None:
            return CurveLocaliser(self._encoder, self.folder)
        return NetworkLocaliser(self._retriever, self.folder / OBJECTS)

    def _recall(
        self, query: str, pattern: str | None, candidates: int, without: Collection[str] = ()
    ) -> dict[str, float]:
        """Return the videos with the nearest windows, each with its nearest window's similarity, best first."""
        among = None
        if pattern is not None:
            among = [video for video, entry in self.manifest.videos.items() if entry.matches(video, pattern)]
            if not among:
                raise InputError(f"videos {pattern}: no video of the library has such a name")
        vector, best = self._encoder.sentences([query])[0], dict[str, float]()
        count, there = candidates * WINDOWS_OF_EACH, len(set(among or self.manifest.videos) - set(without))
        while len(best) < min(candidates, there):
            recalled = self._table.recall(vector, count, among)
            best = {}
            for video, _, similarity in recalled:
                if video in self.manifest.videos and video not in without:
                    best.setdefault(video, similarity)
            if len(recalled) < count:
                break
            # windows of few videos were nearest
            count *= 4
        return dict(list(best.items())[:candidates])
