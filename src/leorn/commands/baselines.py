"""`leorn baselines`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from jsonargparse import Namespace

from leorn.arguments import Parser, make
from leorn.commands.queries import add_queries, add_train_queries, read_scored_queries, read_train_queries
from leorn.config import EvaluationConfig
from leorn.scoring.results import METRICS, PREDICTIONS
from leorn.terminal import say, show, write_json
from leorn.wording import counted

RANKING = {"nms", "nms_threshold", "top_k"}
"""Options without a meaning here: windows have no scores, and each is there for what those before it miss."""
PEOPLES = "charades-sta-reannotated"
"""The data set whose moments of a query are different people's."""


def run(options: Namespace) -> None:
    """Answer queries without a look at video or sentence: what a network must beat; and how far people agree."""
    from leorn.scoring.agreement import person_against_another, person_against_others
    from leorn.scoring.baselines import BASELINES
    from leorn.scoring.metrics import evaluate_predictions
    from leorn.scoring.predictions import write_predictions
    from leorn.training.checks import check_figures

    evaluation = make(EvaluationConfig, options)
    check_figures(evaluation, "--")
    queries = read_scored_queries(options).queries
    train_queries = read_train_queries(options)
    about = {
        "split": options.split,
        "queries": len(queries),
        "evaluation": {name: value for name, value in asdict(evaluation).items() if name not in RANKING},
    }

    rows, windows = {}, {}
    for baseline in BASELINES:
        for threshold in evaluation.ious:
            name = f"{baseline.name} for IoU {threshold:g}"
            windows[name] = baseline.choose(
                train_queries, max(evaluation.recalls), threshold, evaluation.strict, evaluation.against
            )
            predictions = baseline.answer(queries, windows[name])
            rows[name] = evaluate_predictions(predictions, queries, evaluation)
            if options.out:
                folder = Path(options.out) / name.replace(" ", "-")
                write_predictions(folder / PREDICTIONS, predictions)
                own = {"windows": windows[name], "metrics": {name: rows[name]}}
                write_json(folder / METRICS, {"baseline": name, **about, **own})
    if options.dataset == PEOPLES:
        rows["a person against another"] = person_against_another(queries, evaluation)
        rows["a person against the others"] = person_against_others(queries, evaluation)

    content = {**about, "windows": windows, "metrics": rows}
    if options.out:
        metrics = Path(options.out) / METRICS
        write_json(metrics, content)
        say(f"wrote {metrics} and the predictions of {len(windows)} baselines", to_stderr=True)
    if options.format == "json":
        print(json.dumps(content, indent=2))
    else:
        show(rows, {}, f"{options.split}, {counted(len(queries), 'query')}", markdown=options.format == "markdown")


def add_options(parser: Parser) -> None:
    """Options of `leorn baselines`."""
    add_queries(parser, "test", "Split of the queries to answer.")
    add_train_queries(parser)
    parser.add_argument("--out", help="Folder of metrics.json, and of a folder for each baseline.")
    parser.add_argument("--format", type=Literal["table", "markdown", "json"], default="table", help="What to print.")
    parser.add_class_arguments(EvaluationConfig, skip=RANKING)
