"""The line on a terminal that shows how far a run is."""

import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from leorn.training import progress_line
from leorn.training.progress_line import ProgressLine

ANY: Any = None


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal of 80 columns."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=80, legacy_windows=False)
    monkeypatch.setattr(progress_line, "Console", lambda stderr: console)
    return screen


def shown(terminal: io.StringIO) -> list[str]:
    """The lines drawn one over the other, without colours and without the drawing of the bar."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    return [re.sub(r"[━╸╺ ]+", " ", line).strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


def run(**values: object) -> Any:  # noqa: ANN401 - stands in for Lightning's
    known = {"is_global_zero": True, "current_epoch": 0, "max_epochs": 16, "num_training_batches": 360}
    return SimpleNamespace(**(known | values))


def test_an_epoch_is_one_line_of_a_terminal(terminal: io.StringIO) -> None:
    line = ProgressLine()
    line.on_train_epoch_start(run(current_epoch=15), ANY)
    for step, rate in ((0, None), (359, 1234.56)):
        said = {"train/loss_step": 0.25, "train/loss": 1.0} | ({} if rate is None else {"examples/s": rate})
        line.on_train_batch_end(run(progress_bar_metrics=said), ANY, None, ANY, step)
        assert line.progress is not None
        line.progress.refresh()
    line.end()
    assert line.progress is None
    lines = shown(terminal)
    assert lines[0] == "epoch 16/16 0/360 -:--:--"
    assert "epoch 16/16 1/360 -:--:-- loss 0.2500" in lines
    assert lines[-1] == "epoch 16/16 360/360 0:00:00 loss 0.2500 1234.6 examples/s"
    # none is wrapped
    assert all(drawn.startswith("epoch 16/16 ") for drawn in lines)


def test_validation_and_evaluation_count_their_batches(terminal: io.StringIO) -> None:
    line = ProgressLine()
    line.on_validation_start(run(num_val_batches=[10]), ANY)
    line.on_validation_batch_end(ANY, ANY, None, ANY, 9)
    line.on_validation_end(ANY, ANY)
    line.on_test_start(run(num_test_batches=[7]), ANY)
    line.on_test_batch_end(ANY, ANY, None, ANY, 6)
    line.on_test_end(ANY, ANY)
    lines = shown(terminal)
    assert "validation 10/10 0:00:00" in lines
    assert lines[-1] == "evaluating 7/7 0:00:00"


def test_the_line_goes_before_an_error_is_said(terminal: io.StringIO) -> None:
    line = ProgressLine()
    line.on_train_epoch_start(run(), ANY)
    line.on_exception(ANY, ANY, KeyboardInterrupt())
    assert line.progress is None
    # the cursor is shown again, and the line erased
    assert terminal.getvalue().endswith("\x1b[?25h\r\x1b[1A\x1b[2K")


def test_another_process_than_the_first_shows_nothing(terminal: io.StringIO) -> None:
    line = ProgressLine()
    line.on_train_epoch_start(run(is_global_zero=False), ANY)
    line.on_train_batch_end(run(progress_bar_metrics={"train/loss_step": 0.25}), ANY, None, ANY, 0)
    line.end()
    assert terminal.getvalue() == ""
