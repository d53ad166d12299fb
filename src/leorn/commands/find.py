"""`leorn find`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.errors import InputError
from leorn.terminal import progress, say, show_answers

if TYPE_CHECKING:
    from leorn.retrieval.evidence import Answer

FRAMES_SHOWN = 4
"""Frames of the video in a picture."""


def run(options: Namespace) -> None:
    """Find the moments of a video that sentences describe."""
    if not all(query.strip() for query in options.queries):
        raise InputError("the sentence is empty; expected what the moment shows, such as 'a person riding a bicycle'")
    check_picture(options.plot)
    from leorn.retrieval.retriever import load

    retriever = load(options.network, words=options.words, detector=options.detector)
    video = retriever.encode(options.video, progress("finding objects"))
    answers = retriever.explain(options.queries, video, options.top_k)
    if options.json:
        print(json.dumps([answer.to_dict() for answer in answers], indent=2, ensure_ascii=False))
    else:
        show_answers([answer.to_dict() for answer in answers])
    for number, answer in enumerate(answers, start=1):
        if options.plot:
            path = numbered(Path(options.plot), number, len(answers))
            draw(answer, options.video, path)
            say(f"{path}: {answer.query.text}", to_stderr=options.json)
        if options.clips:
            for path in write_clips(answer, options.video, Path(options.clips), number):
                say(f"{path}: {answer.query.text}", to_stderr=options.json)


def check_picture(plot: str | None) -> None:
    """See that a picture can be written in the format of its name, before time is spent on the video.

    Raises:
        InputError: another suffix than those of the formats.
    """
    if plot and Path(plot).suffix.lower() not in (".png", ".svg"):
        raise InputError(f"picture {plot}: its suffix names no known format; expected .png or .svg")


def numbered(path: Path, number: int, count: int) -> Path:
    """Return the name of one of several files: `answer.png` gives `answer-2.png`, alone it stays as it is."""
    return path if count == 1 else path.with_stem(f"{path.stem}-{number}")


def draw(answer: "Answer", video: str, path: Path) -> None:
    """Write the picture of an answer, with frames of its video."""
    import numpy as np

    from leorn.features.video import read_frames
    from leorn.plots import Curve, frames_worth_showing, plot_answer

    edges = np.linspace(0, answer.query.duration_seconds, len(answer.curve) + 1)
    times = frames_worth_showing(answer.weights, answer.video, answer.moments, FRAMES_SHOWN)
    plot_answer(
        answer.query,
        answer.moments,
        path,
        curve=Curve(edges, answer.curve),
        weights=answer.weights,
        video=answer.video,
        frames=read_frames(video, times),
        answers_to=answer.answers_to,
    )


def write_clips(answer: "Answer", video: str, folder: Path, number: int) -> list[Path]:
    """Write each moment of an answer as a clip; a query never becomes a name, its number does."""
    from leorn.retrieval.export import write_clip

    paths = []
    for rank, moment in enumerate(answer.moments, start=1):
        paths.append(folder / f"query-{number}-moment-{rank}.mp4")
        write_clip(video, moment, paths[-1])
    return paths


def add_options(parser: Parser) -> None:
    """Options of `leorn find`."""
    parser.add_argument("video", metavar="VIDEO", help="A video file.")
    parser.add_argument("queries", metavar="QUERY", nargs="+", help="A sentence, in quotes; or several.")
    parser.add_argument(
        "--network", default="demo", help="A .safetensors or .ckpt file, a folder of leorn pack, a hub id, or demo."
    )
    parser.add_argument("--top-k", type=PositiveInt, default=3, help="Moments to print of each sentence, at most.")
    parser.add_argument("--json", action="store_true", help="Print JSON, with the objects that carried each moment.")
    parser.add_argument("--plot", metavar="FILE", help="Draw the evidence as .png or .svg, a file for each sentence.")
    parser.add_argument("--clips", metavar="DIR", help="Write each moment as a clip (.mp4), cut exactly.")
    parser.add_argument("--detector", help="What finds objects, where the network leaves it open.")
    parser.add_argument("--words", help="The network's word vectors, where they are not found beside it.")
