"""`leorn export`."""

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.terminal import say


def run(options: Namespace) -> None:
    """Write a network as an ONNX graph, for other runtimes than PyTorch."""
    from leorn.checkpoints import load_network
    from leorn.retrieval.loading import find_network
    from leorn.retrieval.onnx_export import export_onnx

    network, record = load_network(find_network(options.network))
    inputs = export_onnx(network, record, options.out, options.max_words)
    say(f"wrote {options.out}, which takes {', '.join(f'{name} {shape}' for name, shape in inputs.items())}")


def add_options(parser: Parser) -> None:
    """Options of `leorn export`."""
    parser.add_argument(
        "network", metavar="NETWORK", help="A .safetensors or .ckpt file, a folder of leorn pack, a hub id, or demo."
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="The .onnx file.")
    parser.add_argument("--max-words", type=PositiveInt, default=32, help="Words of a sentence, at most.")
