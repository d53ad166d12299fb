"""`leorn evaluate`."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.commands.elsewhere import add_data_elsewhere, data_elsewhere
from leorn.commands.precision import add_precision
from leorn.commands.protocol import add_protocol, described
from leorn.errors import InputError
from leorn.scoring.protocols import PROTOCOLS
from leorn.scoring.results import BLINDED, METRICS, PREDICTIONS
from leorn.terminal import is_first_process, progress, say, show, write_json
from leorn.wording import counted

if TYPE_CHECKING:
    from leorn.training.evaluate import Evaluation


def run(options: Namespace) -> None:
    """Evaluate a network, or several runs of one, beside a constant window and the published figures."""
    from leorn.training.checks import check_accelerator

    check_accelerator(options.accelerator, "--accelerator")
    # torch only now: what is wrong with an option is said at once
    from leorn.scoring.published_results import published_results
    from leorn.scoring.report import summarise
    from leorn.training.evaluate import evaluate

    if options.out and len(options.checkpoint) > 1:
        raise InputError("--out is for one checkpoint; the results of several are written beside each")
    if len({Path(checkpoint).resolve().parent for checkpoint in options.checkpoint}) < len(options.checkpoint):
        raise InputError("two checkpoints of one folder: their results would be written over each other")
    data, name = data_elsewhere(options), options.protocol
    results = []
    for checkpoint in options.checkpoint:
        result = evaluate(
            checkpoint,
            split=options.split,
            data=data,
            protocol=PROTOCOLS[name] if name else None,
            shuffle_objects=options.shuffle_objects,
            shuffle_sentences=options.shuffle_sentences,
            devices=options.devices,
            accelerator=options.accelerator,
            precision=options.precision,
            progress=progress("checking videos"),
        )
        results.append(result)
        if is_first_process():
            out = Path(options.out or Path(checkpoint).parent / options.split)
            about = {"checkpoint": str(checkpoint)} | (described(name) if name else {})
            write_results(out, result, about)
            say(f"wrote {out / PREDICTIONS} and {out / METRICS}")
    if is_first_process():
        title = f"{options.split}, {counted(len(results[0].predictions), 'query')}"
        title += f", mean ± standard deviation of {len(results)} runs" if len(results) > 1 else ""
        if name:
            print(f"{name}: {PROTOCOLS[name].rule}")
        experiment = results[0].experiment
        evaluation = experiment.evaluation
        # all published figures count a hit on any of a query's moments
        comparable = evaluation.against == "any"
        dataset = experiment.data.dataset
        published = published_results(dataset, options.split, strict=evaluation.strict) if comparable else {}
        show(summarise([result.rows for result in results]), published, title, markdown=options.format == "markdown")


def write_results(out: Path, result: "Evaluation", about: Mapping[str, str]) -> None:
    """Write predictions and figures, and leave no blinded network's predictions of another time beside them."""
    from leorn.scoring.predictions import write_predictions

    write_predictions(out / PREDICTIONS, result.predictions)
    for shown, file in BLINDED.items():
        if shown in result.blind:
            write_predictions(out / file, result.blind[shown])
        else:
            (out / file).unlink(missing_ok=True)
    write_json(out / METRICS, {**about, **result.to_dict()})


def add_options(parser: Parser) -> None:
    """Options of `leorn evaluate`."""
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", nargs="+", help="What leorn train wrote; several runs give mean and spread."
    )
    parser.add_argument("--split", default="test", help="Split of the queries.")
    add_protocol(parser, "Where it has no NMS, that of training stays.")
    parser.add_argument("--format", type=Literal["table", "markdown"], default="table", help="What to print.")
    parser.add_argument(
        "--out", help="Folder of predictions.jsonl and metrics.json; beside the checkpoint if not given."
    )
    parser.add_argument("--shuffle-objects", action="store_true", help="Also show it the objects of another video.")
    parser.add_argument("--shuffle-sentences", action="store_true", help="Also ask it sentences about another video.")
    parser.add_argument("--devices", type=PositiveInt, default=1, help="Processes that share the work.")
    parser.add_argument("--accelerator", default="auto", help="auto, cpu, gpu, …")
    add_precision(parser)
    add_data_elsewhere(parser)
