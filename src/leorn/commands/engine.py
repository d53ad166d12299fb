"""Options of commands whose work many processes share, on this machine or on many."""

from importlib.util import find_spec
from typing import Any

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.errors import InputError


def add_engine(parser: Parser) -> None:
    """Add the options that say who works."""
    parser.add_argument("--jobs", type=PositiveInt, default=1, help="Processes that extract at once.")
    parser.add_argument(
        "--engine", choices=["local", "ray"], default="local",
        help="Whose processes: this machine's, or Ray's, where a process that dies is started again.",
    )  # fmt: skip
    parser.add_argument(
        "--ray-address", metavar="HOST:PORT",
        help="A Ray cluster, for --engine ray, run on one of its machines; all must find the videos, and the "
        "detector's files, under the same paths. Without it Ray is started on this machine.",
    )  # fmt: skip


def engine_of(options: Namespace) -> dict[str, Any]:
    """Return what the options of `add_engine` say, as `extract_videos` takes it.

    Raises:
        InputError: Ray is asked for and not installed; said before anything is begun.
    """
    if options.engine == "ray" and find_spec("ray") is None:
        raise InputError("--engine ray needs Ray: pip install leorn[cluster]")
    return {name: options[name] for name in ("jobs", "engine", "ray_address")}
