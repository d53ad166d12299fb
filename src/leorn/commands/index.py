"""`leorn index`."""

from pathlib import Path

from jsonargparse import Namespace
from jsonargparse.typing import PositiveInt

from leorn.arguments import Parser
from leorn.terminal import fail_after, progress, say
from leorn.wording import counted


def run(options: Namespace) -> None:
    """Make a library of videos that leorn search searches."""
    from leorn.features.extract_videos import name_videos
    from leorn.retrieval.library import index_videos

    videos = name_videos(options.videos)
    say(f"{options.library}: {counted(len(videos), 'video')} to hold")
    done = index_videos(
        videos,
        options.library,
        network=options.network,
        encoder=options.encoder,
        jobs=options.jobs,
        progress=progress,
    )
    say(
        f"{options.library}: {counted(len(done.added), 'video')} new or changed, {len(done.kept)} as before, "
        f"{len(done.removed)} gone"
    )
    if done.failures:
        fail_after(f"{failure.video}: {failure.reason}" for failure in done.failures)


def add_options(parser: Parser) -> None:
    """Options of `leorn index`."""
    parser.add_argument("videos", metavar="FOLDER", nargs="+", type=Path, help="Folders of videos, or video files.")
    parser.add_argument(
        "--library", required=True, metavar="DIR", help="The library; it will hold these videos and no others."
    )
    parser.add_argument(
        "--network", default="demo", help="A .safetensors or .ckpt file, a folder of leorn pack, a hub id, or demo."
    )
    parser.add_argument("--encoder", default="labels", help="What recalls windows: labels.")
    parser.add_argument("--jobs", type=PositiveInt, default=1, help="Processes that extract at once.")
