"""Lightning's Trainer as it is set up here, and errors on one line."""

import logging
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.utilities import rank_zero
from torch._utils import ExceptionWrapper

from leorn.errors import InputError
from leorn.training.progress_line import ProgressLine
from leorn.training.trainer import make_trainer, one_line_errors


def test_an_error_in_a_loader_process_comes_out_as_its_line() -> None:
    try:
        raise InputError("store: video 7: features hold NaN")
    except InputError:
        # what a loader's process sends to the process that waits for its batch
        wrapped = ExceptionWrapper(where="in DataLoader worker process 0")
    assert "Traceback" in wrapped.exc_msg
    with pytest.raises(InputError) as caught, one_line_errors("run"):
        wrapped.reraise()
    assert str(caught.value) == "store: video 7: features hold NaN"


def test_an_error_of_this_process_stays_as_it_is() -> None:
    with pytest.raises(InputError) as caught, one_line_errors("run"):
        raise InputError("store: video 7: features hold NaN")
    assert str(caught.value) == "store: video 7: features hold NaN"


def test_a_failing_disk_is_an_input_error_that_names_the_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^runs/a: \[Errno 2\] No such file or directory: '.*events'$"), \
            one_line_errors("runs/a"):  # fmt: skip
        (tmp_path / "none" / "events").write_text("")


def test_a_process_that_others_leave_alone_says_so() -> None:
    with pytest.raises(InputError) as caught, one_line_errors("runs/a"):
        raise RuntimeError("[pair.cc:553] Connection closed by peer [127.0.0.1]:23255. Check the logs.")
    assert str(caught.value) == "runs/a: another process of the run has stopped; it says why"
    with pytest.raises(RuntimeError, match="mat1 and mat2"), one_line_errors("runs/a"):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


def test_mistakes_in_code_stay_what_they_are() -> None:
    with pytest.raises(KeyError), one_line_errors("run"):
        raise KeyError("x")


def test_another_process_says_which_one_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InputError, match=r"^bad video$"), one_line_errors("run", process=3):
        raise InputError("bad video")
    assert caplog.record_tuples == [("leorn.training.trainer", logging.ERROR, "process 3: bad video")]


@pytest.mark.parametrize(
    ("devices", "accelerator", "message"),
    [(0, "cpu", "^0 devices, accelerator cpu: .*not a valid input"), (1, "abacus", "^1 device, accelerator abacus: ")],
)
def test_what_this_machine_does_not_have_is_named(devices: int, accelerator: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make_trainer(devices=devices, accelerator=accelerator)
    assert "\n" not in str(caught.value)


def test_a_library_that_an_accelerator_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def lack(**options: object) -> None:
        raise ModuleNotFoundError("Requirement 'torch_xla>=1.13' not met.\n HINT: install it")

    monkeypatch.setattr("leorn.training.trainer.lightning.Trainer", lack)
    with pytest.raises(InputError, match=r"^2 devices, accelerator tpu: Requirement 'torch_xla>=1\.13' not met\. HINT"):
        make_trainer(devices=2, accelerator="tpu")


@pytest.mark.parametrize("accelerator", ["gpu", "cuda"])
def test_a_gpu_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch, accelerator: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(InputError) as caught:
        make_trainer(devices=1, accelerator=accelerator)
    assert str(caught.value) == f"accelerator {accelerator}: PyTorch finds no GPU on this machine; expected auto or cpu"


@pytest.mark.parametrize("terminal", [True, False])
def test_a_line_of_progress_is_for_a_terminal(monkeypatch: pytest.MonkeyPatch, terminal: bool) -> None:
    stderr: Any = sys.stderr
    monkeypatch.setattr(stderr, "isatty", lambda: terminal, raising=False)
    callbacks: Any = make_trainer(devices=1, accelerator="cpu")
    assert any(isinstance(callback, ProgressLine) for callback in callbacks.callbacks) == terminal
    assert callbacks.progress_bar_callback is None


def leave_as_lightning_does() -> None:
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(1)


def test_an_interrupted_run_is_the_interrupt_that_it_was() -> None:
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), one_line_errors("run"):
        leave_as_lightning_does()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, handler)
    with pytest.raises(SystemExit), one_line_errors("run"):
        sys.exit(1)


def test_torchrun_says_how_many_processes_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "LOCAL_WORLD_SIZE": "2", "WORLD_SIZE": "6", "RANK": "3", "LOCAL_RANK": "1", "GROUP_RANK": "1",
        "MASTER_ADDR": "localhost", "MASTER_PORT": "29500", "TORCHELASTIC_RUN_ID": "a",
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    # Lightning keeps the rank for the whole of Python
    monkeypatch.setattr(rank_zero.rank_zero_only, "rank", 0)
    trainer = make_trainer(devices=1, accelerator="cpu")
    assert (trainer.num_devices, trainer.num_nodes, trainer.world_size) == (2, 3, 6)
    assert (trainer.global_rank, trainer.local_rank) == (3, 1)


def test_batch_norm_is_not_synchronised_on_the_cpu() -> None:
    trainer = make_trainer(devices=2, accelerator="cpu")
    assert trainer.world_size == 2
    assert trainer._accelerator_connector._layer_sync is None
