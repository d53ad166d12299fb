"""`leorn report`."""

from dataclasses import replace
from typing import TYPE_CHECKING

from jsonargparse import Namespace

from leorn.arguments import Parser, make
from leorn.commands.protocol import add_protocol, check_agreement, described, take_defaults
from leorn.commands.queries import TRAIN_SPLITS, add_queries, add_train_queries, read_scored_queries, read_train_queries
from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.terminal import say

if TYPE_CHECKING:
    from leorn.records import Query
    from leorn.reporting.methods import Method


def run(options: Namespace) -> None:
    """Report what methods are worth on the same queries, beside honest baselines, as one HTML page."""
    from leorn.reporting.content import make_report
    from leorn.reporting.methods import check_answers, read_methods, rename
    from leorn.reporting.write import write_report
    from leorn.scoring.pairing import fit_to_queries
    from leorn.scoring.predictions import apply_nms
    from leorn.training.checks import check_evaluation

    evaluation = make(EvaluationConfig, options)
    if options.protocol:
        check_agreement(evaluation, options.protocol)
    check_evaluation(evaluation, "--")
    annotations = read_scored_queries(options)
    queries = annotations.queries
    methods = [
        replace(
            method,
            predictions=fit_to_queries(method.predictions, queries, annotations.dropped_queries, str(method.file)),
        )
        for method in read_methods(options.predictions)
    ]
    check_answers(methods, max(evaluation.recalls))
    if options.names:
        methods = rename(methods, options.names)
    title = options.title or f"{', '.join(method.name for method in methods if not method.baseline)}: {options.split}"
    train = _train_queries(options)
    ranking = evaluation.nms_threshold, evaluation.top_k, evaluation.nms
    thinned = [
        method if method.ranked else replace(method, predictions=apply_nms(method.predictions, *ranking))
        for method in methods
    ]
    protocol = {
        "annotations": f"{options.queries} ({options.dataset})",
        "as read": annotations.summary(),
        "split": options.split,
    }
    report = make_report(
        queries,
        [*thinned, *_baselines(queries, train, evaluation)],
        evaluation,
        train=train,
        protocol=protocol | (described(options.protocol) if options.protocol else {}),
    )
    for path in write_report(report, options.out, title):
        say(f"wrote {path}")


def _train_queries(options: Namespace) -> "list[Query]":
    """Read the training queries; where nobody says which, and there are none, say what is left out."""
    try:
        return read_train_queries(options)
    except InputError as error:
        if options.train_queries or options.train_split != TRAIN_SPLITS:
            raise
        say(f"no baselines and no rare words, for want of training queries: {error}", to_stderr=True)
        return []


def _baselines(queries: "tuple[Query, ...]", train: "list[Query]", evaluation: EvaluationConfig) -> "list[Method]":
    from leorn.reporting.content import main_threshold
    from leorn.reporting.methods import Method
    from leorn.scoring.baselines import BASELINES

    choice = max(evaluation.recalls), main_threshold(evaluation), evaluation.strict, evaluation.against
    return [
        Method(baseline.name, baseline.answer(queries, baseline.choose(train, *choice)), baseline=True)
        for baseline in BASELINES
        if train
    ]


def add_options(parser: Parser) -> None:
    """Options of `leorn report`."""
    parser.add_argument(
        "--predictions",
        nargs="+",
        required=True,
        help="Predictions as leorn score takes them, the others compared with the first. Those of leorn evaluate, with "
        "its metrics.json beside them, have gone through NMS and stand as they are, and so do the windows of leorn "
        "baselines; of a folder of leorn evaluate, also those of the blinded network are shown.",
    )
    parser.add_argument("--names", nargs="+", help="What to call them; what their paths differ in if not given.")
    parser.add_argument("--out", required=True, help="Folder of report.html and report.json.")
    parser.add_argument("--title", help="The page's title.")
    add_queries(parser, "test", "Split of the queries.")
    add_train_queries(parser)
    add_protocol(parser, "The options below have its values then, and must not say otherwise.")
    parser.add_class_arguments(EvaluationConfig)
    take_defaults(parser)
