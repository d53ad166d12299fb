import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from leorn.checkpoints import NetworkRecord
from leorn.cli import main
from leorn.config import NetworkConfig
from leorn.errors import InputError
from leorn.retrieval.onnx_export import example_inputs, export_onnx
from tests.model.small import FUSION, SMALL_PYRAMID, random_network
from tests.tiny import MODEL


def random_values(inputs: dict[str, Tensor], words: int, frames: int, seed: int) -> dict[str, Tensor]:
    """Inputs of these shapes: so many words, and so many frames where a network takes any number."""
    generator = torch.Generator().manual_seed(seed)
    values = {name: torch.randn(value.shape, generator=generator) for name, value in inputs.items()}
    values["word_mask"] = torch.arange(inputs["words"].shape[1])[None] < words
    values["words"] *= values["word_mask"][..., None]
    values["boxes"] = values["boxes"].sigmoid()
    values["object_mask"] = torch.rand(inputs["object_mask"].shape, generator=generator) < 0.7
    if "frame_mask" in inputs:
        values["frame_mask"] = torch.arange(inputs["frame_mask"].shape[1])[None] < frames
        values["object_mask"] &= values["frame_mask"][..., None]
    return values


# as few layers as there can be: what takes its time is the exporter
PYRAMID = replace(
    SMALL_PYRAMID,
    num_layers=1,
    levels=2,
    stem_blocks=1,
    num_text_layers=1,
    num_conditioning_layers=1,
    num_head_layers=1,
)


@pytest.mark.parametrize("config", [FUSION, PYRAMID])
def test_the_graph_answers_as_the_network_does(config: NetworkConfig, tmp_path: Path) -> None:
    network, path = random_network(config), tmp_path / "network.onnx"
    record = NetworkRecord(model=config, fingerprint={"kind": "cats"})
    shapes = export_onnx(network, record, path, most_words=7)

    graph = onnx.load(path)
    onnx.checker.check_model(graph, full_check=True)
    assert {one.key: json.loads(one.value) for one in graph.metadata_props}["leorn"] == record.to_dict()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert {one.name: one.shape for one in session.get_inputs()} == shapes

    for seed, (words, frames) in enumerate([(7, 16), (1, 16), (4, 9), (2, 1)]):
        values = random_values(example_inputs(network, 16, 7), words, frames, seed)
        with torch.inference_mode():
            scored = network(**values, return_evidence=True)
            candidates = network.candidates(scored)
        given = session.run(None, {name: value.numpy() for name, value in values.items()})
        spans, scores, attention = map(np.asarray, given)
        found = scores.argsort()[0, ::-1][:10]
        np.testing.assert_allclose(scores, candidates.scores.numpy(), atol=1e-5)
        np.testing.assert_allclose(spans[0, found], candidates.spans[0].numpy()[found], atol=1e-5)
        np.testing.assert_allclose(attention, scored.evidence.objects.numpy(), atol=1e-5)


def test_a_trained_network_is_exported_by_command(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["export", str(trained), "--out", str(tmp_path / "a.onnx"), "--max-words", "5"])
    printed = capsys.readouterr()
    assert printed.out.startswith(
        f"wrote {tmp_path}/a.onnx, which takes words [1, 5, {MODEL.word_size}], word_mask [1, 5]"
    )
    assert printed.err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]
    session = onnxruntime.InferenceSession(tmp_path / "a.onnx", providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_outputs()] == ["spans", "scores", "attention"]


@pytest.mark.parametrize("missing", ["onnx", "onnxscript"])
def test_what_is_not_installed_is_said_with_what_adds_it(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"is not installed; pip install leorn\[onnx\] adds it"):
        export_onnx(random_network(FUSION), NetworkRecord(model=FUSION), tmp_path / "network.onnx", 3)


def test_what_cannot_be_exported_is_refused(tmp_path: Path, refused: Callable[..., str]) -> None:
    message = refused("export", tmp_path / "none.ckpt", "--out", tmp_path / "a.onnx")
    assert message.startswith(f"{tmp_path}/none.ckpt: no such network; expected ")
    assert "expected" in refused("export", "demo", "--out", tmp_path / "a.onnx", "--max-words", "0")
    assert not list(tmp_path.iterdir())
