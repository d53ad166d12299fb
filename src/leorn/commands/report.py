"""`leorn report`."""

from pathlib import Path

from jsonargparse import Namespace

from leorn.arguments import Parser, make
from leorn.commands.protocol import add_protocol, check_agreement, described, take_defaults
from leorn.config import DatasetName, EvaluationConfig
from leorn.errors import InputError
from leorn.terminal import say


def run(options: Namespace) -> None:
    """Report what one or several methods are worth on the same queries, beside honest baselines, as one HTML page."""
    from leorn.data.annotations import read_queries
    from leorn.reporting.baselines import baselines
    from leorn.reporting.content import make_report
    from leorn.reporting.methods import read_methods, rename, thinned
    from leorn.reporting.write import write_report
    from leorn.training.checks import check_evaluation

    evaluation = make(EvaluationConfig, options)
    if options.protocol:
        check_agreement(evaluation, options.protocol)
    check_evaluation(evaluation, "--")
    queries = read_queries(options.queries, options.dataset, options.split).queries
    train = read_train(options)
    methods = read_methods(options.predictions)
    if options.names:
        methods = rename(methods, options.names)
    report = make_report(
        queries,
        [*(thinned(method, evaluation) for method in methods), *baselines(queries, train, evaluation)],
        evaluation,
        train=train,
        protocol={"annotations": f"{options.dataset}, {options.queries}", "split": options.split}
        | (described(options.protocol) if options.protocol else {}),
    )
    title = options.title or f"{', '.join(method.name for method in methods if not method.baseline)} on {options.split}"
    for path in write_report(report, options.out, title):
        say(f"wrote {path}")
