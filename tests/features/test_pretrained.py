"""Folders and hub ids of vision models, whole and broken."""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import huggingface_hub
import pytest
import torch

from leorn.errors import InputError
from leorn.features.pretrained import VisionModel
from tests.vision_models import noise

transformers = pytest.importorskip("transformers")


def test_a_model_is_known_by_its_files(saved: Callable[[str], Path], tmp_path: Path) -> None:
    folder = saved("vit")
    vision = VisionModel(str(folder), "AutoModel")
    names = ["config.json", "model.safetensors", "preprocessor_config.json"]
    hashes = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    assert vision.fingerprint == {"model": "ViTModel", "processor": "ViTImageProcessorPil", "files": hashes}
    # neither where it lies nor what else lies there matters
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    (moved / "README.md").write_text("a model")
    assert VisionModel(str(moved), "AutoModel").fingerprint == vision.fingerprint


def test_a_model_comes_in_evaluation_mode_and_full_precision_and_leaves_logging_alone(
    saved: Callable[[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    logging = transformers.utils.logging
    before = logging.get_verbosity(), logging.is_progress_bar_enabled()
    name = str(saved("vit_classifier"))
    # what saving it says is not meant
    capfd.readouterr()
    vision = VisionModel(name, "AutoModel", optional="pooler.")
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before
    assert capfd.readouterr() == ("", "")
    assert not vision.model.training
    assert {parameter.dtype for parameter in vision.model.parameters()} == {torch.float32}
    assert vision.inputs(noise(2))["pixel_values"].shape == (2, 3, 64, 64)


def test_weights_that_are_missing_are_refused_unless_they_are_optional(saved: Callable[[str], Path]) -> None:
    name = str(saved("vit_classifier"))
    assert VisionModel(name, "AutoModel", optional="pooler.").lacks_optional
    assert not VisionModel(str(saved("vit")), "AutoModel", optional="pooler.").lacks_optional
    with pytest.raises(
        InputError, match=r"its weights lack 2 parameters that AutoModel needs: pooler\.dense\.bias, …$"
    ):
        VisionModel(name, "AutoModel")


def without(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


def cut_short(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])


def changed(file: str, **values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / file
        path.write_text(json.dumps(json.loads(path.read_text()) | values))

    return change


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (without("config.json"), r": holds no config\.json; expected a model saved by transformers, with safetensors$"),
        (without("preprocessor_config.json"), r": holds no \*processor_config\.json; expected a model saved by"),
        (without("model.safetensors"), r": holds no model\*\.safetensors; expected a model saved by"),
        (cut_short, r": cannot be loaded by transformers' AutoModel \(.*header"),
        (changed("config.json", hidden_size=32), r": cannot be loaded by transformers' AutoModel \("),
        (changed("config.json", model_type="of my own"), r": cannot be loaded by transformers' AutoModel \("),
        (
            changed("config.json", model_type="own", auto_map={"AutoConfig": "own.Own", "AutoModel": "own.OwnModel"}),
            r": cannot be loaded by transformers' AutoModel \(.*",
        ),
    ],
)
def test_folders_that_are_broken_are_refused(
    saved: Callable[[str], Path], tmp_path: Path, damage: Callable[[Path], None], message: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(saved("vit"), folder)
    (folder / "own.py").write_text("raise SystemExit('code of a model must never run')\n")
    damage(folder)
    with pytest.raises(InputError, match=message) as caught:
        VisionModel(str(folder), "AutoModel")
    assert str(caught.value).startswith(f"hf:{folder}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nobody/no-such-model", "./no/such/folder", "/no/such/folder"])
def test_what_is_neither_a_folder_nor_on_the_hub_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=rf"^hf:{name}: neither a folder nor to be had from the hub \(") as caught:
        VisionModel(name, "AutoModel")
    assert "\n" not in str(caught.value)


def test_a_model_of_the_hub_is_that_of_the_folder_the_hub_gives(
    saved: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, list[str]]] = []

    def snapshot_download(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, allow_patterns))
        return str(saved("vit"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    vision = VisionModel("someone/vit", "AutoModel")
    assert vision.fingerprint == VisionModel(str(saved("vit")), "AutoModel").fingerprint
    ((name, patterns),) = asked
    assert name == "someone/vit"
    assert not any(pattern.endswith((".bin", ".py", "*")) for pattern in patterns)


@pytest.mark.parametrize("module", ["transformers", "PIL"])
def test_without_the_extra_it_is_named(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(InputError, match=r"^hf:any needs transformers and Pillow: pip install leorn\[transformers\]$"):
        VisionModel("any", "AutoModel")
