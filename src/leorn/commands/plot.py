"""`leorn plot`."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.commands.elsewhere import add_data_elsewhere, data_elsewhere
from leorn.terminal import say

if TYPE_CHECKING:
    from leorn.records import Frame, Query

FRAMES_OFFERED = 8
"""Frames read for a picture, which draws as many as fit: four of 16:9."""


def run(options: Namespace) -> None:
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


def add_options(parser: Parser) -> None:
    """Options of `leorn plot`."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="A checkpoint that leorn train wrote.")
    parser.add_argument("--out", required=True, help="Folder for the pictures.")
    parser.add_argument(
        "--query", nargs="+", default=[], metavar="ID", help="Ids of queries; four of the split if not given."
    )
    parser.add_argument("--split", default="test", help="Split of the queries.")
    parser.add_argument("--format", type=Literal["png", "svg"], default="png", help="Kind of picture.")
    parser.add_argument("--videos", metavar="DIR", help="Folder of the videos, for frames above the strip.")
    add_data_elsewhere(parser)
