"""`leorn evaluate-search`."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal

from jsonargparse import Namespace
from jsonargparse.typing import NonNegativeInt, PositiveInt

from leorn.arguments import Parser
from leorn.commands.queries import add_queries, read_scored_queries
from leorn.config import DatasetName
from leorn.terminal import progress, say, show, write_json
from leorn.wording import counted


def run(options: Namespace) -> None:
    """Measure a search of many videos: recall of moments and videos, and whether it knows what is not there."""
    from leorn.data.annotations import read_queries

    queries = read_scored_queries(options).queries
    absent: list[str] = []
    if options.absent:
        read = read_queries(options.absent, options.absent_dataset, options.absent_split).queries
        absent = list(dict.fromkeys(query.text for query in read))
    # torch only now: what is wrong with an option is said at once
    from leorn.retrieval.evaluate_library import evaluate_library
    from leorn.retrieval.library import Library

    run = evaluate_library(
        Library(options.library),
        queries,
        absent,
        candidates=options.candidates,
        most=options.most,
        seed=options.seed,
        progress=progress,
    )
    title = f"{run.library}: {counted(run.videos, 'video')}, {counted(run.windows, 'window')}"
    title += f"; {counted(run.queries, 'query')}, {counted(run.absent, 'sentence')} from elsewhere"
    rows = {name: {"": figure} for name, figure in run.metrics.items()}
    show(rows, {}, title, markdown=options.format == "markdown")
    if options.out:
        write_json(Path(options.out), asdict(run))
        say(f"wrote {options.out}")


def add_options(parser: Parser) -> None:
    """Options of `leorn evaluate-search`."""
    parser.add_argument("library", metavar="LIBRARY", help="What leorn index made.")
    add_queries(parser, None, "Only the queries of this split, where there are several.")
    parser.add_argument(
        "--absent", metavar="QUERIES", help="Annotations of other videos, whose sentences find nothing."
    )
    parser.add_argument("--absent-dataset", type=DatasetName, default="jsonl", help="Their format.")
    parser.add_argument("--absent-split", help="Only those of this split.")
    parser.add_argument(
        "--most",
        type=PositiveInt | None,
        help="Queries, and sentences from elsewhere, to ask; drawn at random.",
    )
    parser.add_argument("--seed", type=NonNegativeInt, default=0, help="Of that draw.")
    parser.add_argument("--candidates", type=PositiveInt, default=20, help="Videos in which moments are looked for.")
    parser.add_argument("--out", metavar="FILE", help="JSON of the figures, with what they depend on.")
    parser.add_argument("--format", type=Literal["table", "markdown"], default="table", help="What to print.")
