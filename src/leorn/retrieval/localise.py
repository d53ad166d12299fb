"""Finding moments inside the videos that a search has recalled."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import Tensor

from leorn.features.store import FeatureStore
from leorn.records import Moment
from leorn.retrieval.evidence import Answer
from leorn.retrieval.prepared import PreparedVideo
from leorn.retrieval.retriever import Retriever

KEPT_BYTES = 512 * 2**20
"""What is kept of videos that were looked into, those looked into last: a few hundred."""


class Localiser(Protocol):
    """What finds moments in the videos of a library."""

    def known_share(self, query: str) -> float:
        """Return the share of a sentence's words that it knows, 0 to 1."""
        ...

    def find(self, query: str, videos: Sequence[str], top_k: int) -> list[list[Moment]]:
        """Return the moments of each of the videos, best first."""
        ...

    def explain(self, query: str, video: str, top_k: int) -> Answer:
        """Return the moments of one video with the evidence for them."""
        ...

    def reopen(self) -> None:
        """Take up what has been written to the library."""
        ...


class NetworkLocaliser:
    """Finds moments by a network, in videos of a store.

    Args:
        retriever: the network.
        folder: the store's.

    Raises:
        InputError: no store in the folder.
    """

    def __init__(self, retriever: Retriever, folder: Path) -> None:
        self._retriever, self._folder = retriever, folder
        self._prepared = _Prepared()
        self.reopen()

    def known_share(self, query: str) -> float:
        """Return the share of a sentence's words that have a vector, 0 to 1."""
        return self._retriever.known_share(query)

    def find(self, query: str, videos: Sequence[str], top_k: int) -> list[list[Moment]]:
        """Return the moments of each of the videos, best first.

        Raises:
            InputError: a video that is not in the store, or features that are not the network's.
        """
        return self._retriever.find_in(query, [self._prepare(video) for video in videos], top_k)

    def explain(self, query: str, video: str, top_k: int) -> Answer:
        """Return the moments of one video with the evidence for them.

        Raises:
            InputError: as `find`.
        """
        return self._retriever.explain([query], self._prepare(video), top_k)[0]

    def reopen(self) -> None:
        """Take up what has been written to the store."""
        self._store = FeatureStore(self._folder)

    def _prepare(self, video: str) -> PreparedVideo:
        key = video, self._store.source_sha256(video)
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._retriever.prepare(self._store.read(video), self._store.fingerprint)
            self._prepared.put(key, prepared)
        return prepared


class _Prepared:
    """The videos that were asked for last, as many as `KEPT_BYTES` hold."""

    def __init__(self) -> None:
        self._videos: OrderedDict[tuple[str, str | None], tuple[PreparedVideo, int]] = OrderedDict()
        self._bytes = 0

    def get(self, key: tuple[str, str | None]) -> PreparedVideo | None:
        if key not in self._videos:
            return None
        self._videos.move_to_end(key)
        return self._videos[key][0]

    def put(self, key: tuple[str, str | None], video: PreparedVideo) -> None:
        objects = video.objects
        # the network has seen them; evidence needs boxes, labels and scores alone
        empty = np.zeros((*objects.features.shape[:2], 0), np.float16)
        video = replace(video, objects=replace(objects, features=empty, frames=None))
        size = _bytes_of(video.encoded) + objects.boxes.nbytes + objects.scores.nbytes + objects.labels.nbytes
        self._videos[key] = video, size
        self._bytes += size
        while self._bytes > KEPT_BYTES and len(self._videos) > 1:
            self._bytes -= self._videos.popitem(last=False)[1][1]


def _bytes_of(values: object) -> int:
    if isinstance(values, Tensor):
        return values.nbytes
    return sum(map(_bytes_of, values)) if isinstance(values, list | tuple) else 0
