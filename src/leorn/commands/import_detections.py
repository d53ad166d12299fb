"""`leorn import-detections`."""

from pathlib import Path

from jsonargparse import Namespace
from jsonargparse.typing import PositiveFloat, PositiveInt

from leorn.arguments import Parser
from leorn.errors import InputError
from leorn.terminal import progress, say
from leorn.wording import counted


def run(options: Namespace) -> None:
    """Turn a tracker's CSV files into a store of objects, each with the word vector of its label."""
    from leorn.data.annotations import read_queries
    from leorn.data.detections import import_detections
    from leorn.data.renaming import read_renamed
    from leorn.data.word_files import load_word_vectors
    from leorn.features.store_index import INDEX

    if (Path(options.out) / INDEX).exists() and not options.overwrite:
        raise InputError(f"{options.out} holds a store already; replace it with --overwrite, or choose another --out")
    durations = None
    if options.queries:
        queries = read_queries(options.queries, "jsonl").queries
        durations = {query.video: query.duration_seconds for query in queries}
    words = load_word_vectors(options.words)
    store = import_detections(
        options.folder,
        options.out,
        words,
        options.frames,
        options.slots,
        durations,
        options.overwrite,
        options.rate,
        read_renamed(options.rename) if options.rename else None,
        progress("importing"),
    )
    say(f"wrote the objects of {counted(len(store.videos), 'video')} to {options.out}")


def add_options(parser: Parser) -> None:
    """Options of `leorn import-detections`."""
    parser.add_argument(
        "folder", metavar="DIR", help="VIDEO.csv or VIDEO.csv.gz: time_seconds,track,label,score,x1,y1,x2,y2."
    )
    parser.add_argument("--out", required=True, help="Folder of the store.")
    parser.add_argument("--words", required=True, help="Word vectors: GloVe text, .npz or .safetensors.")
    parser.add_argument("--queries", help="JSON lines with the videos' durations; without, a video ends with its CSV.")
    parser.add_argument("--frames", type=PositiveInt, default=256, help="Frames to sample from each video.")
    parser.add_argument(
        "--rate",
        type=PositiveFloat,
        help="Frames a second, --frames at most, for networks that take videos of any length.",
    )
    parser.add_argument("--slots", type=PositiveInt, default=18, help="Objects to keep of each frame, best first.")
    parser.add_argument("--rename", metavar="FILE", help='JSON with other names of labels: {"sofa": "couch"}.')
    parser.add_argument("--overwrite", action="store_true", help="Replace the store that is there.")
