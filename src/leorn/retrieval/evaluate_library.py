"""Evaluate a library: queries whose moments are known, asked of all its videos, and of all but their own."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from leorn.errors import InputError
from leorn.features.sources import Progress
from leorn.records import Query
from leorn.retrieval.library import CANDIDATES, Library
from leorn.scoring.corpus import RECALLS, Confident, Found, SearchRun, corpus_recall, is_right, rejection, targets

Tell = Callable[[str], Progress]
"""Makes the progress of something that is named to it."""


@dataclass(frozen=True)
class _Asked:
    """What a search answered."""

    found: tuple[Found, ...]
    confidence: float
    """Of the best answer."""
    said_found: bool


def evaluate_library(
    library: Library,
    queries: Sequence[Query],
    absent: Sequence[str] = (),
    *,
    candidates: int = CANDIDATES,
    most: int | None = None,
    seed: int = 0,
    progress: Tell | None = None,
) -> SearchRun:
    """Measure what a search of a library is worth.

    Each query is asked of the library, and of the library without its video: what is found then is wrong, or at least
    not what was meant. Where several queries have the same words, the videos of all of them are right, and left out;
    what is said of all videos is not asked without them.

    Args:
        library: holds the queries' videos.
        queries: with their moments.
        absent: sentences from elsewhere, of which the library is taken to show nothing.
        candidates: videos to look for moments in.
        most: queries, and sentences from elsewhere, to ask at most, drawn at random; all where None.
        seed: of the draw.
        progress: makes the progress of something that is named to it.

    Raises:
        InputError: no query, one without moments, or one whose video is not in the library.
    """
    rng, tell = np.random.default_rng(seed), progress or _silent
    every, queries = queries, [queries[place] for place in _draw(len(queries), most, rng)]
    absent = [absent[place] for place in _draw(len(absent), most, rng)]
    _check(library, every)
    wanted = targets(queries, every)
    told, there, gone = tell("asking the library"), list[_Asked](), list[_Asked]()
    for done, (query, target) in enumerate(zip(queries, wanted, strict=True), start=1):
        there.append(_ask(library, query.text, max(RECALLS), candidates))
        # what is said of every video leaves none to ask
        if len(target) < len(library.manifest.videos):
            gone.append(_ask(library, query.text, 1, candidates, target))
        told(done, len(queries))
    told, elsewhere = tell("asking what is not there"), list[_Asked]()
    for done, sentence in enumerate(absent, start=1):
        elsewhere.append(_ask(library, sentence, 1, candidates))
        told(done, len(absent))
    right = [bool(one.found) and is_right(one.found[0], target) for one, target in zip(there, wanted, strict=True)]
    metrics = corpus_recall([one.found for one in there], wanted)
    metrics |= rejection(
        _confident(there), np.array(right, dtype=bool), _confident(gone), _confident(elsewhere) if absent else None
    )
    manifest = library.manifest
    windows = sum(entry.windows for entry in manifest.videos.values())
    return SearchRun(
        str(library.folder),
        len(manifest.videos),
        windows,
        manifest.network,
        manifest.encoder,
        candidates,
        len(queries),
        len(absent),
        seed,
        metrics,
    )


def _ask(library: Library, text: str, top_k: int, candidates: int, without: Collection[str] = ()) -> _Asked:
    result = library.search(text, top_k, candidates=candidates, without=without)
    found = tuple((one.video, one.moment.span) for one in result.moments)
    return _Asked(found, result.moments[0].confidence if found else 0.0, result.found and bool(found))


def _confident(asked: Sequence[_Asked]) -> Confident:
    return Confident.of([(one.confidence, one.said_found) for one in asked])


def _draw(count: int, most: int | None, rng: np.random.Generator) -> list[int]:
    if most is None or count <= most:
        return list(range(count))
    return sorted(rng.choice(count, most, replace=False).tolist())


def _check(library: Library, queries: Sequence[Query]) -> None:
    if not queries:
        raise InputError("no queries; expected some about videos of the library")
    for query in queries:
        if not query.moments:
            raise InputError(f"query {query.query_id}: no moments; expected those that an answer is to find")
    if missing := sorted({query.video for query in queries} - set(library.manifest.videos)):
        raise InputError(
            f"{library.folder}: {len(missing)} videos of the queries are not in the library, such as {missing[0]}"
        )


def _silent(what: str) -> Progress:
    del what
    return lambda done, of: None
