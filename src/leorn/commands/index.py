"""`leorn index`."""

from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.commands.engine import add_engine, engine_of
from leorn.errors import InputError
from leorn.terminal import fail_after, progress, say
from leorn.wording import counted, spoken_bytes, spoken_seconds

if TYPE_CHECKING:
    from leorn.retrieval.estimate import Estimate
    from leorn.retrieval.indexing import Indexed


def run(options: Namespace) -> None:
    """Make a library of videos that leorn search searches."""
    if bool(options.videos) == bool(options.objects):
        raise InputError("leorn index: expected folders of videos, or --objects with a store, one of them")
    done = _index_objects(options) if options.objects else _index_videos(options)
    say(
        f"{options.library}: {counted(len(done.added), 'video')} new or changed, {len(done.kept)} as before, "
        f"{len(done.removed)} gone"
    )
    if done.failures:
        fail_after(f"{failure.video}: {failure.reason}" for failure in done.failures)


def _index_videos(options: Namespace) -> "Indexed":
    from leorn.features.extract_videos import name_videos
    from leorn.retrieval.indexing import index_videos

    engine = engine_of(options)
    videos = name_videos(options.videos)
    say(f"{options.library}: {counted(len(videos), 'video')} to hold")
    return index_videos(
        videos,
        options.library,
        network=options.network,
        encoder=options.encoder,
        **engine,
        progress=progress,
        told=_say_estimate,
    )


def _index_objects(options: Namespace) -> "Indexed":
    from leorn.features.sources import open_objects
    from leorn.retrieval.indexing import index_objects

    source = open_objects(options.objects)
    return index_objects(source, options.library, network=options.network, encoder=options.encoder, progress=progress)


def _say_estimate(estimate: "Estimate") -> None:
    if estimate.videos:
        say(
            f"{counted(estimate.videos, 'video')} of {spoken_seconds(estimate.video_seconds)} new or changed: "
            f"about {spoken_seconds(estimate.seconds)} to find their objects, {spoken_bytes(estimate.bytes)} on disk"
        )


def add_options(parser: Parser) -> None:
    """Options of `leorn index`."""
    parser.add_argument("videos", metavar="FOLDER", nargs="*", type=Path, help="Folders of videos, or video files.")
    parser.add_argument("--objects", metavar="STORE", help="Objects that are extracted already, in place of videos.")
    parser.add_argument(
        "--library", required=True, metavar="DIR", help="The library; it will hold these videos, and what was uploaded."
    )
    parser.add_argument(
        "--network",
        default="demo",
        help="A .safetensors or .ckpt file, a folder of leorn pack, a hub id, or demo; none goes by the encoder alone.",
    )
    parser.add_argument(
        "--encoder", default="labels", help="What recalls windows: labels, or hf: with an image–text model."
    )
    add_engine(parser)
