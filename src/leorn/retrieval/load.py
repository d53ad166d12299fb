"""The door of the package: a retriever by the name of its network."""

from pathlib import Path

from leorn.config import Precision
from leorn.retrieval.loading import open_network
from leorn.retrieval.retriever import Retriever


def load(
    source: str | Path = "demo",
    *,
    words: str | Path | None = None,
    detector: str | None = None,
    device: str | None = None,
    precision: Precision = "32-true",
) -> Retriever:
    """Load a network that answers questions about videos.

    Args:
        source: a `.safetensors` or `.ckpt` file, a folder with `network.safetensors`, the id of a model on the Hugging
            Face Hub, or `demo`, the small network that comes with the package.
        words: its word vectors, where they lie neither beside it nor where training read them.
        detector: what finds objects, where the network was trained on imported detections.
        device: torch's name, for the network; the first GPU where there is one, else the CPU. Detectors and backbones
            of transformers take the first GPU where there is one.
        precision: arithmetic of the network: `bf16-mixed` is faster where the processor has bfloat16, and moves
            boundaries a little.

    Raises:
        InputError: no such network or device, or word vectors that are missing or not those it was trained on.
    """
    network, record, vectors = open_network(source, words)
    return Retriever(network, record, vectors, detector=detector, device=device, precision=precision)
