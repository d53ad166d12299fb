"""`leorn extract`."""

from functools import partial
from pathlib import Path

from jsonargparse import Namespace

from leorn.arguments import Parser, make
from leorn.commands.engine import add_engine, engine_of
from leorn.config import ExtractionConfig
from leorn.terminal import fail_after, progress, say


def run(options: Namespace) -> None:
    """Find the objects of videos with a detector, and keep them in a store."""
    from leorn.data.label_vectors import read_label_vectors
    from leorn.features.extract_videos import extract_videos, name_videos

    config = make(ExtractionConfig, options)
    videos = name_videos(options.videos, keep_suffix=options.keep_suffix)
    labels = partial(read_label_vectors, options.words) if options.words else None
    failures = extract_videos(
        videos, options.out, config, labels, **engine_of(options), progress=progress("extracting")
    )
    say(f"{options.out}: the objects of {len(videos) - len(failures)} of {len(videos)} videos")
    if failures:
        fail_after(f"{failure.video}: {failure.reason}" for failure in failures)


def add_options(parser: Parser) -> None:
    """Options of `leorn extract`."""
    parser.add_argument("videos", metavar="VIDEO", nargs="+", type=Path, help="Video files, or folders of them.")
    parser.add_argument("--out", required=True, help="Folder of the store; what is in it already is left.")
    parser.add_argument("--words", help="Word vectors for the labels: GloVe text, .npz or .safetensors.")
    add_engine(parser)
    parser.add_argument(
        "--keep-suffix", action="store_true", help="Ids keep their file's suffix, as those of TACoS do."
    )
    parser.add_class_arguments(ExtractionConfig)
