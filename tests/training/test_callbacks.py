"""What happens beside the steps of a run."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from leorn.training.callbacks import (
    AtomicCheckpoints,
    EpochLines,
    EpochSeed,
    ExamplesPerSecond,
    checkpoints,
    validation_figures,
)

ANY: Any = None


def trainer(**values: object) -> Any:  # noqa: ANN401 - stands in for Lightning's
    return SimpleNamespace(**({"current_epoch": 0, "world_size": 1, "global_rank": 0} | values))


def draw(seed: int, **where: int) -> float:
    """A random number after the first step's callback."""
    EpochSeed(seed).on_train_batch_start(trainer(**where), ANY, ANY, 0)
    return torch.rand(()).item()


def test_random_numbers_of_an_epoch_depend_on_seed_epoch_and_process_alone() -> None:
    torch.manual_seed(1)
    first = draw(0, current_epoch=3)
    torch.manual_seed(2)
    assert draw(0, current_epoch=3) == first
    places = [{"current_epoch": epoch, "world_size": 2, "global_rank": rank} for epoch in range(4) for rank in range(2)]
    assert len({draw(seed, **place) for seed in range(2) for place in places}) == 16


def test_later_steps_of_an_epoch_draw_on() -> None:
    torch.manual_seed(0)
    expected = torch.rand(2)[1].item()
    torch.manual_seed(0)
    torch.rand(())
    EpochSeed(0).on_train_batch_start(trainer(), ANY, ANY, 1)
    assert torch.rand(()).item() == expected


def test_a_checkpoint_that_cannot_be_made_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    AtomicCheckpoints().save_checkpoint({"epoch": 1}, path)
    with pytest.raises((AttributeError, TypeError, RuntimeError)):
        AtomicCheckpoints().save_checkpoint({"epoch": lambda: 2}, path)
    assert torch.load(path, weights_only=True) == {"epoch": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("monitor", "mode"), [("R1@0.5", "max"), ("mIoU", "max"), ("loss", "min")])
def test_the_best_is_the_largest_figure_or_the_smallest_loss(tmp_path: Path, monitor: str, mode: str) -> None:
    best, last = checkpoints(tmp_path, monitor)
    assert (best.monitor, best.mode, best.filename) == (f"val/{monitor}", mode, "best")
    assert (last.monitor, last.filename) == (None, "last")


def test_examples_of_all_processes_count(monkeypatch: pytest.MonkeyPatch) -> None:
    logged: dict[str, float] = {}
    module: Any = SimpleNamespace(log=lambda name, value, **options: logged.update({name: value}))
    batch: Any = SimpleNamespace(query_ids=["a", "b", "c"])
    clock = iter([100.0, 102.0, 103.0])
    monkeypatch.setattr("leorn.training.callbacks.time.perf_counter", lambda: next(clock))
    rate = ExamplesPerSecond()
    rate.on_train_epoch_start(ANY, ANY)
    rate.on_train_batch_end(trainer(world_size=2), module, None, batch, 0)
    assert logged == {"examples/s": 3.0}
    rate.on_train_batch_end(trainer(world_size=2), module, None, batch, 1)
    assert logged == {"examples/s": 4.0}


def test_validation_figures_go_by_their_plain_names() -> None:
    logged = {"val/loss": torch.tensor(0.5), "val/R1@0.5": torch.tensor(25.0), "train/loss": torch.tensor(1.0)}
    assert validation_figures(trainer(callback_metrics=logged)) == {"loss": 0.5, "R1@0.5": 25.0}


def run_of(epochs: int, done: int = 0, **values: object) -> Any:  # noqa: ANN401 - stands in for Lightning's
    """A run that stands after some of its epochs."""
    cpu = SimpleNamespace(root_device=torch.device("cpu"))
    known = {"strategy": cpu, "precision": "32-true", "num_training_batches": 360}
    return trainer(current_epoch=done, max_epochs=epochs, **(known | values))


NETWORK: Any = torch.nn.Linear(99, 11)
"""Of 1,100 parameters."""


def test_a_run_begins_with_what_will_be_trained() -> None:
    said: list[str] = []
    lines = EpochLines(said.append, "R1@0.5", batch_size=8)
    lines.on_train_start(run_of(16), NETWORK)
    assert said == ["training 16 epochs on cpu in 32-true: 1,100 parameters, 360 steps of 8 queries an epoch"]
    lines.on_fit_end(run_of(16, done=16), ANY)
    assert len(said) == 1


def test_a_run_of_several_processes_says_what_they_do_together() -> None:
    said: list[str] = []
    lines = EpochLines(said.append, "R1@0.5", batch_size=8)
    lines.on_train_start(run_of(1, world_size=2, precision="bf16-mixed", num_training_batches=1), NETWORK)
    assert said == ["training 1 epoch on 2 × cpu in bf16-mixed: 1,100 parameters, 1 step of 16 queries an epoch"]


def test_a_run_that_goes_on_says_where() -> None:
    said: list[str] = []
    lines = EpochLines(said.append, "R1@0.5", batch_size=1)
    lines.on_train_start(run_of(16, done=5), NETWORK)
    assert said == [
        "going on after epoch 5 of 16",
        "training 11 epochs on cpu in 32-true: 1,100 parameters, 360 steps of 1 query an epoch",
    ]


def test_a_run_with_nothing_left_to_train_says_so() -> None:
    said: list[str] = []
    EpochLines(said.append, "R1@0.5", batch_size=8).on_fit_end(run_of(16, done=16), ANY)
    assert said == ["finished already: 16 of 16 epochs"]


@pytest.mark.parametrize(
    ("monitor", "figure", "done", "seconds", "line"),
    [
        ("R1@0.5", 41.0, 5, 60.0, "epoch 5/8: validation R1@0.5 41.00, loss 0.1950; 20.0 s an epoch, 1.0 min left"),
        ("mIoU", 12.345, 3, 0.25, "epoch 3/8: validation mIoU 12.35, loss 0.1950; 0.2 s an epoch, 1.2 s left"),
        ("loss", 0.0, 4, 7200.0, "epoch 4/8: validation loss 0.1950; 1.0 h an epoch, 4.0 h left"),
        ("R1@0.5", 0.0, 8, 540.0, "epoch 8/8: validation R1@0.5 0.00, loss 0.1950; 1.5 min an epoch"),
    ],
)
def test_an_epoch_ends_with_a_line_and_the_time_left(
    monkeypatch: pytest.MonkeyPatch, monitor: str, figure: float, done: int, seconds: float, line: str
) -> None:
    said: list[str] = []
    lines = EpochLines(said.append, monitor, batch_size=8)
    clock = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr("leorn.training.callbacks.time.perf_counter", lambda: next(clock))
    # taken up again after the second of eight epochs
    lines.on_train_start(run_of(8, done=2), NETWORK)
    figures = {f"val/{monitor}": torch.tensor(figure), "val/loss": torch.tensor(0.195)}
    lines.on_train_epoch_end(run_of(8, done=done - 1, callback_metrics=figures), ANY)
    assert said[2:] == [line]
