"""`leorn find`."""

import json
import os
import re
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.commands.precision import add_precision
from leorn.errors import InputError
from leorn.terminal import progress, say, show_answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from leorn.retrieval.evidence import Answer

CLIP = "query-{}-moment-{}.mp4"
"""Name of a clip: a query never becomes a name, its number does."""


def run(options: Namespace) -> None:
    """Find the moments of a video that sentences describe."""
    from leorn.records import check_sentences

    check_sentences(options.queries)
    check_picture(options.plot)
    check_folder(options.clips)
    from leorn.retrieval.load import load

    retriever = load(options.network, words=options.words, detector=options.detector, precision=options.precision)
    video = retriever.encode(options.video, progress("finding objects"))
    answers = retriever.explain(options.queries, video, options.top_k)
    if options.json:
        print(json.dumps([answer.to_dict() for answer in answers], indent=2, ensure_ascii=False))
    else:
        show_answers([answer.to_dict() for answer in answers])
    for number, answer in enumerate(answers, start=1):
        if options.plot:
            from leorn.drawing import draw

            path = numbered(Path(options.plot), number, len(answers))
            draw(answer, options.video, path)
            say(f"{path}: {answer.query.text}", to_stderr=options.json)
    if options.clips:
        for path, text in write_clips(answers, options.video, Path(options.clips)):
            say(f"{path}: {text}", to_stderr=options.json)


def check_picture(plot: str | None) -> None:
    """See that a picture can be written in the format of its name, before time is spent on the video.

    Raises:
        InputError: another suffix than those of the formats, or a folder that cannot be written to.
    """
    if plot is None:
        return
    if Path(plot).suffix.lower() not in (".png", ".svg"):
        raise InputError(f"picture {plot}: its suffix names no known format; expected .png or .svg")
    if os.path.isdir(plot):
        raise InputError(f"picture {plot}: a folder; expected the name of a file")
    check_folder(str(Path(plot).parent))


def check_folder(folder: str | None) -> None:
    """See that files can be written to a folder, which is made where it is missing, before time is spent on the video.

    Raises:
        InputError: they cannot.
    """
    if folder is None:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"cannot write to {folder}: {error.strerror or error}") from error


def numbered(path: Path, number: int, count: int) -> Path:
    """Return the name of one of several files: `answer.png` gives `answer-2.png`, alone it stays as it is."""
    return path if count == 1 else path.with_stem(f"{path.stem}-{number}")


def write_clips(answers: "Sequence[Answer]", video: str, folder: Path) -> "Iterator[tuple[Path, str]]":
    """Write each moment of the answers as a clip, then remove what is left there of an earlier, longer answer.

    Yields:
        Each clip's path, with its sentence.
    """
    from leorn.retrieval.clips import write_clip

    kept = {Path(video).resolve()}
    for number, answer in enumerate(answers, start=1):
        for rank, moment in enumerate(answer.moments, start=1):
            path = folder / CLIP.format(number, rank)
            write_clip(video, moment, path)
            kept.add(path.resolve())
            yield path, answer.query.text
    for path in folder.glob(CLIP.format("*", "*")):
        if re.fullmatch(CLIP.format(r"\d+", r"\d+"), path.name) and path.resolve() not in kept:
            path.unlink(missing_ok=True)


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
    add_precision(parser)
    parser.add_argument("--words", help="The network's word vectors, where they are not found beside it.")
