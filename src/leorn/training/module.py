"""The training and evaluation step. Distribution, precision and checkpoints are Lightning's."""

from collections.abc import Iterable
from functools import partial
from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.types import LRSchedulerTypeUnion, OptimizerLRSchedulerConfig
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from leorn.checkpoints import RECORD_KEY, NetworkRecord
from leorn.config import EvaluationConfig, TrainingConfig
from leorn.data.dataset import Batch
from leorn.model.networks import Network
from leorn.records import Prediction, Query
from leorn.scoring.metrics import evaluate_predictions
from leorn.scoring.ranking import rank
from leorn.training.callbacks import VALIDATION, validation_figures
from leorn.training.checks import LOSS
from leorn.training.decay import by_decay
from leorn.training.schedules import warm_cosine


class LEORNModule(lightning.LightningModule):
    """A network with its recipe."""

    def __init__(
        self,
        network: Network,
        record: NetworkRecord,
        queries: Iterable[Query],
        evaluation: EvaluationConfig,
        training: TrainingConfig | None = None,
    ) -> None:
        """Say what to train or evaluate.

        Args:
            network: the network.
            record: what its checkpoints carry.
            queries: those it is evaluated on.
            evaluation: how moments are ranked and scored.
            training: the recipe; not needed to evaluate.
        """
        super().__init__()
        self.network = network
        self.record = record
        self.queries = {query.query_id: query for query in queries}
        self.evaluation = evaluation
        self.recipe = training or TrainingConfig()
        self.predictions: dict[str, Prediction] = {}
        self.losses: dict[tuple[str, ...], float] = {}

    def training_step(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        loss = self.network.loss(self.network(**batch.inputs()), batch.spans, batch.span_mask)
        self.log(
            "train/loss",
            loss,
            on_step=True,
            on_epoch=True,
            prog_bar=True,
            batch_size=len(batch.query_ids),
            sync_dist=True,
        )
        return loss

    def validation_step(self, batch: Batch) -> None:
        """Predict the moments of a batch, and keep its loss."""
        scored = self.network(**batch.inputs())
        # by batch, because a batch may come twice when several processes share them
        self.losses[tuple(batch.query_ids)] = float(self.network.loss(scored, batch.spans, batch.span_mask))
        candidates = self.network.candidates(scored)
        spans, scores = candidates.spans.cpu().numpy(), candidates.scores.cpu().numpy()
        for row, query_id in enumerate(batch.query_ids):
            query = self.queries[query_id]
            moments = rank(
                spans[row] * query.duration_seconds,
                scores[row],
                self.evaluation.nms_threshold,
                self.evaluation.top_k,
                method=self.evaluation.nms,
            )
            self.predictions[query_id] = Prediction(query_id, query.video, moments)

    def on_validation_epoch_start(self) -> None:
        """Forget what was predicted before."""
        self.predictions = {}
        self.losses = {}

    def on_validation_epoch_end(self) -> None:
        """Bring the predictions of all processes together by query id, and log what they are worth."""
        if torch.distributed.is_initialized():
            parts: list[Any] = [None] * torch.distributed.get_world_size()
            torch.distributed.all_gather_object(parts, (self.predictions, self.losses))
            self.predictions = {query_id: answer for answers, _ in parts for query_id, answer in answers.items()}
            self.losses = {batch: loss for _, losses in parts for batch, loss in losses.items()}
        self.predictions = {query_id: self.predictions[query_id] for query_id in self.queries}
        metrics = evaluate_predictions(list(self.predictions.values()), list(self.queries.values()), self.evaluation)
        metrics[LOSS] = sum(loss * len(batch) for batch, loss in sorted(self.losses.items())) / len(self.queries)
        self.log_dict({f"{VALIDATION}{name}": value for name, value in metrics.items()})

    # testing is the same work on other queries
    test_step = validation_step
    on_test_epoch_start = on_validation_epoch_start
    on_test_epoch_end = on_validation_epoch_end

    def on_train_epoch_end(self) -> None:
        """Advance a plateau schedule, before the checkpoints are written; Lightning would do it after them."""
        schedule = self.lr_schedulers()
        if isinstance(schedule, ReduceLROnPlateau):
            schedule.step(validation_figures(self.trainer)[LOSS])

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the record and the validation figures beside the weights."""
        checkpoint[RECORD_KEY] = {**self.record.to_dict(), "metrics": validation_figures(self.trainer)}

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip the gradients' norm; Lightning's own way refuses fused optimizers, for fear of a scaler."""
        del optimizer, gradient_clip_algorithm
        if gradient_clip_val:
            torch.nn.utils.clip_grad_norm_(self.parameters(), gradient_clip_val)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW over the network's parameter groups, and the recipe's schedule."""
        recipe = self.recipe
        rates = {"text": recipe.text_learning_rate, "objects": recipe.object_learning_rate}
        groups = [
            {
                "name": full_name,
                "params": part,
                "lr": recipe.learning_rate if rates.get(name) is None else rates[name],
                "weight_decay": decay,
            }
            for name, parameters in self.network.parameter_groups().items()
            for full_name, part, decay in by_decay(name, parameters, recipe.weight_decay)
        ]
        # one kernel for all weights, on the devices that have it
        fused = self.device.type in ("cpu", "cuda")
        optimizer = torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=fused or None)
        if recipe.schedule == "plateau":
            plateau = ReduceLROnPlateau(optimizer, factor=0.8, patience=20)
            return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": f"{VALIDATION}{LOSS}"}}
        steps = int(self.trainer.estimated_stepping_batches)
        warmup = round(recipe.warmup_epochs * steps / recipe.epochs)
        cosine = LambdaLR(optimizer, partial(warm_cosine, warmup=warmup, steps=steps))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cosine, "interval": "step"}}

    def lr_scheduler_step(self, scheduler: LRSchedulerTypeUnion, metric: Any | None) -> None:  # noqa: ANN401
        """Advance a schedule, other than plateau's: see `on_train_epoch_end`."""
        if not isinstance(scheduler, ReduceLROnPlateau):
            super().lr_scheduler_step(scheduler, metric)
