"""Training runs: what they leave behind, that they repeat, and that they go on as if nothing had happened."""

import csv
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
from torch import Tensor

from leorn.checkpoints import load_network, save_network
from leorn.cli import main
from leorn.config import ExperimentConfig
from leorn.errors import InputError
from leorn.features.store import FeatureStore
from leorn.model.leorn import LEORN
from leorn.training.callbacks import checkpoints
from leorn.training.evaluate import evaluate
from leorn.training.explain import explain
from leorn.training.run import train
from tests.data.test_corpus import write_frames
from tests.tiny import MODEL, Tiny

FIGURES = ["loss", "R1@0.3", "R1@0.5", "R1@0.7", "R5@0.3", "R5@0.5", "R5@0.7", "mIoU"]


def run(config: ExperimentConfig, *, resume: bool = False) -> Path:
    """Train without a word, and return the folder of the checkpoints."""
    return train(config, resume=resume, say=lambda line: None).parent


def read(path: Path) -> dict[str, Any]:
    return torch.load(path, weights_only=True)


def assert_same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.fixture(scope="module")
def folder(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs, logged in both ways."""
    out = tmp_path_factory.mktemp("runs") / "two"
    run(tiny.experiment(out, training__loggers=("tensorboard", "csv")))
    return out


def test_a_run_leaves_its_configuration_checkpoints_and_logs(folder: Path) -> None:
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    (events,) = (file for file in files if "tfevents" in file)
    assert files - {events, "tensorboard/hparams.yaml", "csv/version_0/hparams.yaml"} == {
        "config.yaml",
        "checkpoints/best.ckpt",
        "checkpoints/last.ckpt",
        "csv/version_0/metrics.csv",
    }


def test_the_configuration_of_a_run_can_be_run_again(folder: Path, tiny: Tiny, tmp_path: Path) -> None:
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["model"]["num_scale_layers"] == [4, 2]
    assert config["data"]["objects"] == str(tiny.objects)
    main(["train", "--config", str(folder / "config.yaml"), "--out", str(tmp_path)])
    again, first = (read(out / "checkpoints/last.ckpt")["state_dict"] for out in (tmp_path, folder))
    assert_same(again, first)


def test_checkpoints_carry_all_that_is_needed_to_use_them(folder: Path, tiny: Tiny) -> None:
    for name in ("best", "last"):
        network, record = load_network(folder / f"checkpoints/{name}.ckpt")
        assert record.model == MODEL
        assert record.experiment is not None
        assert record.experiment.training.loggers == ("tensorboard", "csv")
        assert record.experiment.out == str(folder)
        assert record.fingerprint == FeatureStore(tiny.objects).fingerprint
        assert record.fingerprint["feature_size"] == 6
        assert record.words is not None
        assert record.words.startswith("words.npz sha256:")
        assert sorted(record.metrics) == sorted(FIGURES)
        assert not network.training
    assert read(folder / "checkpoints/last.ckpt")["epoch"] == 1


def test_a_fusion_checkpoint_is_evaluated_on_its_own_frame_features(tiny: Tiny, tmp_path: Path) -> None:
    frames = write_frames(tmp_path / "frames.h5", 5)
    config = tiny.experiment(tmp_path / "run", model__frame_size=5, data__frame_features=frames, training__epochs=1)
    best = run(config) / "best.ckpt"
    network, record = load_network(best)
    assert record.frame_fingerprint == {"extractor": "published", "feature_size": 5}
    assert len(evaluate(best, accelerator="cpu").predictions) == 10
    other = tmp_path / "other.safetensors"
    save_network(other, network, replace(record, frame_fingerprint={"extractor": "leorn extract", "feature_size": 5}))
    with pytest.raises(
        InputError, match=r"frames\.h5: not the frame features that .*other\.safetensors was trained on"
    ):
        evaluate(other, accelerator="cpu")
    with pytest.raises(
        InputError, match=r"frames\.h5: not the frame features that .*other\.safetensors was trained on"
    ):
        next(explain(other, "test"))


def test_tensorboard_has_scalars_and_the_validation_table(folder: Path) -> None:
    events = EventAccumulator(str(folder / "tensorboard"), size_guidance={TENSORS: 0})
    events.Reload()
    tags: dict[str, Any] = events.Tags()
    scalars = set(tags["scalars"])
    assert {f"val/{name}" for name in FIGURES} <= scalars
    assert {"train/loss_epoch", "lr-AdamW/text", "lr-AdamW/objects", "lr-AdamW/moments"} <= scalars
    metrics = load_network(folder / "checkpoints/last.ckpt")[1].metrics
    for name in FIGURES:
        assert len(events.Scalars(f"val/{name}")) == 2
        assert events.Scalars(f"val/{name}")[-1].value == pytest.approx(metrics[name])
    tables = [event.tensor_proto.string_val[0].decode() for event in events.Tensors("validation/text_summary")]
    for epoch, table in enumerate(tables):
        names, _, (row, *values) = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines())
        assert row == f"epoch {epoch}"
        assert sorted(names[1:]) == sorted(FIGURES)
        assert values == [f"{events.Scalars(f'val/{name}')[epoch].value:.2f}" for name in names[1:]]
    assert len(tables) == 2


def test_the_csv_has_a_row_of_figures_for_each_epoch(folder: Path) -> None:
    with (folder / "csv/version_0/metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["val/loss"]]
    assert [row["epoch"] for row in rows] == ["0", "1"]
    last = load_network(folder / "checkpoints/last.ckpt")[1].metrics
    assert {name: float(rows[-1][f"val/{name}"]) for name in FIGURES} == pytest.approx(last)


def test_the_best_checkpoint_is_that_of_the_smallest_loss_where_loss_is_monitored(tiny: Tiny, tmp_path: Path) -> None:
    changes = {"training__monitor": "loss", "training__loggers": ("csv",), "training__epochs": 4}
    # a rate so high that the last epoch is not the best
    folder = run(tiny.experiment(tmp_path, **changes, training__learning_rate=3.0))
    with (tmp_path / "csv/version_0/metrics.csv").open() as file:
        losses = [float(row["val/loss"]) for row in csv.DictReader(file) if row["val/loss"]]
    assert len(losses) == 4
    assert load_network(folder / "best.ckpt")[1].metrics["loss"] == pytest.approx(min(losses))
    assert load_network(folder / "last.ckpt")[1].metrics["loss"] == pytest.approx(losses[-1])
    assert read(folder / "best.ckpt")["epoch"] == losses.index(min(losses)) < 3


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_two_runs_of_one_command_give_the_same_weights(tiny: Tiny, tmp_path: Path, schedule: str) -> None:
    one, other = (run(tiny.experiment(tmp_path / name, training__schedule=schedule)) for name in "ab")
    assert_same(read(one / "last.ckpt")["state_dict"], read(other / "last.ckpt")["state_dict"])
    different = run(tiny.experiment(tmp_path / "c", training__schedule=schedule, training__seed=1))
    weights = read(different / "last.ckpt")["state_dict"]["network.prediction.weight"]
    assert not torch.equal(weights, read(one / "last.ckpt")["state_dict"]["network.prediction.weight"])


@pytest.mark.parametrize("schedule", ["plateau", "cosine"])
def test_a_run_that_was_killed_goes_on_to_the_same_weights(
    tiny: Tiny, tmp_path: Path, schedule: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changes: dict[str, Any] = {
        "training__epochs": 14,
        "training__schedule": schedule,
        "training__warmup_epochs": 3.0 if schedule == "cosine" else 0.0,
        "training__loggers": ("csv",),
        "model__attention_dropout": 0.3,
        "model__box_dropout": 0.3,
    }
    killed = tmp_path / "killed"
    config = tiny.write_experiment(tmp_path / "experiment.yaml", killed, **changes)
    last = killed / "checkpoints/last.ckpt"
    process = subprocess.Popen([sys.executable, "-m", "leorn", "train", "--config", str(config)], stdout=-3)
    while not last.exists() and process.poll() is None:
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    done = read(last)["epoch"] + 1
    assert 1 <= done < 14

    main(["train", "--config", str(config), "--resume"])
    assert f"\ngoing on after epoch {done} of 14\ntraining {14 - done} epoch" in capsys.readouterr().out
    whole = run(tiny.experiment(tmp_path / "whole", **changes))
    for name in ("last.ckpt", "best.ckpt"):
        one, other = read(last.with_name(name)), read(whole / name)
        assert_same(one["state_dict"], other["state_dict"])
        assert (one["epoch"], one["global_step"]) == (other["epoch"], other["global_step"])
        assert one["lr_schedulers"] == other["lr_schedulers"]
        assert one["leorn"]["metrics"] == other["leorn"]["metrics"]
    if schedule == "plateau":
        assert read(last)["lr_schedulers"][0]["last_epoch"] == 14
    # the rows before the kill are still there
    rows = [len(list(csv.DictReader(path.open()))) for path in sorted(killed.glob("csv/*/metrics.csv"))]
    assert len(rows) == 2


def test_a_finished_run_has_nothing_to_resume(tiny: Tiny, tmp_path: Path) -> None:
    config = tiny.experiment(tmp_path)
    before = read(run(config) / "last.ckpt")["state_dict"]
    said: list[str] = []
    last = train(config, resume=True, say=said.append).with_name("last.ckpt")
    assert said[-1] == "finished already: 2 of 2 epochs"
    assert_same(read(last)["state_dict"], before)


def test_resume_without_a_run_starts_one(tiny: Tiny, tmp_path: Path) -> None:
    said: list[str] = []
    one = train(tiny.experiment(tmp_path / "a"), resume=True, say=said.append).parent
    other = run(tiny.experiment(tmp_path / "b"))
    assert said[0] == f"nothing to resume in {tmp_path / 'a'}: starting from the beginning"
    assert_same(read(one / "last.ckpt")["state_dict"], read(other / "last.ckpt")["state_dict"])


def test_a_folder_that_holds_a_run_is_not_written_over(folder: Path, tiny: Tiny) -> None:
    before = (folder / "checkpoints/last.ckpt").read_bytes()
    with pytest.raises(InputError) as caught:
        run(tiny.experiment(folder))
    assert str(caught.value) == f"{folder} holds a run already; go on with --resume, or choose another --out"
    assert (folder / "checkpoints/last.ckpt").read_bytes() == before


def test_resuming_with_another_configuration_names_the_keys(folder: Path, tiny: Tiny) -> None:
    changes = {"training__epochs": 3, "model__map_kernel_sizes": (3, 5), "training__workers": 1}
    with pytest.raises(InputError) as caught:
        run(tiny.experiment(folder, **changes), resume=True)
    assert str(caught.value) == (
        f"{folder}/checkpoints/last.ckpt is of another configuration: "
        "model.map_kernel_sizes, training.epochs differ; expected another out"
    )


def test_resuming_on_other_features_is_refused(folder: Path, tiny: Tiny, tmp_path: Path) -> None:
    mine = tiny.copy(tmp_path / "data")
    out = tmp_path / "run"
    run(mine.experiment(out))
    index = (mine.objects / "index.json").read_text()
    (mine.objects / "index.json").write_text(index.replace("middles of equal parts", "every second frame"))
    with pytest.raises(InputError, match="sampling 'every second frame' instead of 'middles of equal parts'"):
        run(mine.experiment(out), resume=True)


def test_a_run_whose_last_checkpoint_is_cut_short_cannot_go_on(tiny: Tiny, tmp_path: Path) -> None:
    last = run(tiny.experiment(tmp_path)) / "last.ckpt"
    last.write_bytes(last.read_bytes()[:999])
    with pytest.raises(InputError, match=r"last\.ckpt: not a whole file of tensors"):
        run(tiny.experiment(tmp_path), resume=True)


def test_gradients_are_accumulated_over_steps(tiny: Tiny, tmp_path: Path) -> None:
    # 14 queries are 4 batches: 4 updates an epoch, 2 with two batches to each, 2 with three and one
    updates = [
        read(run(tiny.experiment(tmp_path / str(steps), training__accumulate=steps)) / "last.ckpt")["global_step"]
        for steps in (1, 2, 3)
    ]
    assert updates == [8, 4, 4]


def test_mixed_precision_trains_a_network_of_full_precision(tiny: Tiny, tmp_path: Path) -> None:
    mixed = read(run(tiny.experiment(tmp_path / "a", training__precision="bf16-mixed")) / "last.ckpt")["state_dict"]
    full = read(run(tiny.experiment(tmp_path / "b")) / "last.ckpt")["state_dict"]
    assert {value.dtype for value in mixed.values() if value.is_floating_point()} == {torch.float32}
    assert all(value.isfinite().all() for value in mixed.values())
    name = "network.prediction.weight"
    assert not torch.equal(mixed[name], full[name])
    torch.testing.assert_close(mixed[name], full[name], atol=0.1, rtol=0)


# graphs are taken and run as they are: what a compiler makes of them is its own affair, and takes it minutes
TRACING = """
import torch._inductor.compile_fx as fx
fx.compile_fx = lambda graph, inputs, **options: print("a graph") or graph.forward
from leorn.cli import main
main()
"""


def test_a_compiled_network_learns_the_same(tiny: Tiny, tmp_path: Path, folder: Path) -> None:
    experiment = tiny.write_experiment(tmp_path / "experiment.yaml", tmp_path / "run", training__compile=True)
    # in a process of its own, where no arguments are checked: checks cannot be traced
    command = [sys.executable, "-c", TRACING, "train", "--config", str(experiment)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    # before and behind the GRU, in training and in validation, for batches of several sizes; not for every operation
    assert 2 <= done.stdout.count("a graph") <= 16
    weights = read(tmp_path / "run/checkpoints/last.ckpt")["state_dict"]
    expected = read(folder / "checkpoints/last.ckpt")["state_dict"]
    assert weights.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(weights[name], value, atol=1e-4, rtol=1e-3)


def test_runs_without_loggers_and_with_loader_processes_learn_the_same(
    tiny: Tiny, tmp_path: Path, folder: Path
) -> None:
    changes = {"training__loggers": (), "training__workers": 1}
    checkpoints = run(tiny.experiment(tmp_path, **changes))
    assert_same(read(checkpoints / "last.ckpt")["state_dict"], read(folder / "checkpoints/last.ckpt")["state_dict"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints", "config.yaml"]


def test_fine_tuning_starts_from_a_network_and_moves_what_has_a_learning_rate(
    tiny: Tiny, tmp_path: Path, trained: Path
) -> None:
    said: list[str] = []
    config = tiny.experiment(
        tmp_path / "fusion",
        data__frame_features=write_frames(tmp_path / "frames.h5", 5),
        model__frame_size=5,
        training__initial_network=str(trained),
        training__text_learning_rate=0.0,
        training__object_learning_rate=0.0,
    )
    best = train(config, say=said.append)
    start = load_network(trained)[0].state_dict()
    end = load_network(best.with_name("last.ckpt"))[0]
    taken = {name for name in end.state_dict() if name.split(".")[0] in {"objects", "reasoning", "pooling"}}
    count = f"{len(taken)} of {len(end.state_dict())}"
    assert f"start: what both variants share, {count} weights, from {trained}" in said
    for name, parameter in end.named_parameters():
        kept = name in start and parameter.shape == start[name].shape and torch.equal(parameter, start[name])
        assert kept == (name in taken), name
    assert evaluate(best, accelerator="cpu").rows["LEORN-F"].keys() == {*FIGURES} - {"loss"}


def test_a_network_of_the_same_variant_gives_all_its_weights_whatever_its_clips(
    tiny: Tiny, tmp_path: Path, trained: Path
) -> None:
    said: list[str] = []
    changes = {"model__clips": 4, "training__initial_network": str(trained), "training__learning_rate": 0.0}
    last = train(tiny.experiment(tmp_path, **changes), say=said.append).with_name("last.ckpt")
    start, end = load_network(trained)[0].state_dict(), load_network(last)[0]
    assert f"start: all, {len(start)} of {len(start)} weights, from {trained}" in said
    assert isinstance(end, LEORN)
    assert end.config.clips == 4
    for name, parameter in end.named_parameters():
        torch.testing.assert_close(parameter.detach(), start[name], rtol=0, atol=0)


def test_a_device_that_is_not_there_is_told_before_anything_is_read(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    config = tiny.experiment(tmp_path / "run", training__accelerator="gpu", data__queries="nowhere")
    with pytest.raises(InputError, match="accelerator gpu: PyTorch finds no GPU on this machine"):
        run(config)
    assert not (tmp_path / "run").exists()


def test_a_network_of_another_width_is_no_start(tiny: Tiny, tmp_path: Path, trained: Path) -> None:
    config = tiny.experiment(tmp_path, training__initial_network=str(trained), model__hidden_size=12)
    with pytest.raises(
        InputError, match=r"initial_network .*best\.ckpt: no text\.gru\.weight_ih_l0 of shape \(36, 6\)"
    ):
        run(config)
    assert list(tmp_path.iterdir()) == []


def test_a_moved_run_goes_on_and_knows_its_best_figure(tiny: Tiny, tmp_path: Path) -> None:
    train(tiny.experiment(tmp_path / "here"), say=lambda line: None)
    (tmp_path / "here").rename(tmp_path / "there")
    last = tmp_path / "there/checkpoints/last.ckpt"
    config = tiny.experiment(tmp_path / "there")
    best = checkpoints(last.parent, config.training.monitor)[0]
    (state,) = (state for key, state in read(last)["callbacks"].items() if "val/" in key)
    best.load_state_dict(state)
    assert best.best_model_path == str(last.with_name("best.ckpt"))
    assert best.best_model_score == state["best_model_score"]
    assert list(best.best_k_models) == [str(last.with_name("best.ckpt"))]
