"""`leorn simulate`."""

from jsonargparse import Namespace
from jsonargparse.typing import NonNegativeInt

from leorn.arguments import Parser, make
from leorn.data.simulation.config import SimulationConfig
from leorn.terminal import progress, say


def run(options: Namespace) -> None:
    """Make simulated scenes: object tracks, and sentences about what happens in them."""
    from leorn.data.simulate import read_held_out, simulate

    held_out = read_held_out(options.held_out_as) if options.held_out_as else None
    simulate(options.out, make(SimulationConfig, options), options.seed, progress("simulating"), held_out)
    say(f"wrote simulated scenes to {options.out}")


def add_options(parser: Parser) -> None:
    """Options of `leorn simulate`."""
    parser.add_argument("--out", required=True, help="Folder for queries.jsonl, detections/ and words.npz.")
    parser.add_argument("--seed", type=NonNegativeInt, default=0, help="The same seed gives the same bytes.")
    parser.add_argument(
        "--held-out-as", metavar="DIR", help="Hold out the verb–object pairs that these scenes hold out."
    )
    parser.add_class_arguments(SimulationConfig)
