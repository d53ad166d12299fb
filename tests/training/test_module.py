"""The training and evaluation step."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from leorn.checkpoints import NetworkRecord
from leorn.config import EvaluationConfig, TrainingConfig
from leorn.data.corpus import Corpus, open_corpus
from leorn.data.dataset import Batch
from leorn.model.leorn import LEORN
from leorn.records import Moment
from leorn.scoring.metrics import evaluate_predictions
from leorn.training.module import LEORNModule
from leorn.training.schedules import warm_cosine
from tests.tiny import MODEL, Tiny


@pytest.fixture(scope="module")
def corpus(tiny: Tiny) -> Corpus:
    return open_corpus(tiny.experiment(Path("unused")).data, MODEL, ("val",))


@pytest.fixture(scope="module")
def batch(tiny: Tiny, corpus: Corpus) -> Batch:
    return corpus.collate(tiny.experiment(Path("unused")).data, MODEL)(corpus.queries["val"])


def make_module(
    corpus: Corpus, recipe: TrainingConfig | None = None, evaluation: EvaluationConfig | None = None
) -> tuple[Any, dict[str, float]]:
    """A module without a trainer, and what it logs."""
    torch.manual_seed(0)
    record = NetworkRecord(model=MODEL)
    queries = corpus.queries["val"]
    module: Any = LEORNModule(LEORN(MODEL).eval(), record, queries, evaluation or EvaluationConfig(), recipe)
    logged: dict[str, float] = {}

    def log(name: str, value: Any, **options: object) -> None:  # noqa: ANN401
        logged[name] = float(torch.as_tensor(value).detach())

    module.log = log
    module.log_dict = lambda values, **options: logged.update(values)
    return module, logged


def slow_answer(logits: torch.Tensor, mask: torch.Tensor, duration: float, threshold: float, top: int) -> list[Moment]:
    """Cells by score, each dropped that overlaps a kept one by more than the threshold."""
    cells = [
        (float(torch.sigmoid(logits[i, j])), i * duration / 8, (j + 1) * duration / 8)
        for i in range(8)
        for j in range(8)
        if mask[i, j]
    ]
    kept: list[Moment] = []
    for score, start, end in sorted(cells, key=lambda cell: -cell[0]):
        overlaps = [
            max(0.0, min(end, other.end_seconds) - max(start, other.start_seconds))
            / (max(end, other.end_seconds) - min(start, other.start_seconds))
            for other in kept
        ]
        if all(overlap <= threshold + 1e-9 for overlap in overlaps) and len(kept) < top:
            kept.append(Moment(start, end, score))
    return kept


def test_validation_predicts_the_best_cells_and_logs_their_worth(corpus: Corpus, batch: Batch) -> None:
    evaluation = EvaluationConfig(ious=(0.3, 0.5), recalls=(1, 3), nms_threshold=0.4, top_k=4)
    module, logged = make_module(corpus, evaluation=evaluation)
    with torch.no_grad():
        module.on_validation_epoch_start()
        module.validation_step(batch)
        module.on_validation_epoch_end()
        scored = module.network(**batch.inputs())
    assert list(module.predictions) == [query.query_id for query in corpus.queries["val"]]
    for row, (query_id, prediction) in enumerate(module.predictions.items()):
        assert prediction.query_id == query_id
        expected = slow_answer(scored.logits[row], scored.mask, 8.0, 0.4, 4)
        assert [moment.span for moment in prediction.moments] == [moment.span for moment in expected]
        scores = [moment.score for moment in prediction.moments]
        assert scores == pytest.approx([moment.score for moment in expected], rel=1e-6)
    metrics = evaluate_predictions(list(module.predictions.values()), corpus.queries["val"], evaluation)
    loss = float(module.network.loss(scored, batch.spans, batch.span_mask))
    assert logged == {"val/loss": pytest.approx(loss)} | {f"val/{name}": value for name, value in metrics.items()}


def test_every_validation_starts_anew(corpus: Corpus, batch: Batch) -> None:
    module, _ = make_module(corpus)
    with torch.no_grad():
        module.validation_step(batch)
    assert len(module.predictions) == 6
    module.on_validation_epoch_start()
    assert module.predictions == {}


def test_the_training_step_gives_the_loss_of_the_network(corpus: Corpus, batch: Batch) -> None:
    module, logged = make_module(corpus)
    loss = module.training_step(batch)
    scored = module.network(**batch.inputs())
    assert loss.item() == module.network.loss(scored, batch.spans, batch.span_mask).item()
    assert logged == {"train/loss": loss.item()}
    loss.backward()
    assert all(np.isfinite(p.grad.numpy()).all() for p in module.parameters() if p.grad is not None)


@pytest.mark.parametrize(
    ("recipe", "rates"),
    [
        (TrainingConfig(learning_rate=0.5), {"text": 0.5, "objects": 0.5, "moments": 0.5}),
        (
            TrainingConfig(learning_rate=0.5, text_learning_rate=0.0, object_learning_rate=0.1),
            {"text": 0.0, "objects": 0.1, "moments": 0.5},
        ),
    ],
)
def test_each_part_of_the_network_has_its_learning_rate(
    corpus: Corpus, recipe: TrainingConfig, rates: dict[str, float]
) -> None:
    module, _ = make_module(corpus, replace(recipe, weight_decay=0.25))
    optimizer: Any = module.configure_optimizers()["optimizer"]
    assert isinstance(optimizer, torch.optim.AdamW)
    rate_of = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    parts = {"text": ("text",), "objects": ("objects", "reasoning", "pooling")}
    for name, parameter in module.network.named_parameters():
        part = next((part for part, modules in parts.items() if name.split(".")[0] in modules), "moments")
        assert rate_of[id(parameter)] == rates[part], name
    decay_of = {id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    for name, parameter in module.network.named_parameters():
        assert decay_of[id(parameter)] == (0.25 if parameter.dim() > 1 else 0), name


def test_plateau_lowers_the_rate_after_20_epochs_without_a_better_loss(corpus: Corpus) -> None:
    module, _ = make_module(corpus, TrainingConfig(learning_rate=1.0, schedule="plateau"))
    settings: Any = module.configure_optimizers()["lr_scheduler"]
    schedule = settings["scheduler"]
    assert isinstance(schedule, ReduceLROnPlateau)
    assert settings["monitor"] == "val/loss"
    module.lr_schedulers = lambda: schedule
    rates = []
    for loss in [1.0, 0.5, *[0.5] * 20, 0.5]:
        module._trainer = SimpleNamespace(callback_metrics={"val/loss": torch.tensor(loss)})
        module.on_train_epoch_end()
        # what Lightning does after the checkpoints are written must not count twice
        module.lr_scheduler_step(schedule, loss)
        rates.append(schedule.optimizer.param_groups[0]["lr"])
    assert rates == [1.0] * 22 + [0.8]


def test_cosine_warms_up_by_epochs_and_moves_every_step(corpus: Corpus) -> None:
    module, _ = make_module(corpus, TrainingConfig(learning_rate=2.0, schedule="cosine", epochs=10, warmup_epochs=1.5))
    module._trainer = SimpleNamespace(estimated_stepping_batches=40)
    settings: Any = module.configure_optimizers()["lr_scheduler"]
    schedule = settings["scheduler"]
    assert isinstance(schedule, LambdaLR)
    assert settings["interval"] == "step"
    rates = []
    for _ in range(40):
        rates.append(schedule.get_last_lr()[0])
        schedule.optimizer.step()
        module.lr_scheduler_step(schedule, None)
    assert rates == pytest.approx([2 * warm_cosine(step, warmup=6, steps=40) for step in range(40)])
    assert rates[6] == 2.0


@pytest.mark.parametrize("norm", [0.1, None, 0.0])
def test_gradients_are_clipped_by_the_norm_of_them_all(corpus: Corpus, batch: Batch, norm: float | None) -> None:
    module, _ = make_module(corpus)
    module.training_step(batch).backward()
    gradients = [parameter.grad for parameter in module.parameters()]
    before = torch.cat([gradient.flatten() for gradient in gradients]).clone()
    assert before.norm() > 0.1
    module.configure_gradient_clipping(Mock(), norm, "norm")
    after = torch.cat([gradient.flatten() for gradient in gradients])
    torch.testing.assert_close(after, before / before.norm() * 0.1 if norm else before)
