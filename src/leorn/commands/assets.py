"""`leorn assets`."""

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.assets import GROUPS, asset, check_assets, fetch_assets
from leorn.terminal import fail_after, say, show_assets


def run(options: Namespace) -> None:
    """Show where models and clips for demos and tests lie, and whether they are whole; or fetch them."""
    if options.path is not None:
        print(asset(options.path))
        return
    if options.fetch is not None:
        fetch_assets(say, GROUPS if "all" in options.fetch else options.fetch or ("demo",))
    states = check_assets()
    show_assets(states)
    if damaged := [state for state in states if state.present and not state.intact]:
        fail_after(
            f"{state.path}: the SHA-256 of another file; run `leorn assets --fetch {state.asset.group}`"
            for state in damaged
        )


def add_options(parser: Parser) -> None:
    """Options of `leorn assets`."""
    parser.add_argument("--path", metavar="ASSET", help="Print the path of one of them, and nothing else.")
    parser.add_argument(
        "--fetch",
        nargs="*",
        metavar="GROUP",
        choices=(*GROUPS, "all"),
        help=f"Fetch what is missing, with pip, pinned and hashed: {', '.join(GROUPS)}, all; demo if none is named.",
    )
