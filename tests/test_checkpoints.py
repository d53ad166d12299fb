"""Networks on disk: whole, their own, and never code."""

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from leorn.checkpoints import (
    RECORD_KEY,
    NetworkRecord,
    convert_published,
    fill,
    load_network,
    read_checkpoint,
    save_network,
)
from leorn.config import DataConfig, ExperimentConfig, TrainingConfig
from leorn.errors import InputError
from leorn.model.leorn import LEORN
from tests.disks import full_disk
from tests.model.published_layout import published_layout, published_weights
from tests.model.small import FUSION, SMALL, random_inputs, random_network

EXPERIMENT = ExperimentConfig(
    out="runs/small",
    data=DataConfig(queries="q.jsonl", objects="store", words="words.npz", min_score=0.1),
    model=SMALL,
    training=TrainingConfig(text_learning_rate=1e-5, loggers=("csv", "tensorboard")),
)
RECORD = NetworkRecord(
    SMALL, EXPERIMENT, {"extractor": {"name": "tracks", "size": [6, 4]}}, "words.npz", {"R1@0.5": 41.5}
)
PUBLISHED = replace(SMALL, num_heads=4)


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return list(ours) == list(theirs) and all(torch.equal(ours[name], theirs[name]) for name in ours)


def write_ckpt(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def as_checkpoint(network: LEORN, record: NetworkRecord) -> dict[str, Any]:
    """Return what a training checkpoint holds of a network, among other things."""
    state = {f"network.{name}": value for name, value in network.state_dict().items()}
    return {"epoch": 3, "state_dict": state, "optimizer_states": [{"step": 7}], RECORD_KEY: record.to_dict()}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "network.safetensors"
    save_network(path, random_network(SMALL), RECORD)
    return path


def refusal(path: Path) -> str:
    """Return why a file is not loaded, in one line that names it."""
    with pytest.raises(InputError) as error:
        load_network(path)
    message = str(error.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message


def test_a_saved_network_comes_back_with_its_record(saved: Path) -> None:
    network, record = load_network(saved)
    assert same_weights(network, random_network(SMALL))
    assert record == RECORD
    assert not network.training
    inputs = random_inputs(SMALL)
    with torch.no_grad():
        assert torch.equal(network(*inputs).logits, random_network(SMALL)(*inputs).logits)


def test_a_record_needs_no_more_than_the_network(tmp_path: Path) -> None:
    save_network(tmp_path / "f.safetensors", random_network(FUSION), NetworkRecord(FUSION))
    network, record = load_network(tmp_path / "f.safetensors")
    assert same_weights(network, random_network(FUSION))
    assert record == NetworkRecord(FUSION, None, {}, None, {})


def test_the_record_is_json_for_anybody_to_read(saved: Path) -> None:
    with safe_open(saved, "pt") as file:
        record = json.loads(file.metadata()[RECORD_KEY])
    assert record["model"]["hidden_size"] == 8
    assert record["model"]["num_scale_layers"] == [3, 2]
    assert record["experiment"]["data"]["min_score"] == 0.1
    assert record["metrics"] == {"R1@0.5": 41.5}


def test_a_training_checkpoint_is_a_network_too(tmp_path: Path) -> None:
    path = write_ckpt(tmp_path / "best.ckpt", as_checkpoint(random_network(SMALL), RECORD))
    network, record = load_network(path)
    assert same_weights(network, random_network(SMALL))
    assert record == RECORD


def test_weights_in_another_memory_layout_are_saved(tmp_path: Path) -> None:
    network = random_network(SMALL)
    for conv in network.map_conv.convs.parameters():
        if conv.dim() == 4:
            conv.data = conv.data.contiguous(memory_format=torch.channels_last)
    save_network(tmp_path / "n.safetensors", network, RECORD)
    assert same_weights(load_network(tmp_path / "n.safetensors")[0], random_network(SMALL))


@pytest.mark.parametrize("name", ["absent.safetensors", "absent.ckpt"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    assert "no such file; expected a network (.safetensors) or a checkpoint (.ckpt)" in refusal(tmp_path / name)


@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_a_file_that_was_cut_short(saved: Path, tmp_path: Path, share: float) -> None:
    checkpoint = write_ckpt(tmp_path / "c.ckpt", as_checkpoint(random_network(SMALL), RECORD))
    for path, message in ((saved, "not a whole safetensors file"), (checkpoint, "not a whole file of tensors")):
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        assert message in refusal(path)


# what an unpickler makes of these is a KeyError, an IndexError, a struct.error, …
@pytest.mark.parametrize("content", [b"hello", b"text\n", b"]", b"\x80\x02X\x01", b"PK\x03\x04", b"\x00" * 64])
def test_a_file_of_something_else(tmp_path: Path, content: bytes) -> None:
    for name, message in (("n.safetensors", "not a whole safetensors file"), ("n.ckpt", "not a whole file of tensors")):
        (tmp_path / name).write_bytes(content)
        assert message in refusal(tmp_path / name)


def test_tensors_that_are_no_network_of_ours(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "n.safetensors")
    assert "no LEORN network; expected one that leorn train or leorn convert wrote" in refusal(
        tmp_path / "n.safetensors"
    )
    assert "no LEORN checkpoint; expected one that leorn train wrote" in refusal(
        write_ckpt(tmp_path / "n.ckpt", {"state_dict": {"a": torch.ones(2)}})
    )
    assert "holds a Tensor; expected a dictionary" in refusal(write_ckpt(tmp_path / "n.ckpt", torch.ones(2)))


def test_a_record_that_is_not_json(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2)}, tmp_path / "n.safetensors", metadata={RECORD_KEY: '{"model": '})
    assert f"{RECORD_KEY}: not JSON" in refusal(tmp_path / "n.safetensors")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1], "[1]; expected keys with their values"),
        ({}, "missing model"),
        ({"model": None}, "model: None; expected keys with their values"),
        ({"model": {"hidden_size": "8"}}, "model: hidden_size is '8'; expected a whole number"),
        ({"model": {}, "experiment": []}, "experiment: (); expected keys with their values"),
        ({"model": {}, "fingerprint": 3}, "fingerprint is 3; expected keys with their values"),
        ({"model": {}, "words": 3}, "words is 3; expected text or null"),
        ({"model": {}, "metrics": {"mIoU": "x"}}, "metrics is {'mIoU': 'x'}; expected keys with their values"),
    ],
)
def test_a_damaged_record_is_named(tmp_path: Path, values: object, message: str) -> None:
    path = write_ckpt(tmp_path / "n.ckpt", {"state_dict": {}, RECORD_KEY: values})
    assert refusal(path) == f"{path}: {message}"


def test_a_record_from_before_frame_features_had_a_fingerprint_is_read(tmp_path: Path) -> None:
    values = RECORD.to_dict()
    del values["frame_fingerprint"]
    content = as_checkpoint(random_network(SMALL), RECORD) | {RECORD_KEY: values}
    record = load_network(write_ckpt(tmp_path / "n.ckpt", content))[1]
    assert record == RECORD
    assert record.frame_fingerprint == {}


@pytest.mark.parametrize("state", [[], None, {"network.a": 1}])
def test_weights_that_are_no_tensors(tmp_path: Path, state: object) -> None:
    path = write_ckpt(tmp_path / "n.ckpt", {"state_dict": state, RECORD_KEY: RECORD.to_dict()})
    assert refusal(path) == f"{path}: state_dict: expected tensors by the names of their parameters"


@pytest.mark.parametrize(
    ("section", "message"),
    [("model", "model: unknown key attention_span"), ("experiment", "experiment: unknown key attention_span")],
)
def test_a_record_of_another_version(tmp_path: Path, section: str, message: str) -> None:
    values = RECORD.to_dict()
    values[section]["attention_span"] = 3
    save_file({"a": torch.ones(2)}, tmp_path / "n.safetensors", metadata={RECORD_KEY: json.dumps(values)})
    assert message in refusal(tmp_path / "n.safetensors")


def test_weights_of_another_configuration(tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    save_network(path, random_network(SMALL), NetworkRecord(replace(SMALL, word_size=9)))
    assert "weights do not fit the configuration: text.gru.weight_ih_l0 is (24, 5), expected (24, 9)" in refusal(path)
    save_network(path, random_network(SMALL), NetworkRecord(FUSION))
    assert "missing clips.frame_projection.weight" in refusal(path)
    save_network(path, random_network(FUSION), NetworkRecord(SMALL))
    message = refusal(path)
    assert "missing clips.projection.weight; missing clips.projection.bias; unknown clips." in message
    assert message.endswith("and 6 more")


def test_fill_leaves_a_network_that_weights_do_not_fit_as_it_was() -> None:
    network = random_network(SMALL)
    with pytest.raises(InputError, match=r"^here: weights do not fit the configuration: unknown more$"):
        fill(network, random_network(SMALL, seed=1).state_dict() | {"more": torch.ones(1)}, "here")
    assert same_weights(network, random_network(SMALL))


class Trap:
    """An object whose pickle touches a file when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_file_is_refused_and_does_not_run(tmp_path: Path, zipped: bool) -> None:
    sprung, path = tmp_path / "sprung", tmp_path / "trap.ckpt"
    content = as_checkpoint(random_network(SMALL), RECORD) | {"extra": Trap(sprung)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    assert "not a whole file of tensors; expected what torch.save() writes of tensors and plain values" in refusal(path)
    path.write_bytes(pickle.dumps(Trap(sprung), protocol=2))
    assert "not a whole file of tensors" in refusal(path)
    assert not sprung.exists()
    pickle.loads(pickle.dumps(Trap(sprung), protocol=2))
    assert sprung.exists()  # the trap does work


def test_read_checkpoint_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.pkl: no such file$"):
        read_checkpoint(tmp_path / "absent.pkl")


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    path = tmp_path / "published.yaml"
    path.write_text(yaml.safe_dump(published_layout(PUBLISHED)), encoding="utf-8")
    return path


def write_weights(path: Path, weights: dict[str, Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file({name: value.contiguous() for name, value in weights.items()}, path)
        return path
    wrapped = {"epoch": 9, "model": {f"module.{name}": value for name, value in weights.items()}}
    torch.save(
        wrapped if path.suffix == ".pkl" else weights, path, _use_new_zipfile_serialization=path.suffix == ".pth"
    )
    return path


@pytest.mark.parametrize("suffix", [".pkl", ".pth", ".safetensors"])
def test_published_files_become_one_of_ours(tmp_path: Path, layout: Path, suffix: str) -> None:
    weights = write_weights(tmp_path / f"w{suffix}", published_weights(random_network(PUBLISHED)))
    out = tmp_path / "new" / "network.safetensors"

    network = convert_published(layout, weights, out)

    loaded, record = load_network(out)
    assert same_weights(network, random_network(PUBLISHED))
    assert same_weights(loaded, network)
    assert record == NetworkRecord(PUBLISHED)
    assert not network.training


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read as YAML: [Errno 2] No such file"),
        (b"MODEL: {NAME: LEORN", "cannot be read as YAML: while parsing a flow mapping"),
        (b"\xff\xfe\xfd", "cannot be read as YAML: "),
        (b"", "expected the published sections (MODEL, TAN, \u2026)"),
        (b"- MODEL", "expected the published sections (MODEL, TAN, \u2026)"),
    ],
)
def test_a_published_configuration_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    config, out = tmp_path / "p.yaml", tmp_path / "out.safetensors"
    if content is not None:
        config.write_bytes(content)
    with pytest.raises(InputError) as error:
        convert_published(config, tmp_path / "w.pkl", out)
    assert str(error.value).startswith(f"{config}: {message}")
    assert "\n" not in str(error.value)
    assert not out.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"model": [1, 2]}, "expected tensors by the names of their parameters, alone or under `model`"),
        ({"model": {"a": 1}}, "expected tensors by the names of their parameters"),
        ({"epoch": 3}, "expected tensors by the names of their parameters"),
        ([torch.ones(1)], "holds a list; expected a dictionary"),
    ],
)
def test_published_weights_that_are_something_else(tmp_path: Path, layout: Path, content: object, message: str) -> None:
    weights, out = write_ckpt(tmp_path / "w.pkl", content), tmp_path / "out.safetensors"
    with pytest.raises(InputError) as error:
        convert_published(layout, weights, out)
    assert str(error.value).startswith(f"{weights}: {message}")
    assert not out.exists()


@pytest.mark.parametrize("name", ["w.pkl", "w.safetensors"])
def test_published_weights_that_are_missing(tmp_path: Path, layout: Path, name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: no such file"):
        convert_published(layout, tmp_path / name, tmp_path / "out.safetensors")


def test_a_converted_network_is_safetensors(tmp_path: Path, layout: Path) -> None:
    with pytest.raises(InputError, match=r"out\.ckpt: expected a name that ends in \.safetensors"):
        convert_published(layout, tmp_path / "w.pkl", tmp_path / "out.ckpt")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, no folder")
    with pytest.raises(InputError, match=r"cannot write .*file/n\.safetensors: (File exists|Not a directory)"):
        save_network(tmp_path / "file" / "n.safetensors", random_network(SMALL), RECORD)


def test_a_full_disk_leaves_the_old_network(saved: Path) -> None:
    before = saved.read_bytes()
    with full_disk(), pytest.raises(InputError, match=f"^cannot write {saved}: File too large$"):
        save_network(saved, random_network(SMALL), RECORD)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]
