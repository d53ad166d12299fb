"""Moments that were found, in the formats of other programs: the one door to all of them.

========  ==================================================  ==========
format    what                                                frame rate
========  ==================================================  ==========
json      as `leorn search --json` prints it                  no
csv       a line for each moment                              no
vtt       WebVTT chapters of one video                        no
edl       an edit decision list, CMX3600                      yes
otio      an OpenTimelineIO timeline                          yes
mp4       one moment as a clip, H.264 and AAC                 no
webm      one moment as a clip, VP9 and Opus                  no
========  ==================================================  ==========
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leorn.errors import InputError
from leorn.files import write_text
from leorn.retrieval.clips import write_clip
from leorn.retrieval.edl import edl
from leorn.retrieval.otio_timeline import check_otio, otio_timeline
from leorn.retrieval.spreadsheet import csv_table
from leorn.retrieval.timecode import read_frame_rate
from leorn.retrieval.webvtt import chapters

if TYPE_CHECKING:
    from leorn.retrieval.library import FoundMoment

LISTS = ("json", "csv", "vtt", "edl", "otio")
"""Formats of lists of moments; each is also the suffix of its files."""
CLIPS = ("mp4", "webm")
"""Formats of one moment."""
IN_FRAMES = {"edl": "an EDL", "otio": "a timeline of OTIO"}
"""Formats that count frames, as messages call them."""


def check_format(kind: str, frame_rate: str | float | None = None) -> None:
    """See that moments can be exported in a format, before time is spent on finding them.

    Args:
        kind: one of `LISTS`.
        frame_rate: as `read_frame_rate` takes it; `edl` and `otio` need it.

    Raises:
        InputError: there is no such format, its frame rate is missing or unknown, or OpenTimelineIO is not installed.
    """
    if kind not in LISTS:
        raise InputError(f"export format {kind[:40]!r}; expected {', '.join(LISTS[:-1])} or {LISTS[-1]}")
    if kind in IN_FRAMES:
        read_frame_rate(frame_rate, IN_FRAMES[kind])
    if kind == "otio":
        check_otio()


def moments_as(
    kind: str,
    query: str,
    moments: "Sequence[FoundMoment]",
    *,
    frame_rate: str | float | None = None,
    about: Mapping[str, object] | None = None,
) -> str:
    """Return moments in a format.

    Paths of files are in all formats but `vtt`. Who gives the text to others may clear them: a moment whose `path` is
    empty is exported without.

    Args:
        kind: one of `LISTS`.
        query: the sentence that they were found for.
        moments: best first.
        frame_rate: as `read_frame_rate` takes it; for `edl` and `otio`.
        about: what `json` says of the search beside its query and moments.

    Raises:
        InputError: as `check_format`; `vtt` of moments of several videos; or timecodes of an `edl` beyond 24 hours.
    """
    check_format(kind, frame_rate)
    if kind == "json":
        found = {"query": query} | dict(about or {}) | {"moments": [moment.to_dict() for moment in moments]}
        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    if kind == "csv":
        return csv_table(query, moments)
    if kind == "vtt":
        return chapters(query, moments)
    rate = read_frame_rate(frame_rate, IN_FRAMES[kind])
    return edl(query, moments, rate) if kind == "edl" else otio_timeline(query, moments, rate)


def write_moments(
    path: str | Path,
    query: str,
    moments: "Sequence[FoundMoment]",
    *,
    frame_rate: str | float | None = None,
    about: Mapping[str, object] | None = None,
) -> "dict[Path, tuple[FoundMoment, ...]]":
    """Write moments to a file in the format of its suffix.

    WebVTT chapters are of one video: moments of several give a file each, numbered in the order of their best
    moments, `chapters.vtt` → `chapters-1.vtt`, `chapters-2.vtt`.

    Args:
        path: the file; its suffix is one of `LISTS`.
        query: the sentence that they were found for.
        moments: best first.
        frame_rate: as `read_frame_rate` takes it; for `.edl` and `.otio`.
        about: what `.json` says of the search beside its query and moments.

    Returns:
        Each file that was written, with its moments.

    Raises:
        InputError: as `moments_as`, or a file cannot be written.
    """
    path = Path(path)
    kind = format_of(path)
    parts = {path: tuple(moments)}
    videos = list(dict.fromkeys(found.video for found in moments))
    if kind == "vtt" and len(videos) > 1:
        parts = {
            path.with_stem(f"{path.stem}-{number}"): tuple(found for found in moments if found.video == video)
            for number, video in enumerate(videos, start=1)
        }
    for part, of_part in parts.items():
        write_text(part, moments_as(kind, query, of_part, frame_rate=frame_rate, about=about))
    return parts


def format_of(path: str | Path) -> str:
    """Return the one of `LISTS` that a file's suffix names.

    Raises:
        InputError: it names none.
    """
    kind = Path(path).suffix.lower().removeprefix(".")
    if kind not in LISTS:
        expected = f"{', '.join(f'.{one}' for one in LISTS[:-1])} or .{LISTS[-1]}"
        raise InputError(f"export {path}: its suffix names no known format; expected {expected}")
    return kind


def write_moment(found: "FoundMoment", path: str | Path) -> None:
    """Write one moment as a clip, cut to its exact boundaries.

    Args:
        found: the moment; its `path` is read.
        path: the clip; its suffix is one of `CLIPS`.

    Raises:
        InputError: no file of the video is known, or as `write_clip`.
    """
    if not found.path:
        raise InputError(f"video {found.name}: the library knows no file of it, or it is gone; expected one to cut")
    write_clip(found.path, found.moment, path)
