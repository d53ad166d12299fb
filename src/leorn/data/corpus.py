"""All that a run reads: queries by split, objects, frame features and word vectors, opened and checked together."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from leorn.config import DataConfig, NetworkConfig
from leorn.data.annotations import read_queries
from leorn.data.dataset import Collate
from leorn.data.word_files import load_word_vectors
from leorn.data.words import TOKENIZERS, WordVectors, coverage, warn_unknown
from leorn.errors import InputError
from leorn.features.fingerprint import same_words, told_apart
from leorn.features.sources import (
    FrameSource,
    ObjectSource,
    Progress,
    are_one_length,
    check_frame_features,
    check_videos,
    open_frames,
    open_objects,
)
from leorn.records import Query


@dataclass(frozen=True)
class Corpus:
    """What a network is trained or evaluated on.

    Attributes:
        queries: by split, in the order of the files.
        source: the objects of the videos.
        words: vectors of the queries' words.
        frame_features: for the fusion variant.
        notes: a line on each thing that was read, for people.
    """

    queries: Mapping[str, tuple[Query, ...]]
    source: ObjectSource
    words: WordVectors
    frame_features: FrameSource | None
    notes: tuple[str, ...]

    def collate(self, data: DataConfig, model: NetworkConfig, objects_of: Mapping[str, str] | None = None) -> Collate:
        """Return how batches are made for a network of this configuration."""
        return Collate(
            self.source,
            self.words,
            tokenizer=data.tokenizer,
            frames=model.frames,
            slots=data.slots,
            min_score=data.min_score,
            frame_features=self.frame_features,
            objects_of=objects_of,
        )

    @property
    def frame_fingerprint(self) -> Mapping[str, Any]:
        """How the frame features were made; empty where there are none."""
        return {} if self.frame_features is None else self.frame_features.fingerprint

    def check_same_features(
        self,
        fingerprint: Mapping[str, Any],
        words: str | None,
        network: str,
        frame_fingerprint: Mapping[str, Any] | None = None,
    ) -> None:
        """See that objects, frames and words are described as those that a network was trained on.

        Args:
            fingerprint: how the network's features were made.
            words: where its word vectors come from; None where nothing says so.
            network: whose they are, for the message.
            frame_fingerprint: how its frame features were made; empty or None where nothing says so.

        Raises:
            InputError: naming what differs.
        """
        if differing := told_apart(fingerprint, self.source.fingerprint):
            raise InputError(f"{self.source.path}: not the features that {network} was trained on: {differing}")
        frames = self.frame_features
        if frames and frame_fingerprint and (differing := told_apart(frame_fingerprint, frames.fingerprint)):
            raise InputError(f"{frames.path}: not the frame features that {network} was trained on: {differing}")
        if words is not None and not same_words(words, self.words.source):
            raise InputError(f"word vectors {self.words.source}: {network} was trained on {words}")


def open_corpus(
    data: DataConfig, model: NetworkConfig, splits: Iterable[str], progress: Progress | None = None
) -> Corpus:
    """Open everything, and look at all of it before any time is spent.

    Args:
        data: where things lie.
        model: the network they are for.
        splits: the splits to read, each of which must have queries with moments.
        progress: is told how many videos are checked, of how many.

    Raises:
        InputError: a file that is missing or wrong, a split without queries, videos whose features are missing, of the
            wrong shape or hold NaN (all of them named at once), or word vectors of another width than the network's, or
            others than those of the objects' labels.
    """
    queries, notes = {}, []
    for split in splits:
        annotations = read_queries(data.queries, data.dataset, split)
        queries[split] = tuple(query for query in annotations.queries if query.moments)
        if not queries[split]:
            raise InputError(f"{data.queries}: no queries with moments in split {split!r}")
        notes.append(f"{split}: {annotations.summary()}")
    every = [query for part in queries.values() for query in part]
    words, note = _open_words(data, model, every)
    source = open_objects(data.objects)
    _check_label_words(source, words)
    videos = sorted({query.video for query in every})
    check_videos(source, videos, model.object_size, data.slots, model.fewest_frames, data.check_values, progress)
    _check_durations(every, source)
    frame_features = _open_frames(data, model, videos, progress)
    return Corpus(queries, source, words, frame_features, (*notes, note))


def _check_label_words(source: ObjectSource, words: WordVectors) -> None:
    """Refuse labels and queries that are told in two languages: the network can be asked about one alone."""
    labels = source.fingerprint.get("word_vectors")
    if isinstance(labels, str) and not same_words(labels, words.source):
        raise InputError(
            f"{source.path}: its labels have the word vectors {labels}, the queries {words.source}; "
            "expected the same file for both"
        )


def _check_durations(queries: list[Query], source: ObjectSource) -> None:
    """Refuse videos whose length is told in two ways: their moments would lie beside what is seen in them."""
    told: dict[str, set[float]] = {}
    for query in queries:
        known = source.duration_seconds(query.video)
        told.setdefault(query.video, set() if known is None else {known}).add(query.duration_seconds)
    apart = {video: seconds for video, seconds in told.items() if not are_one_length(seconds)}
    if apart:
        video, seconds = next(iter(apart.items()))
        lengths = " and ".join(f"{length:g}" for length in sorted(seconds))
        raise InputError(
            f"{source.path}: {len(apart)} videos last otherwise than the queries say, such as {video}: {lengths} s; "
            "give leorn import-detections the --queries, or mend their durations"
        )


def _open_words(data: DataConfig, model: NetworkConfig, queries: list[Query]) -> tuple[WordVectors, str]:
    tokenize = TOKENIZERS[data.tokenizer]
    words = load_word_vectors(data.words, {token for query in queries for token in tokenize(query.text)})
    if words.size != model.word_size:
        raise InputError(f"{data.words}: vectors of width {words.size}; model.word_size says {model.word_size}")
    known = coverage(queries, words, tokenize)
    warn_unknown(known)
    return words, f"words: {known.summary()}"


def _open_frames(
    data: DataConfig, model: NetworkConfig, videos: list[str], progress: Progress | None
) -> FrameSource | None:
    if model.frame_size is None:
        if data.frame_features is not None:
            warnings.warn("data.frame_features is not read: model.frame_size is null, the object variant", stacklevel=2)
        return None
    if data.frame_features is None:
        raise InputError("data.frame_features is missing: model.frame_size makes this the fusion variant")
    frame_features = open_frames(data.frame_features)
    check_frame_features(frame_features, videos, model.frame_size, data.check_values, progress)
    return frame_features
