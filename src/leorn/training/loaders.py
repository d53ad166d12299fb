"""The loaders of a run: whole batches dealt out to the processes."""

from collections.abc import Sequence

import lightning
import torch
from torch.utils.data import DataLoader

from leorn.data.dataset import Batch, Collate, QueryBatches, QueryDataset
from leorn.records import Query


class Loaders(lightning.LightningDataModule):
    """Training queries in a new order each epoch; queries to evaluate in the order of their videos."""

    def __init__(
        self,
        collate: Collate,
        *,
        batch_size: int,
        workers: int,
        seed: int = 0,
        queries_per_video: int = 1,
        train: Sequence[Query] = (),
        evaluate: Sequence[Query] = (),
    ) -> None:
        """Say what is read, and how.

        Args:
            collate: makes a batch of queries.
            batch_size: queries of a batch.
            workers: loader processes of each process of training.
            seed: of the order of training queries.
            queries_per_video: training queries of one video that stand together.
            train: queries to train on.
            evaluate: queries to validate or test on.
        """
        super().__init__()
        self.collate = collate
        self.batch_size = batch_size
        self.workers = workers
        self.seed = seed
        self.queries_per_video = queries_per_video
        self.train = train
        # a video's queries stand together, so that it is read once for a batch of them
        self.evaluate = sorted(evaluate, key=lambda query: query.video)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return this process's share of the training batches."""
        return self._loader(self.train, self.seed)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return this process's share of the batches to evaluate."""
        return self._loader(self.evaluate, None)

    test_dataloader = val_dataloader

    def _loader(self, queries: Sequence[Query], seed: int | None) -> DataLoader[Batch]:
        trainer = self.trainer
        rank, processes = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        batches = QueryBatches(
            [query.video for query in queries],
            self.batch_size,
            seed=seed,
            together=self.queries_per_video,
            rank=rank,
            processes=processes,
        )
        return DataLoader(
            QueryDataset(queries, self.collate),
            sampler=batches,
            batch_size=None,
            num_workers=self.workers,
            # a GPU takes pinned memory while it goes on with its work
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.workers > 0,
        )
