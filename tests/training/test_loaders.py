"""Loaders of a run: the batches of a process."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from leorn.data.corpus import Corpus, open_corpus
from leorn.data.dataset import Batch
from leorn.training.loaders import Loaders
from tests.tiny import MODEL, Tiny


@pytest.fixture(scope="module")
def corpus(tiny: Tiny) -> Corpus:
    return open_corpus(tiny.experiment(Path("unused")).data, MODEL, ("train", "val"))


def loaders_of(
    tiny: Tiny, corpus: Corpus, rank: int = 0, processes: int = 1, workers: int = 0, together: int = 1
) -> Loaders:
    loaders: Any = Loaders(
        corpus.collate(tiny.experiment(Path("unused")).data, MODEL),
        batch_size=4,
        workers=workers,
        seed=5,
        queries_per_video=together,
        train=corpus.queries["train"],
        evaluate=corpus.queries["val"][::-1],
    )
    loaders.trainer = SimpleNamespace(global_rank=rank, world_size=processes)
    return loaders


def ids(batches: list[Batch]) -> list[list[str]]:
    return [batch.query_ids for batch in batches]


def test_training_queries_come_once_an_epoch_in_a_new_order(tiny: Tiny, corpus: Corpus) -> None:
    loader: Any = loaders_of(tiny, corpus).train_dataloader()
    epochs = []
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        epochs.append(ids(list(loader)))
    for batches in epochs:
        assert [len(batch) for batch in batches] == [4, 4, 4, 2]
        assert sorted(query_id for batch in batches for query_id in batch) == sorted(
            query.query_id for query in corpus.queries["train"]
        )
    assert epochs[0] != epochs[1]


def test_queries_of_a_video_that_stand_together_need_it_once(tiny: Tiny, corpus: Corpus) -> None:
    loader: Any = loaders_of(tiny, corpus, together=2).train_dataloader()
    for epoch in range(3):
        loader.sampler.set_epoch(epoch)
        batches = list(loader)
        # 7 videos of two queries each
        assert sorted(len(batch.query_ids) for batch in batches) == [2, 4, 4, 4]
        assert [len(batch.objects) for batch in batches] == [len(batch.query_ids) / 2 for batch in batches]


def test_queries_to_evaluate_stand_by_video(tiny: Tiny, corpus: Corpus) -> None:
    batches = list(loaders_of(tiny, corpus).val_dataloader())
    assert ids(batches) == [["val-0#1", "val-0#0", "val-1#1", "val-1#0"], ["val-2#1", "val-2#0"]]
    assert [len(batch.objects) for batch in batches] == [2, 1]


def test_processes_share_the_batches(tiny: Tiny, corpus: Corpus) -> None:
    whole = ids(list(loaders_of(tiny, corpus).train_dataloader()))
    first, second = (ids(list(loaders_of(tiny, corpus, rank, 2).train_dataloader())) for rank in range(2))
    assert (first, second) == (whole[::2], whole[1::2])


def test_worker_processes_read_the_same_batches(tiny: Tiny, corpus: Corpus) -> None:
    alone = list(loaders_of(tiny, corpus).val_dataloader())
    helped = list(loaders_of(tiny, corpus, workers=2).val_dataloader())
    assert ids(alone) == ids(helped)
    for one, other in zip(alone, helped, strict=True):
        assert torch.equal(one.objects, other.objects)
        assert torch.equal(one.words, other.words)
