"""Calibrate a network: what its scores are worth, where a sentence has an answer and where it has none.

Each validation query is asked of its own video and of others, which have no answer to it; of all these first answers
those are right that hit a moment of the query's own video. Letters of shapes: A answers.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from leorn.checkpoints import NetworkRecord, write_calibration
from leorn.data.annotations import read_queries
from leorn.errors import InputError
from leorn.features.sources import ObjectSource, Progress, open_objects
from leorn.records import Moment, Query
from leorn.retrieval.loading import BUNDLED, find_network, open_network
from leorn.retrieval.retriever import Retriever
from leorn.scoring.calibration import reliability
from leorn.scoring.metrics import overlaps, spans_of
from leorn.scoring.ranking import hits
from leorn.scoring.scaling import Calibration, auroc, fit_calibration

OTHERS = 1
"""Videos that a query is asked of beside its own: half of the questions then have no answer."""
IOU = 0.5
"""An answer is right whose IoU with a moment is above it."""


@dataclass(frozen=True, eq=False)
class FirstAnswers:
    """The first answers of queries in their own video and in others.

    Attributes:
        scores: of the network.
        hit: whether they are right.
        own: whether the video is the query's own.
    """

    scores: Float[np.ndarray, "A"]
    hit: Bool[np.ndarray, "A"]
    own: Bool[np.ndarray, "A"]


@dataclass(frozen=True)
class Calibrated:
    """A calibration, and what it changed on the answers it was fitted to."""

    calibration: Calibration
    file: Path
    """Where it was written."""
    queries: int
    error_before: float
    """Expected calibration error of the scores, 0 to 1."""
    error_after: float
    """The same of the confidences."""
    rejected_with_answer: float
    """Share of the answers in own videos that fall below the threshold."""
    rejected_without: float
    """The same in others' videos."""
    auroc: float | None
    """How likely an answer in the own video has a higher score than one in another; None where there is no other."""


def calibrate(
    source: str | Path,
    *,
    split: str = "val",
    data: Mapping[str, Any] | None = None,
    others: int = OTHERS,
    seed: int = 0,
    out: str | Path | None = None,
    device: str | None = None,
    progress: Progress | None = None,
) -> Calibrated:
    """Calibrate a network on queries that it was not trained on, and write that into its file.

    Args:
        source: a safetensors file, or the folder of one.
        split: of the queries.
        data: fields of `DataConfig` to read from elsewhere than where training did: queries, dataset, objects, words.
        others: videos of the split that each query is asked of beside its own; all where there are fewer.
        seed: of the draw.
        out: another file to write; the network's own where None.
        device: torch's name; as `leorn.load` where None.
        progress: told how many videos are done, of how many.

    Raises:
        InputError: a file is missing or wrong, nothing says where the queries are, or the objects were made otherwise
            than those that the network was trained on.
    """
    if others < 0 or seed < 0:
        raise InputError(f"others {others}, seed {seed}; expected 0 or more")
    if str(source) in BUNDLED and out is None:
        raise InputError(f"{source}: comes with the package; expected another file to write to, --out FILE")
    path, data = find_network(source), dict(data or {})
    if path.suffix != ".safetensors":
        raise InputError(f"{path}: a checkpoint of training; expected a network that leorn pack made of it")
    network, record, words = open_network(path, data.get("words"))
    queries, objects = _validation(record, split, data, path)
    retriever = Retriever(network, record, words, device=device)
    answers = first_answers(retriever, queries, objects, others, seed, progress)
    calibration = fit_calibration(answers.scores, answers.hit, answers.own)
    write_calibration(path, calibration, out)
    return _compare(calibration, path if out is None else Path(out), len(queries), answers)


def first_answers(
    retriever: Retriever,
    queries: Sequence[Query],
    objects: ObjectSource,
    others: int = OTHERS,
    seed: int = 0,
    progress: Progress | None = None,
) -> FirstAnswers:
    """Ask every query of its own video and of others, and keep the first answers.

    Args:
        retriever: with the network.
        queries: with their moments.
        objects: of their videos.
        others: videos to ask a query of beside its own.
        seed: of the draw.
        progress: told how many videos are done, of how many.
    """
    asked: defaultdict[str, list[int]] = defaultdict(list)
    for number, videos in enumerate(draw_videos(queries, others, seed)):
        for video in videos:
            asked[video].append(number)
    scores, hit, own = [], [], []
    for done, (video, numbers) in enumerate(sorted(asked.items()), start=1):
        here = [queries[number] for number in numbers]
        prepared = retriever.prepare(_read(objects, here, video), objects.fingerprint)
        for query, moments in zip(here, retriever.find([query.text for query in here], prepared, top_k=1), strict=True):
            # a network always answers; where NMS left nothing, nothing is the answer
            best = moments[0] if moments else None
            scores.append(0.0 if best is None else best.score or 0.0)
            own.append(query.video == video)
            hit.append(query.video == video and best is not None and _is_hit(best, query.moments))
        if progress is not None:
            progress(done, len(asked))
    return FirstAnswers(np.array(scores), np.array(hit, dtype=bool), np.array(own, dtype=bool))


def draw_videos(queries: Sequence[Query], others: int, seed: int) -> list[list[str]]:
    """Return which videos each query is asked of: its own, and others at random that nobody says the same sentence of.

    Args:
        queries: of the split.
        others: videos beside the own one; all there are where they are fewer.
        seed: of the draw: the same queries in the same order are asked of the same videos.
    """
    rng = np.random.default_rng(seed)
    videos = sorted({query.video for query in queries})
    said: defaultdict[str, set[str]] = defaultdict(set)
    for query in queries:
        said[query.text].add(query.video)
    drawn = []
    for query in queries:
        strange = [video for video in videos if video not in said[query.text]]
        chosen = rng.choice(len(strange), min(others, len(strange)), replace=False).tolist() if strange else []
        drawn.append([query.video, *(strange[place] for place in chosen)])
    return drawn


def _read(objects: ObjectSource, queries: Sequence[Query], video: str) -> Any:  # noqa: ANN401
    """Read a video, whose length its own queries tell where the source does not."""
    told = [query.duration_seconds for query in queries if query.video == video]
    return objects.read(video, duration_seconds=told[0] if told else None)


def _is_hit(answer: Moment, moments: Sequence[Moment]) -> bool:
    return bool(hits(overlaps(spans_of([answer]), spans_of(moments)), IOU)[0])


def _validation(
    record: NetworkRecord, split: str, elsewhere: Mapping[str, Any], path: Path
) -> tuple[list[Query], ObjectSource]:
    trained = record.experiment.data if record.experiment is not None else None
    queries = elsewhere.get("queries") or (trained.queries if trained else None)
    objects = elsewhere.get("objects") or (trained.objects if trained else None)
    if queries is None or objects is None:
        raise InputError(f"{path}: carries no experiment; say what to calibrate on with --queries and --objects")
    dataset = elsewhere.get("dataset") or (trained.dataset if trained else "jsonl")
    read = [query for query in read_queries(queries, dataset, split).queries if query.moments]
    if not read:
        raise InputError(f"{queries}: no queries with moments in split {split!r}")
    source = open_objects(objects)
    if missing := sorted({query.video for query in read} - set(source.videos)):
        raise InputError(f"{source.path}: no objects of {len(missing)} videos of {queries}, such as {missing[0]}")
    return read, source


def _compare(calibration: Calibration, file: Path, queries: int, answers: FirstAnswers) -> Calibrated:
    confidences = np.array([calibration.confidence(score) for score in answers.scores.tolist()])
    below = confidences < calibration.threshold
    return Calibrated(
        calibration,
        file,
        queries,
        _error(answers.scores, answers.hit),
        _error(confidences, answers.hit),
        float(below[answers.own].mean()),
        float(below[~answers.own].mean()) if not answers.own.all() else 0.0,
        auroc(answers.scores, answers.own),
    )


def _error(scores: Float[np.ndarray, "A"], hit: Bool[np.ndarray, "A"]) -> float:
    found = reliability(np.clip(scores, 0, 1).tolist(), hit)
    return 0.0 if found is None else found.expected_calibration_error
