"""Options that name queries to score, and queries to choose baselines on."""

from typing import TYPE_CHECKING

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.config import DatasetName
from leorn.errors import InputError
from leorn.terminal import say

if TYPE_CHECKING:
    from leorn.data.annotations import Annotations
    from leorn.records import Query

TRAIN_SPLITS = ["train"]
"""Where nobody says otherwise."""


def add_queries(parser: Parser, split: str | None, split_help: str) -> None:
    """Add the options that name queries; `split` is the default."""
    parser.add_argument(
        "--queries", required=True, help="Annotations: a JSON lines file, or a published data set's folder."
    )
    parser.add_argument("--dataset", type=DatasetName, default="jsonl", help="Format of the annotations.")
    parser.add_argument("--split", default=split, help=split_help)


def read_scored_queries(options: Namespace) -> "Annotations":
    """Read the queries that the options name, and say on stderr what had to be mended to read them.

    Raises:
        InputError: as `leorn.data.annotations.read_queries`.
    """
    from leorn.data.annotations import read_queries

    read = read_queries(options.queries, options.dataset, options.split)
    if read.clipped or read.dropped:
        say(f"{options.queries}: {read.summary()}", to_stderr=True)
    return read


def add_train_queries(parser: Parser) -> None:
    """Add the options that name training queries."""
    parser.add_argument("--train-queries", help="Annotations to choose windows on, where not the same.")
    parser.add_argument("--train-dataset", type=DatasetName | None, help="Their format, where not the same.")
    parser.add_argument("--train-split", nargs="+", default=TRAIN_SPLITS, help="Their split, or several.")


def read_train_queries(options: Namespace) -> "list[Query]":
    """Read the training queries that the options name.

    Raises:
        InputError: there are none.
    """
    from leorn.data.annotations import read_queries

    path, dataset = options.train_queries or options.queries, options.train_dataset or options.dataset
    try:
        return [query for split in options.train_split for query in read_queries(path, dataset, split).queries]
    except InputError as error:
        hint = "; --train-queries says where to choose windows"
        if options.train_queries:
            published = options.train_dataset is None and dataset != "jsonl"
            hint = f"; read as {dataset}: --train-dataset says where it is of another format" if published else ""
        raise InputError(f"{error}{hint}") from error
