"""Commands that cannot do what they are asked to: one line that says why, and nothing half-written."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from leorn.features.store import FeatureStore
from tests.commands import LEORN, Refused, files, only_line
from tests.tiny import Tiny
from tests.videos import write_video


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: 2", "epoch: 2", "e.yaml: unknown key training.epoch"),
        ("training:", "trainings:", "e.yaml: unknown key trainings.accelerator"),
        ("epochs: 2", "epochs: two", "e.yaml: training.epochs: expected a whole number, got two"),
        ("schedule: plateau", "schedule: line", "e.yaml: training.schedule: expected plateau or cosine, got line"),
        ("  ious:", "  ious: 0.5\n  iou:", "e.yaml: evaluation.ious: expected a list such as ["),
        ("words:", "word:", "e.yaml: unknown key data.word"),
        ("clips: 8", "clips: 7", "model.frames 16 must be a multiple of model.clips 7"),
        ("epochs: 2", "epochs: 0", "training.epochs 0; expected 1 or more"),
        ("monitor: R1@0.5", "monitor: R1@0.4", "training.monitor R1@0.4: no such figure; expected R1@0.3, R1@0.5"),
        ("top_k: 10", "top_k: 4", "evaluation.top_k 4: too few moments for R@5; expected 5 or more"),
        ("data:", "data: [", "e.yaml:3: not YAML: while parsing a flow sequence, expected "),
        (
            "accelerator: cpu",
            "accelerator: abacus",
            "training.accelerator abacus: no such accelerator; expected auto, cpu",
        ),
    ],
)
def test_a_mistake_in_a_configuration_names_the_key(
    tiny: Tiny, tmp_path: Path, refused: Refused, old: str, new: str, message: str
) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run")
    text = config.read_text()
    assert text.count(old) == 1
    config.write_text(text.replace(old, new))
    assert refused("train", "--config", config).replace(f"{tmp_path}/", "").startswith(message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "e.yaml: no such file; expected an experiment such as those in experiments/"),
        (b"", "e.yaml: the file is empty; expected an experiment such as those in experiments/"),
        (b"\xff\xfe\x00", "e.yaml: byte 0 is not UTF-8; expected a text file"),
        (b"out: x\ndata:\n  queries: q\n  objects: o\n", "the following arguments are required: --data.words"),
    ],
)
def test_what_is_no_configuration_is_named(
    tmp_path: Path, refused: Refused, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "e.yaml").write_bytes(content)
    assert refused("train", "--config", tmp_path / "e.yaml").replace(f"{tmp_path}/", "").startswith(message)


def test_a_mistake_on_the_command_line_is_named(tiny: Tiny, tmp_path: Path, refused: Refused) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run")
    assert "unrecognized arguments: --training.epoch 3" in refused("train", "--config", config, "--training.epoch", 3)
    few = refused("train", "--config", config, "--training.epochs", "few")
    assert few == "--training.epochs: expected a whole number, got few"
    assert "required: --out, --data.queries, --data.objects, --data.words" in refused("train")
    assert "invalid choice: 'learn'" in refused("learn")
    assert 'expected "command" to be one of {find,index,search' in refused()
    assert not (tmp_path / "run").exists()


def harm_queries(harm: Callable[[str], str]) -> Callable[[Tiny], None]:
    def apply(tiny: Tiny) -> None:
        tiny.queries.write_text(harm(tiny.queries.read_text()))

    return apply


def third_line(text: str) -> str:
    lines = text.splitlines()
    row = json.loads(lines[2]) | {"moments": [["one", 2]]}
    return "\n".join([*lines[:2], json.dumps(row), *lines[3:]])


def remove_the_shard(tiny: Tiny) -> None:
    (shard,) = tiny.objects.glob("*.h5")
    shard.unlink()


def ask_about_another_video(tiny: Tiny) -> None:
    tiny.queries.write_text(tiny.queries.read_text().replace('"train-2"', '"nowhere"'))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda tiny: tiny.queries.unlink(), "cannot read annotations {queries}: No such file or directory"),
        (harm_queries(lambda text: ""), "{queries}: the file is empty; expected annotations"),
        (harm_queries(lambda text: text[:-30]), "{queries}:30: not JSON, or truncated"),
        (harm_queries(third_line), "{queries}:3: moments is 'one'; expected a finite number"),
        (harm_queries(lambda text: text.replace('"val"', '"valid"')), "{queries}: no query of split 'val' left"),
        (lambda tiny: tiny.words.unlink(), "cannot read word vectors {words}: No such file or directory"),
        (lambda tiny: tiny.words.write_bytes(tiny.words.read_bytes()[:200]), "{words}: not an .npz file, or truncated"),
        (lambda tiny: (tiny.objects / "index.json").unlink(), "{objects}/index.json: No such file or directory"),
        (remove_the_shard, "10 of 10 videos have no usable features: {objects}/objects-00000.h5: no such file"),
        (
            ask_about_another_video,
            "1 of 10 videos have no usable features: {objects}: video nowhere is not in the store",
        ),
    ],
)
def test_a_file_that_is_wrong_is_named_before_training(
    tiny: Tiny, tmp_path: Path, refused: Refused, harm: Callable[[Tiny], None], message: str
) -> None:
    mine = tiny.copy(tmp_path / "data")
    config = mine.write_experiment(tmp_path / "e.yaml", tmp_path / "run")
    harm(mine)
    expected = message.format(queries=mine.queries, words=mine.words, objects=mine.objects)
    assert refused("train", "--config", config).startswith(expected)
    assert not (tmp_path / "run").exists()


def write_published(tiny: Tiny, path: Path) -> Path:
    """Write published objects of which three videos are bad: one lacks a slot, one holds NaN, one is not there."""
    with h5py.File(path, "w") as file:
        for video in FeatureStore(tiny.objects).videos:
            array = np.full((16, 3, 6 + 5), 0.5, dtype=np.float32)
            if video == "train-1":
                array = array[:, :2]
            if video == "val-2":
                array[3, 1, 4] = np.nan
            if video != "train-5":
                file[video] = array
    return path


def test_all_videos_that_cannot_be_used_are_listed_at_once(tiny: Tiny, tmp_path: Path, refused: Refused) -> None:
    path = write_published(tiny, tmp_path / "objects.hdf5")
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run", data__objects=str(path))
    assert refused("train", "--config", config) == (
        "3 of 10 videos have no usable features: "
        f"{path}: video train-1: features of shape (16, 2, 6); "
        "expected at least 16 frames, at least 3 slots, width 6; "
        f"{path}: video train-5 is not in the file; expected an array of shape (T, N, D+5); "
        f"{path}: video val-2: features holds NaN or infinity; expected finite numbers"
    )
    assert not (tmp_path / "run").exists()


def test_a_video_that_goes_bad_while_training_is_named(
    tiny: Tiny, tmp_path: Path, refused: Refused, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "objects.hdf5"
    write_published(tiny, path)
    with h5py.File(path, "a") as file:
        del file["train-1"]
        file["train-1"] = file["train-0"][:]
        file["train-5"] = file["train-0"][:]
    config = tiny.write_experiment(
        tmp_path / "e.yaml", tmp_path / "run", data__objects=str(path), data__check_values=False
    )
    expected = f"{path}: video val-2: features holds NaN or infinity; expected finite numbers"
    assert refused("train", "--config", config) == expected
    assert not list(tmp_path.glob("run/checkpoints/*"))


def test_a_folder_that_cannot_be_written_is_named(tiny: Tiny, tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "file").write_text("not a folder")
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "file" / "run")
    assert refused("train", "--config", config) == f"cannot write {tmp_path}/file/run/config.yaml: Not a directory"
    assert files(tmp_path) == {"e.yaml", "file"}


def test_a_full_disk_is_one_line_and_leaves_no_part_of_a_checkpoint(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.write_experiment(tmp_path / "e.yaml", tmp_path / "run")
    most = 20_000  # bytes of a file: enough for the logs, too little for a checkpoint

    done = subprocess.run(
        [*LEORN, "train", "--config", str(config)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
    )
    assert done.returncode == 2
    assert only_line(done.stderr) == f"cannot write {tmp_path}/run/checkpoints/best.ckpt: File too large"
    assert not [name for name in files(tmp_path / "run") if "ckpt" in name]


def test_a_run_is_neither_written_over_nor_resumed_otherwise(
    tiny: Tiny, trained: Path, refused: Refused, tmp_path: Path
) -> None:
    out = trained.parents[1]
    config = tiny.write_experiment(tmp_path / "e.yaml", out, training__epochs=30)
    assert refused("train", "--config", config) == (
        f"{out} holds a run already; go on with --resume, or choose another --out"
    )
    assert refused("train", "--config", config, "--resume", "--training.batch_size", 8) == (
        f"{trained.with_name('last.ckpt')} is of another configuration: "
        "training.batch_size differ; expected another out"
    )


@pytest.mark.parametrize("command", [("index", "--library"), ("extract", "--out")])
def test_without_ray_nothing_is_begun(
    tmp_path: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch, command: tuple[str, str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    name, option = command
    write_video(tmp_path / "v.mp4", 20)
    asked = (name, tmp_path / "v.mp4", option, tmp_path / "out", "--engine", "ray")
    assert refused(*asked) == "--engine ray needs Ray: pip install leorn[cluster]"
    assert files(tmp_path) == {"v.mp4"}
