"""Queries and the objects of their videos → batches; one collate for every variant.

Letters: B queries of a batch, V videos of a batch, L words, M moments, T frames, N object slots, D_w, D_o, D_f widths
of word vectors, object and frame features.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, cycle
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import Dataset, Sampler

from leorn.data.words import TOKENIZERS, Tokenizer, WordVectors
from leorn.errors import InputError
from leorn.features.sources import FrameSource, ObjectSource
from leorn.records import Query, VideoObjects


class Batch(NamedTuple):
    """Queries with their videos, each video once however many queries ask about it."""

    query_ids: list[str]
    words: Float[Tensor, "B L D_w"]
    word_mask: Bool[Tensor, "B L"]
    video_index: Int[Tensor, "B"]
    """The row of each query's video among the V videos."""
    objects: Float[Tensor, "V T N D_o"]
    """As they are stored: in half precision in a store of ours, half as many bytes to move."""
    object_mask: Bool[Tensor, "V T N"]
    boxes: Float[Tensor, "V T N 4"]
    frames: Float[Tensor, "V T D_f"] | None
    frame_mask: Bool[Tensor, "V T"]
    """True where the video is: a shorter one is padded."""
    spans: Float[Tensor, "B M 2"]
    """Moments as fractions of the video's duration, padded to the most of a query."""
    span_mask: Bool[Tensor, "B M"]

    def inputs(self) -> dict[str, Tensor | None]:
        """Return what `network(**inputs)` takes, objects L2-normalised in single precision, made where the batch is."""
        inputs = self._asdict() | {"objects": unit_features(self.objects)}
        return {name: inputs[name] for name in inputs if name not in ("query_ids", "spans", "span_mask")}


class Collate:
    """Make a batch of queries: encode their words, read each of their videos once."""

    def __init__(
        self,
        source: ObjectSource,
        words: WordVectors,
        *,
        tokenizer: str,
        frames: int,
        slots: int,
        min_score: float,
        frame_features: FrameSource | None = None,
        objects_of: Mapping[str, str] | None = None,
    ) -> None:
        """Say how samples are made.

        Args:
            source: where the objects of the videos are.
            words: vectors of the words.
            tokenizer: a name in `leorn.data.words.TOKENIZERS`.
            frames: T, at the middles of T equal parts of what the source holds of a video; all where it holds fewer.
            slots: N, the best objects of a frame.
            min_score: an object counts when its score is above this.
            frame_features: where frame features are, for the fusion variant.
            objects_of: video → the video whose objects are shown instead, to see what the objects are worth.
        """
        self.source = source
        self.words = words
        self.tokenize = TOKENIZERS[tokenizer]
        self.frames = frames
        self.slots = slots
        self.min_score = min_score
        self.frame_features = frame_features
        self.objects_of = objects_of or {}

    def __call__(self, queries: Sequence[Query]) -> Batch:
        """Return the batch of these queries, in their order."""
        durations = {query.video: query.duration_seconds for query in queries}
        videos = sorted(durations)
        words, word_mask = word_tensors([query.text for query in queries], self.words, self.tokenize)
        spans, span_mask = _pad([_fractions(query) for query in queries])
        read = [self._objects(video, durations[video]) for video in videos]
        (objects, frame_mask), (object_mask, _), (boxes, _) = (_pad(parts) for parts in zip(*read, strict=True))
        return Batch(
            query_ids=[query.query_id for query in queries],
            words=words,
            word_mask=word_mask,
            video_index=torch.tensor([videos.index(query.video) for query in queries]),
            objects=objects,
            object_mask=object_mask,
            boxes=boxes,
            frames=self._frames(videos, frame_mask.sum(1).tolist()),
            frame_mask=frame_mask,
            spans=spans,
            span_mask=span_mask,
        )

    def _objects(self, video: str, duration_seconds: float) -> tuple[Tensor, Tensor, Tensor]:
        video = self.objects_of.get(video, video)
        stored = self.source.shape(video)[0]
        rows = None if stored <= self.frames else middle_rows(stored, self.frames)
        return object_tensors(self.source.read(video, self.slots, rows, duration_seconds), self.min_score)

    def _frames(self, videos: Sequence[str], lengths: Sequence[int]) -> Tensor | None:
        if self.frame_features is None:
            return None
        shown = [self.objects_of.get(video, video) for video in videos]
        read = [self.frame_features.read(video, frames) for video, frames in zip(shown, lengths, strict=True)]
        return _pad([torch.from_numpy(rows) for rows in read])[0]


class QueryDataset(Dataset[Batch]):
    """Queries that a list of their numbers turns into a batch, so that a video is read once for all of them."""

    def __init__(self, queries: Sequence[Query], collate: Collate) -> None:
        self.queries = queries
        self.collate = collate

    def __len__(self) -> int:
        return len(self.queries)

    def __getitem__(self, index: list[int]) -> Batch:
        return self.collate([self.queries[number] for number in index])


def word_tensors(
    texts: Sequence[str], words: WordVectors, tokenize: Tokenizer
) -> tuple[Float[Tensor, "B L D_w"], Bool[Tensor, "B L"]]:
    """Return what a network is told of sentences: the vectors of their words, and where there is a word."""
    # a sentence of punctuation alone counts as one unknown word
    return _pad([torch.from_numpy(words.encode(tokenize(text) or [""])) for text in texts])


def object_tensors(
    objects: VideoObjects, min_score: float
) -> tuple[Float[Tensor, "T N D_o"], Bool[Tensor, "T N"], Float[Tensor, "T N 4"]]:
    """Return a video's features, of which `unit_features` makes what a network sees, the slots that count, and boxes.

    Args:
        objects: of the sampled frames.
        min_score: an object counts when its score is above this.
    """
    mask = torch.from_numpy(objects.scores > min_score)
    return torch.from_numpy(objects.features), mask, torch.from_numpy(objects.boxes).float()


def unit_features(features: Float[Tensor, "*shape D_o"]) -> Float[Tensor, "*shape D_o"]:
    """Return features in single precision, each L2-normalised; features of 0 stay so."""
    return F.normalize(features.float(), dim=-1)


def middle_rows(stored: int, frames: int) -> Int[np.ndarray, "{frames}"]:
    """Return which of `stored` rows lie at the middles of `frames` equal parts."""
    return ((np.arange(frames) + 0.5) * stored / frames).astype(np.int64)


def shuffled_videos(queries: Sequence[Query], seed: int) -> dict[str, str]:
    """Give every video of the queries the objects of another one, by a seeded cycle through them all.

    Raises:
        InputError: there is no other video.
    """
    videos = sorted({query.video for query in queries})
    if len(videos) < 2:
        raise InputError(
            f"objects and sentences cannot be shuffled: all queries are about {videos[0]}; expected two videos or more"
        )
    order = [videos[i] for i in np.random.default_rng(seed).permutation(len(videos))]
    return dict(zip(order, [*order[1:], order[0]], strict=True))


def shuffled_sentences(queries: Sequence[Query], seed: int) -> list[Query]:
    """Give every query a sentence about the video that `shuffled_videos` chooses, and nothing else of it.

    A video's sentences are taken in turn, again from the first where they are fewer.

    Raises:
        InputError: there is no other video.
    """
    shown = shuffled_videos(queries, seed)
    texts: dict[str, list[str]] = {}
    for query in queries:
        texts.setdefault(query.video, []).append(query.text)
    turn = {video: cycle(texts[other]) for video, other in shown.items()}
    return [replace(query, text=next(turn[query.video])) for query in queries]


class QueryBatches(Sampler[list[int]]):
    """Batches of query numbers, for a loader with `batch_size=None`, dealt out to the processes batch by batch.

    Which queries stand together does not depend on the number of processes, so that evaluation gives the same numbers
    whoever does it. Every process gets equally many batches: the first ones come again at the end where they do not
    divide.
    """

    def __init__(
        self,
        videos: Sequence[str],
        batch_size: int,
        *,
        seed: int | None = None,
        together: int = 1,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        """Say how queries are dealt out.

        Args:
            videos: the video of each query.
            batch_size: queries of a batch.
            seed: where given, every epoch has an order of its own.
            together: queries of one video that stand side by side in that order, drawn anew each epoch.
            rank: of this process.
            processes: that share the batches.
        """
        self.videos = videos
        self.size = len(videos)
        self.batch_size = batch_size
        self.seed = seed
        self.together = together
        self.rank = rank
        self.processes = processes
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the order; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        batches = -(-self.size // self.batch_size)
        return -(-batches // self.processes)

    def __iter__(self) -> Iterator[list[int]]:
        batches = self._batches()
        for turn in range(len(self)):
            yield batches[(turn * self.processes + self.rank) % len(batches)]

    def _batches(self) -> list[list[int]]:
        """Return the epoch's batches, of all processes."""
        if self.seed is None:
            return self._cut(range(self.size))
        rng = np.random.default_rng((self.seed, self.epoch))
        order = rng.permutation(self.size).tolist()
        if self.together == 1:
            return self._cut(order)
        groups = self._groups(order)
        mixed = [groups[i] for i in rng.permutation(len(groups))]
        # whole groups first, lest a smaller one shift all after it across the borders of batches
        mixed.sort(key=lambda group: -len(group))
        batches = self._cut(list(chain.from_iterable(mixed)))
        return [batches[i] for i in rng.permutation(len(batches))]

    def _cut(self, order: Sequence[int]) -> list[list[int]]:
        return [list(order[i : i + self.batch_size]) for i in range(0, self.size, self.batch_size)]

    def _groups(self, order: Sequence[int]) -> list[list[int]]:
        """Bring up to `together` queries of a video together, in the order in which they come."""
        of_video: dict[str, list[int]] = {}
        for number in order:
            of_video.setdefault(self.videos[number], []).append(number)
        return [own[i : i + self.together] for own in of_video.values() for i in range(0, len(own), self.together)]


def _fractions(query: Query) -> Float[Tensor, "M 2"]:
    spans = np.array([moment.span for moment in query.moments], dtype=np.float32).reshape(-1, 2)
    return torch.from_numpy(spans / np.float32(query.duration_seconds))


def _pad(rows: Sequence[Shaped[Tensor, "_ ..."]]) -> tuple[Shaped[Tensor, "B L ..."], Bool[Tensor, "B L"]]:
    """Stack rows of different lengths, 0 beyond each, and say where they are; at least one column."""
    longest = max(1, *map(len, rows))
    padded = torch.stack([F.pad(row, [0, 0] * (row.dim() - 1) + [0, longest - len(row)]) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return padded, torch.arange(longest) < lengths[:, None]
