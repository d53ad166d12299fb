"""The command line: parse, call one function, print. Torch is imported only by a command that needs it."""

import os
import sys
from collections.abc import Sequence
from types import ModuleType

from leorn import __version__
from leorn.arguments import Parser
from leorn.commands import (
    ablate,
    assets,
    baselines,
    calibrate,
    convert,
    data,
    evaluate,
    evaluate_search,
    export,
    extract,
    find,
    import_detections,
    index,
    pack,
    plot,
    report,
    score,
    search,
    serve,
    simulate,
    train,
)
from leorn.errors import InputError
from leorn.terminal import fail, speak_with_one_voice, stop

COMMANDS: dict[str, ModuleType] = {
    "find": find,
    "index": index,
    "search": search,
    "serve": serve,
    "extract": extract,
    "train": train,
    "ablate": ablate,
    "evaluate": evaluate,
    "evaluate-search": evaluate_search,
    "score": score,
    "report": report,
    "baselines": baselines,
    "plot": plot,
    "simulate": simulate,
    "data": data,
    "import-detections": import_detections,
    "convert": convert,
    "pack": pack,
    "calibrate": calibrate,
    "export": export,
    "assets": assets,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `leorn`; bad input is one line on stderr and exit status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = make_parser(arguments).parse_args(arguments)
    speak_with_one_voice()
    try:
        COMMANDS[options.command].run(options[options.command])
        sys.stdout.flush()
    except InputError as error:
        fail(str(error))
    except KeyboardInterrupt:
        stop()
    except BrokenPipeError:
        # who read the output, such as head, has enough; Python would complain again when it closes stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def make_parser(arguments: Sequence[str] = ()) -> Parser:
    """Return the parser of `leorn` and its commands, with the options of the network that the arguments name."""
    description = "Find the moment of a video that a sentence describes."
    # a key cut short is an unknown key
    parser = Parser(prog="leorn", description=description, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"leorn {__version__}")
    commands = parser.add_subcommands(dest="command", required=True, title="commands", metavar="COMMAND")
    for name, module in COMMANDS.items():
        command = Parser(description=module.run.__doc__)
        command.given = arguments
        module.add_options(command)
        commands.add_subcommand(name, command, help=module.run.__doc__)
    return parser
