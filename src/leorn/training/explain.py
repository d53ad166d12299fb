"""A network's answers with the evidence for them, one query at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float

from leorn.checkpoints import load_network
from leorn.data.corpus import open_corpus
from leorn.data.dataset import middle_rows
from leorn.errors import InputError
from leorn.records import Prediction, Query, VideoObjects
from leorn.scoring.candidate_map import candidate_map
from leorn.scoring.ranking import rank
from leorn.training.evaluate import experiment_of

QUERIES_SHOWN = 4


@dataclass(frozen=True, eq=False)
class Explanation:
    """A query's answer and why the network gave it.

    Attributes:
        query: the query, with its true moments where they are known.
        prediction: the answers, best first.
        scores: (C, C) probability of each cell of the moment map, see `leorn.scoring.candidate_map`.
        mask: (C, C) the cells that hold a candidate.
        weights: (T, N + 1) attention to each object of each frame, the sentinel first.
        video: the objects as the network saw them.
    """

    query: Query
    prediction: Prediction
    scores: Float[np.ndarray, "C C"]
    mask: Bool[np.ndarray, "C C"]
    weights: Float[np.ndarray, "T S"]
    video: VideoObjects


def explain(
    checkpoint: str | Path,
    split: str,
    query_ids: Sequence[str] = (),
    *,
    data: Mapping[str, Any] | None = None,
) -> Iterator[Explanation]:
    """Answer some queries of a split, with evidence.

    Args:
        checkpoint: a network that was trained here.
        split: the split of the queries.
        query_ids: which queries; of the first videos of the split, one each, where none is named.
        data: fields of `DataConfig` to read from elsewhere, such as `{"queries": "…"}`.

    Raises:
        InputError: a file is missing or wrong, or a query is not in the split.
    """
    network, record = load_network(checkpoint)
    experiment = experiment_of(record, checkpoint, data)
    corpus = open_corpus(experiment.data, record.model, (split,))
    corpus.check_same_features(record.fingerprint, record.words, str(checkpoint), record.frame_fingerprint)
    collate = corpus.collate(experiment.data, record.model)
    for query in _choose(corpus.queries[split], query_ids, split):
        with torch.no_grad():
            scored = network(**collate([query]).inputs(), return_evidence=True)
            assert scored.evidence is not None
            candidates = network.candidates(scored)
        spans, proposed = candidates.spans[0].numpy(), candidates.scores[0].numpy()
        evaluation = experiment.evaluation
        moments = rank(
            spans * query.duration_seconds,
            proposed,
            evaluation.nms_threshold,
            evaluation.top_k,
            method=evaluation.nms,
        )
        scores, mask = candidate_map(spans, proposed, network.map_clips)
        stored = corpus.source.shape(query.video)[0]
        rows = middle_rows(stored, min(stored, record.model.frames))
        yield Explanation(
            query,
            Prediction(query.query_id, query.video, moments),
            scores=scores,
            mask=mask,
            weights=scored.evidence.objects[0].numpy(),
            video=corpus.source.read(query.video, experiment.data.slots, rows, query.duration_seconds),
        )


def _choose(queries: Sequence[Query], query_ids: Sequence[str], split: str) -> list[Query]:
    by_id = {query.query_id: query for query in queries}
    if unknown := [query_id for query_id in query_ids if query_id not in by_id]:
        raise InputError(
            f"no query {', '.join(unknown)} in split {split!r}; expected ids such as {queries[0].query_id}"
        )
    first_of_video = {query.video: query for query in reversed(queries)}
    return [by_id[query_id] for query_id in query_ids] or list(reversed(first_of_video.values()))[:QUERIES_SHOWN]
