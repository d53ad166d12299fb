"""`leorn data`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Literal, get_args

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.data.offers import PublishedName
from leorn.terminal import fail_after, progress, show_parts


def run(options: Namespace) -> None:
    """See what of a published data set is there, what is missing, and where it can be had."""
    from leorn.data.parts import in_the_way
    from leorn.data.published_check import check_published
    from leorn.data.published_files import DATASETS

    root = Path("data", DATASETS[options.name].folder) if options.root is None else Path(options.root)
    parts = check_published(options.name, root, progress)
    bad = in_the_way(parts)
    if options.format == "json":
        report = {
            "dataset": options.name,
            "root": str(root),
            "ready": not bad,
            "parts": [asdict(part) for part in parts],
        }
        print(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        show_parts(parts)
    if bad:
        fail_after([f"{root} is not ready: {'; '.join(f'{part.name} {part.state}' for part in bad)}"])


def add_options(parser: Parser) -> None:
    """Options of `leorn data`."""
    status = (
        "check leaves with status 0 when all that training and evaluation of an object network need is there, "
        "with 1 when something of it is missing or anything is wrong, and with 2 when asked for what cannot be"
    )
    names = get_args(PublishedName)
    parser.add_argument("action", metavar="ACTION", choices=("check",), help=f"{status}.")
    parser.add_argument("name", metavar="NAME", choices=names, help=f"The data set: {', '.join(names)}.")
    parser.add_argument("--root", help="Its folder; where not given, the one in data/ that the experiments read.")
    parser.add_argument("--format", type=Literal["table", "json"], default="table", help="What to print.")
