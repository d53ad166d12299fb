"""Ask a video: encode it once, then find the moments that sentences describe.

Letters of shapes: B queries, T sampled frames, S = N + 1 tokens of a frame, V candidates.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
import torch
from torch import Tensor

from leorn.checkpoints import NetworkRecord
from leorn.config import EvaluationConfig, Precision
from leorn.data.dataset import middle_rows, object_tensors, unit_features, word_tensors
from leorn.data.label_vectors import label_vectors
from leorn.data.words import TOKENIZERS, WordVectors
from leorn.errors import InputError
from leorn.features.extract import Extractor
from leorn.features.sources import Progress
from leorn.model.networks import Network
from leorn.records import Moment, Query, VideoObjects, check_sentences
from leorn.retrieval.batches import alike, questions_at_once
from leorn.retrieval.evidence import Answer, answered_words, score_curve
from leorn.retrieval.loading import check_device
from leorn.retrieval.prepared import PreparedVideo, part_of
from leorn.retrieval.recipe import extraction_for, features_told_apart, slots_of
from leorn.scoring.ranking import rank

log = logging.getLogger(__name__)

UNKNOWN_CONFIDENCE = 0.05
"""What scores are multiplied by where no word of the query is known: the network has not been asked anything, and no
answer of it then stands above 5%."""


class Retriever:
    """A network with its word vectors and its detector; `leorn.load` makes one."""

    def __init__(
        self,
        network: Network,
        record: NetworkRecord,
        words: WordVectors,
        *,
        detector: str | None = None,
        device: str | None = None,
        precision: Precision = "32-true",
    ) -> None:
        """Put together what finding needs. The detector is opened when the first video is encoded.

        Args:
            network: in evaluation mode.
            record: what travels with it.
            words: the word vectors it was trained on.
            detector: instead of the one that its record names.
            device: torch's name; the first GPU where there is one, else the CPU. It is the network's: detectors and
                backbones of transformers take the first GPU where there is one.
            precision: `bf16-mixed` is faster where the processor has bfloat16, and moves boundaries a little.

        Raises:
            InputError: a device that torch does not know, or cannot use here.
        """
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        check_device(self.device)
        self.precision = precision
        self.network = network.to(self.device).eval()
        self.record = record
        self.words = words
        self._detector = detector
        self._extractor: Extractor | None = None
        data = record.experiment.data if record.experiment is not None else None
        self._tokenize = TOKENIZERS[data.tokenizer if data else "words"]
        self._min_score = data.min_score if data else 0.0
        self._slots = slots_of(record)
        self._evaluation = record.experiment.evaluation if record.experiment is not None else EvaluationConfig()

    def encode(self, path: str | Path, progress: Progress | None = None) -> PreparedVideo:
        """Decode a video, detect its objects and do what no question changes: once for all questions.

        Args:
            path: the video file.
            progress: told how many frames are done, of how many.

        Raises:
            InputError: the file cannot be read as a video, the detector cannot be opened, or the network was trained on
                another extractor's features.
        """
        if self._extractor is None:
            self._extractor = self._open_extractor()
        # bytes of a name that are no UTF-8 could not be printed
        name = os.fsencode(Path(path).stem).decode(errors="backslashreplace")
        return self._prepare(self._extractor(path, name, progress))

    def prepare(self, objects: VideoObjects, fingerprint: Mapping[str, Any]) -> PreparedVideo:
        """Do what no question changes for objects that are extracted already, such as a store's.

        Args:
            objects: made as those that the network was trained on.
            fingerprint: how they were made, as their store says.

        Raises:
            InputError: features made otherwise than those that the network was trained on, too few frames or slots, or
                features of another width than the network's.
        """
        if differing := features_told_apart(self.record, fingerprint):
            raise InputError(f"video {objects.video}: not the features that the network was trained on: {differing}")
        return self._prepare(objects)

    def _prepare(self, objects: VideoObjects) -> PreparedVideo:
        model = self.record.model
        frames, slots, width = objects.features.shape
        if frames < model.fewest_frames or slots < self._slots or width != model.object_size:
            raise InputError(
                f"video {objects.video}: features of shape {(frames, slots, width)}; expected at least "
                f"{model.fewest_frames} frames, at least {self._slots} slots, width {model.object_size}"
            )
        objects = part_of(objects, middle_rows(frames, min(frames, model.frames)), self._slots)
        tensors = object_tensors(objects, self._min_score)
        features, mask, boxes = (tensor[None].to(self.device) for tensor in tensors)
        with self._arithmetic():
            encoded = self.network.encode_video(unit_features(features), mask, boxes, self._frames(objects))
        return PreparedVideo(objects.video, objects.duration_seconds, objects, encoded)

    @overload
    def find(self, query: str, video: PreparedVideo, top_k: int = 5) -> list[Moment]: ...
    @overload
    def find(self, query: Sequence[str], video: PreparedVideo, top_k: int = 5) -> list[list[Moment]]: ...
    def find(
        self, query: str | Sequence[str], video: PreparedVideo, top_k: int = 5
    ) -> list[Moment] | list[list[Moment]]:
        """Find the moments that a sentence describes, or those of each of several sentences.

        Args:
            query: a sentence, or a list of them, which is answered in as few batches as memory allows.
            video: what `encode` gave.
            top_k: how many moments to return at most, best first.

        Raises:
            InputError: an empty sentence, a video that is none of `encode`, or `top_k` below 1.
        """
        queries = [query] if isinstance(query, str) else query
        answers = [list(self._moments(scored, top_k)) for scored in self._score(queries, video, top_k)]
        return answers[0] if isinstance(query, str) else answers

    def find_in(self, query: str, videos: Sequence[PreparedVideo], top_k: int = 5) -> list[list[Moment]]:
        """Find the moments that a sentence describes in each of several videos; those alike in shape go together.

        Args:
            query: the sentence.
            videos: what `encode` or `prepare` gave.
            top_k: how many moments of each video to return at most, best first.

        Returns:
            The moments of each video.

        Raises:
            InputError: as `find`.
        """
        self._check([query], videos, top_k)
        found: dict[int, list[Moment]] = {}
        for places in alike(videos):
            encoded: list[Any] = [videos[place].encoded for place in places]
            asked = [_query(query, videos[place]) for place in places]
            scored = self._score_together(asked, type(encoded[0]).join(encoded))
            found |= {place: list(self._moments(one, top_k)) for place, one in zip(places, scored, strict=True)}
        return [found[place] for place in range(len(videos))]

    def explain(self, queries: Sequence[str], video: PreparedVideo, top_k: int = 5) -> list[Answer]:
        """Find the moments of each sentence, and give the evidence for them.

        Args:
            queries: the sentences.
            video: what `encode` gave.
            top_k: how many moments of each to return at most, best first.

        Raises:
            InputError: an empty sentence, one sentence in place of a list, a video that is none of `encode`, or `top_k`
                below 1.
        """
        if isinstance(queries, str):
            raise InputError(f"queries is the text {queries!r}; expected a list of sentences")
        return [self._answer(scored, video, top_k) for scored in self._score(queries, video, top_k)]

    def known_share(self, query: str) -> float:
        """Return the share of a sentence's words that have a vector, 0 to 1: of others the network hears nothing."""
        tokens = self._tokenize(query)
        return len(self._known(query)) / max(len(tokens), 1)

    def _known(self, query: str) -> list[str]:
        return [token for token in self._tokenize(query) if token in self.words.index]

    def _check(self, queries: Sequence[str], videos: Sequence[PreparedVideo], top_k: int) -> None:
        for video in videos:
            if not isinstance(video, PreparedVideo):
                raise InputError(f"video is {video!r}; expected what encode() gave")
        if top_k < 1:
            raise InputError(f"top_k is {top_k}; expected 1 or more")
        check_sentences(queries)
        for query in queries:
            if not self._known(query):
                log.warning("no word of %r is known: its answer has low confidence", query)

    def _score(self, queries: Sequence[str], video: PreparedVideo, top_k: int) -> "Iterator[_Scored]":
        """Score the candidates for one query after the other: those of all of them need not be in memory."""
        self._check(queries, [video], top_k)
        asked = [_query(text, video) for text in queries]
        at_once = questions_at_once(video)
        for start in range(0, len(asked), at_once):
            part = asked[start : start + at_once]
            yield from self._score_together(part, video.encoded.repeat(len(part)))

    def _score_together(self, queries: Sequence[Query], encoded: Any) -> "Iterator[_Scored]":  # noqa: ANN401
        """Score the candidates of queries, for each of which the encoded videos hold its own."""
        words, word_mask = word_tensors([query.text for query in queries], self.words, self._tokenize)
        with self._arithmetic():
            # what a network made of the videos goes back to that network alone
            network: Any = self.network
            scored = network.score(encoded, words.to(self.device), word_mask.to(self.device), return_evidence=True)
            candidates = network.candidates(scored)
        spans, scores = candidates.spans.numpy(), candidates.scores.float().cpu().numpy()
        weights = scored.evidence.objects.float().cpu().numpy()
        for row, query in enumerate(queries):
            known = self._known(query.text)
            confidence = 1.0 if known else UNKNOWN_CONFIDENCE
            share = self.known_share(query.text)
            yield _Scored(query, known, share, spans[row], confidence * scores[row], weights[row])

    def _moments(self, scored: "_Scored", top_k: int) -> tuple[Moment, ...]:
        evaluation, duration = self._evaluation, scored.query.duration_seconds
        return rank(scored.spans * duration, scored.scores, evaluation.nms_threshold, top_k, duration, evaluation.nms)

    def _answer(self, scored: "_Scored", video: PreparedVideo, top_k: int) -> Answer:
        return Answer(
            scored.query,
            self._moments(scored, top_k),
            known_words=scored.known_share,
            video=video.objects,
            weights=scored.weights,
            curve=score_curve(scored.spans, scored.scores, len(scored.weights)),
            answers_to=answered_words(video.objects.label_names, scored.known, self.words),
        )

    @contextmanager
    def _arithmetic(self) -> Iterator[None]:
        bf16 = self.precision == "bf16-mixed"
        with torch.inference_mode(), torch.autocast(torch.device(self.device).type, torch.bfloat16, enabled=bf16):
            yield

    def _open_extractor(self) -> Extractor:
        config = extraction_for(self.record, self._detector)
        extractor = Extractor(config, partial(label_vectors, self.words))
        if differing := features_told_apart(self.record, extractor.fingerprint):
            raise InputError(f"detector {config.detector}: not what the network was trained on: {differing}")
        return extractor

    def _frames(self, objects: VideoObjects) -> Tensor | None:
        expected = self.record.model.frame_size
        if expected is None:
            return None
        if objects.frames is None:
            raise InputError(f"video {objects.video}: no frame features; this is a fusion network, which needs them")
        if (width := objects.frames.shape[1]) != expected:
            raise InputError(f"video {objects.video}: frame features of width {width}; expected {expected}")
        return torch.from_numpy(objects.frames)[None].to(self.device)


def _query(text: str, video: PreparedVideo) -> Query:
    return Query(text, video.name, text, video.duration_seconds)


class _Scored(NamedTuple):
    """A query with its candidates."""

    query: Query
    known: list[str]
    """Its words that have a vector."""
    known_share: float
    spans: np.ndarray
    """(K, 2) in shares of the duration."""
    scores: np.ndarray
    weights: np.ndarray
    """(T, S) attention to each object of each frame."""
