"""The option that names a network's arithmetic."""

from leorn.arguments import Parser
from leorn.config import Precision


def add_precision(parser: Parser) -> None:
    """Add `--precision`."""
    parser.add_argument(
        "--precision",
        type=Precision,
        default="32-true",
        help="Arithmetic; bf16-mixed is fast where processors have it.",
    )
