"""`leorn search`."""

import json

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.commands.exporting import add_export_options, check_export, export
from leorn.terminal import show_found


def run(options: Namespace) -> None:
    """Find the moments of a library's videos that a sentence describes."""
    from leorn.records import check_sentences

    check_sentences([options.query])
    check_export(options)
    from leorn.retrieval.library import Library

    library = Library(options.library)
    result = library.search(options.query, options.top_k, videos=options.videos, candidates=options.candidates)
    if options.json:
        print(json.dumps(result.to_dict(), indent=2, ensure_ascii=False))
    else:
        show_found(result.to_dict())
    export(result, options, library)


def add_options(parser: Parser) -> None:
    """Options of `leorn search`."""
    parser.add_argument("library", metavar="LIBRARY", help="What leorn index made.")
    parser.add_argument("query", metavar="QUERY", help="A sentence, in quotes.")
    parser.add_argument("--top-k", type=PositiveInt, default=10, help="Moments to print, at most.")
    parser.add_argument("--videos", metavar="PATTERN", help="Look in videos whose id or name fits, as 'kitchen/*'.")
    parser.add_argument(
        "--candidates", type=PositiveInt, default=20, help="Videos in which moments are looked for, the likeliest."
    )
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    add_export_options(parser)
