"""What a query costs as an ONNX graph, video included, against PyTorch's plain path on the same inputs."""

from pathlib import Path

import onnxruntime
import pytest
import torch
from conftest import InTurns
from sides import read_model

from leorn.checkpoints import NetworkRecord
from leorn.config import ModelConfig
from leorn.model.leorn import LEORN
from leorn.retrieval.onnx_export import example_inputs, export_onnx
from leorn.retrieval.recipe import slots_of

WORDS = 32


@pytest.mark.parametrize("experiment", ["experiments/charades/LEORN-64x64-K9L4.yaml"], ids=["K9L4-64x64"])
def test_a_graph_against_the_plain_path(in_turns: InTurns, tmp_path: Path, experiment: str) -> None:
    torch.manual_seed(0)
    config = read_model(ModelConfig, experiment)
    network = LEORN(config).eval()
    network.map_conv.way = "direct"
    record = NetworkRecord(config)
    inputs = {name: torch.randn_like(value) if value.is_floating_point() else value
              for name, value in example_inputs(network, slots_of(record), WORDS).items()}  # fmt: skip
    export_onnx(network, record, tmp_path / "network.onnx", WORDS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(tmp_path / "network.onnx"), options, ["CPUExecutionProvider"])
    given = {name: value.numpy() for name, value in inputs.items()}

    def plain() -> None:
        with torch.inference_mode():
            network.candidates(network(**inputs, return_evidence=True))

    in_turns(lambda: session.run(None, given), plain)
