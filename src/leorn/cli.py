"""The command line: parse, call one function, print. Torch is imported only by a command that needs it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import Namespace
from jsonargparse.typing import NonNegativeInt, PositiveInt

from leorn import __version__
from leorn.arguments import Parser, make
from leorn.config import DatasetName, EvaluationConfig, ExperimentConfig, SimulationConfig
from leorn.errors import InputError
from leorn.terminal import fail, is_first_process, progress, say, show, speak_with_one_voice, write_json

if TYPE_CHECKING:
    from leorn.plots.frames import Frame
    from leorn.records import Query

DATA_ELSEWHERE = ("queries", "objects", "words", "frame_features")
"""Fields of `DataConfig` that may lie elsewhere than where training read them."""
FRAMES_OFFERED = 8
"""Frames read for a picture, which draws as many as fit: four of 16:9."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `leorn`; bad input is one line on stderr and exit status 2."""
    options = make_parser().parse_args(arguments)
    speak_with_one_voice()
    try:
        COMMANDS[options.command][0](options[options.command])
    except InputError as error:
        fail(str(error))
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def make_parser() -> Parser:
    """Return the parser of `leorn` and its commands."""
    description = "Find the moment of a video that a sentence describes."
    # a key cut short is an unknown key
    parser = Parser(prog="leorn", description=description, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"leorn {__version__}")
    commands = parser.add_subcommands(dest="command", required=True, title="commands", metavar="COMMAND")
    for name, (run, add_options) in COMMANDS.items():
        command = Parser(description=run.__doc__)
        add_options(command)
        commands.add_subcommand(name, command, help=run.__doc__)
    return parser


def train(options: Namespace) -> None:
    """Train a network, and keep the checkpoint that is best on validation."""
    from leorn.training.checks import check_experiment

    config = make(ExperimentConfig, options)
    check_experiment(config)
    # torch only now: what is wrong with a configuration is said at once
    from leorn.training.run import train as run

    best = run(config, resume=options.resume, say=say, progress=progress("checking videos"))
    say(f"best checkpoint: {best}")


def train_options(parser: Parser) -> None:
    """Options of `leorn train`: those of the experiment, from a file or one by one."""
    parser.add_argument("--config", action="config", help="Experiment file, such as those in experiments/.")
    parser.add_argument("--resume", action="store_true", help="Go on after the last epoch that the run finished.")
    parser.add_class_arguments(ExperimentConfig)


def evaluate(options: Namespace) -> None:
    """Evaluate a network, or several runs of one, beside a constant window and the published figures."""
    from leorn.scoring.predictions import write_predictions
    from leorn.scoring.published_results import published_results
    from leorn.scoring.report import summarise
    from leorn.training.evaluate import evaluate as run

    if options.out and len(options.checkpoint) > 1:
        raise InputError("--out is for one checkpoint; the results of several are written beside each")
    if len({Path(checkpoint).resolve().parent for checkpoint in options.checkpoint}) < len(options.checkpoint):
        raise InputError("two checkpoints of one folder: their results would be written over each other")
    data = data_elsewhere(options)
    results = []
    for checkpoint in options.checkpoint:
        result = run(
            checkpoint,
            split=options.split,
            data=data,
            shuffle_objects=options.shuffle_objects,
            devices=options.devices,
            accelerator=options.accelerator,
            progress=progress("checking videos"),
        )
        results.append(result)
        if is_first_process():
            out = Path(options.out or Path(checkpoint).parent / options.split)
            write_predictions(out / "predictions.jsonl", result.predictions)
            write_json(out / "metrics.json", {"split": result.split, "metrics": result.rows})
            say(f"wrote {out / 'predictions.jsonl'} and {out / 'metrics.json'}")
    if is_first_process():
        title = f"{options.split}, {len(results[0].predictions)} queries"
        title += f", mean ± standard deviation of {len(results)} runs" if len(results) > 1 else ""
        experiment = results[0].experiment
        comparable = options.split == "test" and experiment.evaluation.strict
        published = published_results(experiment.data.dataset) if comparable else {}
        show(summarise([result.rows for result in results]), published, title, markdown=options.format == "markdown")


def evaluate_options(parser: Parser) -> None:
    """Options of `leorn evaluate`."""
    parser.add_argument(
        "checkpoint", metavar="CHECKPOINT", nargs="+", help="What leorn train wrote; several runs give mean and spread."
    )
    parser.add_argument("--split", default="test", help="Split of the queries.")
    parser.add_argument("--format", type=Literal["table", "markdown"], default="table", help="What to print.")
    parser.add_argument(
        "--out", help="Folder of predictions.jsonl and metrics.json; beside the checkpoint if not given."
    )
    parser.add_argument("--shuffle-objects", action="store_true", help="Also show it the objects of another video.")
    parser.add_argument("--devices", type=int, default=1, help="Processes that share the work.")
    parser.add_argument("--accelerator", default="auto", help="auto, cpu, gpu, …")
    add_data_elsewhere(parser)


def add_data_elsewhere(parser: Parser) -> None:
    """Add the options that say where the data of an experiment lies now."""
    for name in DATA_ELSEWHERE:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"Read data.{name} from here, not where training did.")


def data_elsewhere(options: Namespace) -> dict[str, str]:
    """Return the fields of `DataConfig` that the options of `add_data_elsewhere` give."""
    return {name: value for name in DATA_ELSEWHERE if (value := options[name])}


def score(options: Namespace) -> None:
    """Score anybody's predictions against the moments of the queries."""
    from leorn.data.annotations import read_queries
    from leorn.scoring.metrics import evaluate_predictions
    from leorn.scoring.predictions import apply_nms, read_predictions
    from leorn.training.checks import check_evaluation

    evaluation = make(EvaluationConfig, options)
    check_evaluation(evaluation)
    queries = read_queries(options.queries, options.dataset, options.split).queries
    predictions = apply_nms(read_predictions(options.predictions), evaluation.nms_threshold, evaluation.top_k)
    metrics = evaluate_predictions(predictions, queries, evaluation)
    if options.format == "json":
        print(json.dumps({"queries": len(queries), "metrics": metrics}, indent=2))
    else:
        show({Path(options.predictions).stem: metrics}, {}, f"{len(queries)} queries")


def score_options(parser: Parser) -> None:
    """Options of `leorn score`."""
    parser.add_argument(
        "--predictions", required=True, help="JSON lines: query_id, video, moments [[start, end, score], …]."
    )
    parser.add_argument(
        "--queries", required=True, help="Annotations: a JSON lines file, or a published data set's folder."
    )
    parser.add_argument("--dataset", type=DatasetName, default="jsonl", help="Format of the annotations.")
    parser.add_argument("--split", help="Only the queries of this split.")
    parser.add_argument("--format", type=Literal["table", "json"], default="table", help="What to print.")
    parser.add_class_arguments(EvaluationConfig)


def plot(options: Namespace) -> None:
    """Draw the answers of a network to some queries, and the evidence for them."""
    from leorn.plots import plot_evidence
    from leorn.training.explain import explain

    answers = explain(options.checkpoint, options.split, options.query, data=data_elsewhere(options))
    for number, answer in enumerate(answers):
        # a query's id comes from outside: it never becomes a path
        path = Path(options.out) / f"evidence-{number}.{options.format}"
        plot_evidence(
            answer.query, answer.prediction, path,
            scores=answer.scores, mask=answer.mask, weights=answer.weights, video=answer.video,
            frames=frames_of(answer.query, options.videos) if options.videos else None,
        )  # fmt: skip
        say(f"{path}: {answer.query.text} ({answer.query.query_id})")


def frames_of(query: "Query", folder: str) -> "list[Frame] | None":
    """Read frames at the middles of equal parts of a query's video; say so where its video is not in the folder."""
    from leorn.features.video import find_video, read_frames

    path = find_video(folder, query.video)
    if path is None:
        say(f"{folder}: no video {query.video!r}; its picture has no frames")
        return None
    part_seconds = query.duration_seconds / FRAMES_OFFERED
    return read_frames(path, [(number + 0.5) * part_seconds for number in range(FRAMES_OFFERED)])


def plot_options(parser: Parser) -> None:
    """Options of `leorn plot`."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="A checkpoint that leorn train wrote.")
    parser.add_argument("--out", required=True, help="Folder for the pictures.")
    parser.add_argument(
        "--query", type=list[str], default=[], help="Query ids, as [a,b]; four of the split if not given."
    )
    parser.add_argument("--split", default="test", help="Split of the queries.")
    parser.add_argument("--format", type=Literal["png", "svg"], default="png", help="Kind of picture.")
    parser.add_argument("--videos", metavar="DIR", help="Folder of the videos, for frames above the strip.")
    add_data_elsewhere(parser)


def simulate(options: Namespace) -> None:
    """Make simulated scenes: object tracks, and sentences about what happens in them."""
    from leorn.data.simulate import simulate as run

    run(options.out, make(SimulationConfig, options), options.seed, progress("simulating"))
    say(f"wrote simulated scenes to {options.out}")


def simulate_options(parser: Parser) -> None:
    """Options of `leorn simulate`."""
    parser.add_argument("--out", required=True, help="Folder for queries.jsonl, detections/ and words.npz.")
    parser.add_argument("--seed", type=NonNegativeInt, default=0, help="The same seed gives the same bytes.")
    parser.add_class_arguments(SimulationConfig)


def import_detections(options: Namespace) -> None:
    """Turn a tracker's CSV files into a store of objects, each with the word vector of its label."""
    from leorn.data.annotations import read_queries
    from leorn.data.detections import import_detections as run
    from leorn.data.word_files import load_word_vectors

    durations = None
    if options.queries:
        queries = read_queries(options.queries, "jsonl").queries
        durations = {query.video: query.duration_seconds for query in queries}
    words = load_word_vectors(options.words)
    store = run(
        options.folder,
        options.out,
        words,
        options.frames,
        options.slots,
        durations,
        options.overwrite,
        progress("importing"),
    )
    say(f"wrote the objects of {len(store.videos)} videos to {options.out}")


def import_detections_options(parser: Parser) -> None:
    """Options of `leorn import-detections`."""
    parser.add_argument(
        "folder", metavar="DIR", help="VIDEO.csv or VIDEO.csv.gz: time_seconds,track,label,score,x1,y1,x2,y2."
    )
    parser.add_argument("--out", required=True, help="Folder of the store.")
    parser.add_argument("--words", required=True, help="Word vectors: GloVe text, .npz or .safetensors.")
    parser.add_argument("--queries", help="JSON lines with the videos' durations; without, a video ends with its CSV.")
    parser.add_argument("--frames", type=PositiveInt, default=256, help="Frames to sample from each video.")
    parser.add_argument("--slots", type=PositiveInt, default=18, help="Objects to keep of each frame, best first.")
    parser.add_argument("--overwrite", action="store_true", help="Replace the store that is there.")


def convert(options: Namespace) -> None:
    """Turn a published configuration and checkpoint into a network of ours."""
    from leorn.checkpoints import convert_published

    convert_published(options.config, options.weights, options.out)
    say(f"wrote {options.out}")


def convert_options(parser: Parser) -> None:
    """Options of `leorn convert`."""
    parser.add_argument("--config", required=True, help="The published YAML.")
    parser.add_argument("--weights", required=True, help="The published checkpoint (torch), or .safetensors.")
    parser.add_argument("--out", required=True, help="The .safetensors file to write.")


COMMANDS: dict[str, tuple[Callable[[Namespace], None], Callable[[Parser], None]]] = {
    "train": (train, train_options),
    "evaluate": (evaluate, evaluate_options),
    "score": (score, score_options),
    "plot": (plot, plot_options),
    "simulate": (simulate, simulate_options),
    "import-detections": (import_detections, import_detections_options),
    "convert": (convert, convert_options),
}
