"""`leorn pack`."""

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.terminal import say


def run(options: Namespace) -> None:
    """Put a network and its word vectors into a folder of their own, ready for leorn find."""
    from leorn.retrieval.loading import pack

    say(f"wrote {pack(options.network, options.out, options.words, options.detector)}")


def add_options(parser: Parser) -> None:
    """Options of `leorn pack`."""
    parser.add_argument("network", metavar="CHECKPOINT", help="What leorn train wrote.")
    parser.add_argument("--out", required=True, help="Folder for network.safetensors and its word vectors.")
    parser.add_argument("--words", help="Its word vectors; where training read them if not given.")
    parser.add_argument("--detector", help="What finds the objects of a new video, such as opencv-yolo.")
