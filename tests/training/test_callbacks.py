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


def test_an_epoch_ends_with_a_line_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    lines = EpochLines(said.append, "R1@0.5")
    clock = iter([100.0, 160.0])
    monkeypatch.setattr("leorn.training.callbacks.time.perf_counter", lambda: next(clock))
    # taken up again after the second of eight epochs: the next three took 60 seconds
    lines.on_train_start(trainer(current_epoch=2), ANY)
    figures = {"val/R1@0.5": torch.tensor(41.25), "val/loss": torch.tensor(0.125)}
    lines.on_train_epoch_end(trainer(current_epoch=4, max_epochs=8, callback_metrics=figures), ANY)
    assert said == ["epoch 5/8: validation R1@0.5 41.25, loss 0.125; 20 s an epoch, 1.0 min left"]
