"""`leorn score`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import Namespace

from leorn.arguments import Parser, make
from leorn.commands.protocol import add_protocol, check_agreement, described, take_defaults
from leorn.commands.queries import add_queries, read_scored_queries
from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.scoring.protocols import PROTOCOLS
from leorn.terminal import show
from leorn.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leorn.records import Prediction, Query


def run(options: Namespace) -> None:
    """Score anybody's predictions against the moments of the queries."""
    from leorn.scoring.metrics import evaluate_predictions
    from leorn.scoring.pairing import fit_to_queries
    from leorn.scoring.predictions import apply_nms, read_predictions
    from leorn.training.checks import check_evaluation

    evaluation = make(EvaluationConfig, options)
    if name := options.protocol:
        check_agreement(evaluation, name)
    check_evaluation(evaluation, "--")
    read = read_scored_queries(options)
    queries, predicted = read.queries, read_predictions(options.predictions)
    predicted = fit_to_queries(predicted, queries, read.dropped_queries, str(options.predictions))
    predictions = apply_nms(predicted, evaluation.nms_threshold, evaluation.top_k, evaluation.nms)
    try:
        metrics = evaluate_predictions(predictions, queries, evaluation)
    except InputError as error:
        raise InputError(f"{error}{split_hint(predictions, queries)}") from error
    if options.format == "json":
        rules = (described(name) if name else {}) | {"evaluation": asdict(evaluation)}
        print(json.dumps({"queries": len(queries)} | rules | {"metrics": metrics}, indent=2))
    else:
        if name:
            print(f"{name}: {PROTOCOLS[name].rule}")
        show({Path(options.predictions).stem: metrics}, {}, counted(len(queries), "query"))


def split_hint(predictions: "Sequence[Prediction]", queries: "Sequence[Query]") -> str:
    """Say what `--split` would do, where queries of several splits were read and some of them have no prediction."""
    predicted = {prediction.query_id for prediction in predictions}
    answered = {query.split for query in queries if query.query_id in predicted}
    if len({query.split for query in queries}) < 2 or all(query.query_id in predicted for query in queries):
        return ""
    if len(answered) == 1 and (split := answered.pop()):
        return f"; all predictions are of one split: --split {split} scores them"
    return "; the queries are of several splits: --split scores one of them"


def add_options(parser: Parser) -> None:
    """Options of `leorn score`."""
    parser.add_argument(
        "--predictions",
        required=True,
        help="JSON lines: query_id, video, moments [[start, end, score], …], which are ranked by score; "
        "without scores, [[start, end], …], best first. Or submissions to QVHighlights: qid, vid, "
        "pred_relevant_windows.",
    )
    add_queries(parser, None, "Only the queries of this split, where there are several.")
    parser.add_argument("--format", type=Literal["table", "json"], default="table", help="What to print.")
    add_protocol(parser, "The options below have its values then, and must not say otherwise.")
    parser.add_class_arguments(EvaluationConfig)
    take_defaults(parser)
