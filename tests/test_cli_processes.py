"""Commands that several processes share."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
import torch

from leorn.checkpoints import load_network
from leorn.cli import main
from leorn.training.evaluate import evaluate
from tests.commands import LEORN, TORCHRUN, only_line
from tests.tiny import Tiny


@pytest.mark.parametrize("launcher", ["devices", "torchrun"])
def test_two_processes_train_one_network_and_speak_with_one_voice(tiny: Tiny, tmp_path: Path, launcher: str) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run")
    if launcher == "devices":
        command = [*LEORN, "train", "--config", str(config), "--training.devices", "2"]
    else:
        command = [*TORCHRUN, "train", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    best = tmp_path / "run/checkpoints/best.ckpt"
    said = [
        "train",
        "val",
        "words",
        "training 2 epochs on 2 × cpu in 32-true",
        "epoch 1/2",
        "epoch 2/2",
        "best checkpoint",
    ]
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == said
    assert done.stdout.endswith(f"best checkpoint: {best}\n")
    # 4 batches an epoch are 2 steps of 2 processes
    assert torch.load(best.with_name("last.ckpt"), weights_only=True)["global_step"] == 4
    record = load_network(best)[1]
    assert record.experiment is not None
    assert record.experiment.training.devices == 2
    recorded = dict(record.metrics)
    del recorded["loss"]
    assert evaluate(best, split="val", accelerator="cpu").rows["LEORN"] == pytest.approx(recorded)


def test_two_processes_evaluate_to_the_same_bytes(trained: Path, tmp_path: Path) -> None:
    options = ["evaluate", str(trained), "--accelerator", "cpu", "--shuffle-objects", "--out"]
    main([*options, str(tmp_path / "one")])
    done = subprocess.run([*LEORN, *options, str(tmp_path / "two"), "--devices", "2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("constant window") == done.stdout.count("wrote ") == 1
    for name in ("predictions.jsonl", "metrics.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_full_disk_under_two_processes_is_one_line(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run")
    # for the logs this is enough, for a checkpoint too little
    command = f"ulimit -f 20; exec {shlex.join(LEORN)} train --config {config} --training.devices 2"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 2
    assert only_line(done.stderr) == f"cannot write {tmp_path}/run/checkpoints/best.ckpt: File too large"
    assert not list(tmp_path.glob("run/checkpoints/*"))


def test_a_reader_that_has_enough_is_no_traceback() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*LEORN, "assets"], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")
