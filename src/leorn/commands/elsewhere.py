"""Options of commands whose data may lie elsewhere than where training read them."""

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.config import DatasetName

DATA_ELSEWHERE = ("queries", "objects", "words", "frame_features")
"""Fields of `DataConfig` that may lie elsewhere than where training read them."""


def add_data_elsewhere(parser: Parser) -> None:
    """Add the options that say where the data of an experiment lies now."""
    for name in DATA_ELSEWHERE:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"Read data.{name} from here, not where training did.")
    parser.add_argument("--dataset", type=DatasetName | None, help="Format of the queries, where not as in training.")


def data_elsewhere(options: Namespace) -> dict[str, str]:
    """Return the fields of `DataConfig` that the options of `add_data_elsewhere` give."""
    return {name: value for name in (*DATA_ELSEWHERE, "dataset") if (value := options[name])}
