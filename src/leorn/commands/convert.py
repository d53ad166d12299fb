"""`leorn convert`."""

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.terminal import say


def run(options: Namespace) -> None:
    """Turn a published configuration and checkpoint into a network of ours."""
    from leorn.checkpoints import convert_published

    convert_published(options.config, options.weights, options.out)
    say(f"wrote {options.out}")


def add_options(parser: Parser) -> None:
    """Options of `leorn convert`."""
    parser.add_argument("--config", required=True, help="The published YAML.")
    parser.add_argument("--weights", required=True, help="The published checkpoint (torch), or .safetensors.")
    parser.add_argument("--out", required=True, help="The .safetensors file to write.")
