"""A network as an ONNX graph: a sentence and the objects of a video in, candidate moments with their scores out.

Letters: L words, D_w width of word vectors, T frames, N object slots, D_o width of object features, D_f of frame
features, K candidates.
"""

import copy
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leorn.checkpoints import NetworkRecord
from leorn.errors import InputError
from leorn.files import replace_atomically
from leorn.model.leorn import LEORN
from leorn.model.networks import Network
from leorn.model.onnx_gru import onnx_gru
from leorn.retrieval.recipe import slots_of

METADATA = "leorn"
"""Key of the graph's metadata that holds the network's record, as JSON."""
OUTPUTS = ("spans", "scores", "attention")


def export_onnx(network: Network, record: NetworkRecord, path: str | Path, most_words: int) -> dict[str, list[int]]:
    """Write a network as an ONNX file that holds all its weights.

    Inputs, in float32 but for masks: `words` (1, L, D_w), padded with 0, and `word_mask` (1, L), true where there is a
    word; `objects` (1, T, N, D_o), `object_mask` (1, T, N) and `boxes` (1, T, N, 4) as `LEORN.forward` takes them;
    `frames` (1, T, D_f) of a fusion network; of a network for videos of any length `frame_mask` (1, T), true where
    there is a frame. Outputs: `spans` (1, K, 2) as shares of the duration, `scores` (1, K), and `attention`
    (1, T, N + 1) to the sentinel and to each object.

    Args:
        network: in evaluation mode.
        record: what travels with it, and with the file: the key `leorn` of its metadata, as JSON.
        path: the file.
        most_words: L.

    Returns:
        The inputs' names and shapes.

    Raises:
        InputError: what exports is not installed, or the file cannot be written.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed; pip install leorn[onnx] adds it") from error
    inputs = example_inputs(network, slots_of(record), most_words)
    with _quietly(), torch.no_grad():
        program = torch.onnx.export(
            _Graph(network, list(inputs)),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=OUTPUTS,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    program.model.metadata_props[METADATA] = json.dumps(record.to_dict())
    with replace_atomically(path) as temporary:
        temporary.write_bytes(program.model_proto.SerializeToString())
    return {name: list(value.shape) for name, value in inputs.items()}


def example_inputs(network: Network, slots: int, most_words: int) -> dict[str, Tensor]:
    """Return inputs of the shapes that a network takes, by name."""
    config = network.config
    frames = (1, config.frames)
    inputs = {
        "words": torch.zeros(1, most_words, config.word_size),
        "word_mask": torch.arange(most_words)[None] < max(1, most_words // 2),
        "objects": torch.zeros(*frames, slots, config.object_size),
        "object_mask": torch.ones(*frames, slots, dtype=torch.bool),
        "boxes": torch.zeros(*frames, slots, 4),
    }
    if config.frame_size is not None:
        inputs["frames"] = torch.zeros(*frames, config.frame_size)
    if not isinstance(network, LEORN):
        inputs["frame_mask"] = torch.ones(*frames, dtype=torch.bool)
    return inputs


class _Graph(nn.Module):
    """From a network's inputs to its candidates."""

    def __init__(self, network: Network, names: list[str]) -> None:
        super().__init__()
        self.names = names
        # a copy: the network itself goes on with torch's GRU
        self.network = copy.deepcopy(network).cpu().eval()
        if isinstance(self.network, LEORN):
            self.network.text.run_gru = onnx_gru

    def forward(self, *inputs: Tensor) -> tuple[Float[Tensor, "1 K 2"], Float[Tensor, "1 K"], Float[Tensor, "1 T S"]]:
        network: Any = self.network
        scored = network(**dict(zip(self.names, inputs, strict=True)), return_evidence=True)
        candidates = network.candidates(scored)
        return candidates.spans.float(), candidates.scores.float(), scored.evidence.objects


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave out what torch's exporter says of packages that are not needed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
