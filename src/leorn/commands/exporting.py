"""What a command writes of the moments that it found: `--export`, `--frame-rate` and `--clips`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from jsonargparse import Namespace

from leorn.arguments import Parser
from leorn.commands.find import check_folder
from leorn.errors import InputError
from leorn.terminal import fail_after, say
from leorn.wording import counted

if TYPE_CHECKING:
    from leorn.retrieval.library import Library, SearchResult

CLIP = "moment-{}.mp4"
"""Name of a clip: neither a query nor a video's id becomes a name, the moment's rank does."""
IS_CLIP = re.compile(r"moment-\d+\.mp4")


def add_export_options(parser: Parser) -> None:
    """Add `--export`, `--frame-rate` and `--clips`."""
    parser.add_argument(
        "--export", metavar="FILE", help="Write the moments to a file: .json, .csv, .vtt (chapters), .edl or .otio."
    )
    parser.add_argument(
        "--frame-rate",
        metavar="RATE",
        help="Frames a second of an .edl or .otio: 25, 29.97 (drop-frame), 29.97ndf, …",
    )
    parser.add_argument("--clips", metavar="FOLDER", help="Write each moment as a clip, cut to the frame.")


def check_export(options: Namespace) -> None:
    """See that what the options ask for can be written, before time is spent on searching.

    Raises:
        InputError: it cannot.
    """
    if options.export is not None:
        from leorn.retrieval.export import check_format, format_of

        check_format(format_of(options.export), options.frame_rate)
        if Path(options.export).is_dir():
            raise InputError(f"export {options.export}: a folder; expected the name of a file")
        check_folder(str(Path(options.export).parent))
    check_folder(options.clips)


def export(result: "SearchResult", options: Namespace, library: "Library") -> None:
    """Write what was found as the options say, and say what was written; a clip that fails does not stop the others.

    Raises:
        InputError: a file cannot be written, or clips would take the place of videos.
        SystemExit: a clip failed.
    """
    if options.export is not None:
        from leorn.retrieval.export import write_moments

        about = {name: value for name, value in result.to_dict().items() if name not in ("query", "moments")}
        frame_rate = options.frame_rate
        written = write_moments(options.export, result.query, result.moments, frame_rate=frame_rate, about=about)
        for path, moments in written.items():
            of = f" of {moments[0].name}" if path.suffix.lower() == ".vtt" and moments else ""
            say(f"{path}: {counted(len(moments), 'moment')}{of}", to_stderr=options.json)
    if options.clips is not None:
        failures = []
        _check_holds_no_video(Path(options.clips), library)
        for line, failed in _write_clips(result, Path(options.clips)):
            if failed:
                failures.append(line)
            else:
                say(line, to_stderr=options.json)
        if failures:
            fail_after(failures)


def _check_holds_no_video(folder: Path, library: "Library") -> None:
    """See that no video of the library lies where a clip will, or where one of an earlier answer may be removed."""
    if there := [path for path in folder.glob(CLIP.format("*")) if IS_CLIP.fullmatch(path.name)]:
        files = map(library.file_of, library.manifest.videos)
        videos = {file.resolve() for file in files if file is not None}
        for path in there:
            if path.resolve() in videos:
                raise InputError(
                    f"clips {folder}: {path.name} there is a video of the library; expected another folder"
                )


def _write_clips(result: "SearchResult", folder: Path) -> Iterator[tuple[str, bool]]:
    """Write each moment as a clip, then remove what is left there of an earlier, longer answer.

    Yields:
        A line for each clip, with whether it failed.
    """
    from leorn.retrieval.export import write_moment

    kept = set[Path]()
    for rank, found in enumerate(result.moments, start=1):
        path = folder / CLIP.format(rank)
        start, end = found.moment.span
        try:
            write_moment(found, path)
        except InputError as error:
            yield f"{path}: {error}", True
            continue
        kept.add(path.resolve())
        yield f"{path}: {start:.2f}–{end:.2f} s of {found.name}", False
    for path in folder.glob(CLIP.format("*")):
        if IS_CLIP.fullmatch(path.name) and path.resolve() not in kept:
            path.unlink(missing_ok=True)
