"""Moments in the formats of other programs."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval.export import CLIPS, check_format, moments_as
from leorn.retrieval.library import FoundMoment, Library, SearchResult
from leorn.serve.searching import Pattern, TopK, check_pattern
from leorn.serve.service import Served, Service, problems

MEDIA_TYPES = {
    "json": "application/json",
    "csv": "text/csv",
    "vtt": "text/vtt",
    "edl": "text/plain",
    "otio": "application/json",
    "mp4": "video/mp4",
    "webm": "video/webm",
}
Format = Literal["json", "csv", "vtt", "edl", "otio", "mp4", "webm"]
Seconds = Annotated[float | None, Query(ge=0, le=1e7, allow_inf_nan=False)]
TITLED = ("vtt", "edl", "otio")
"""What shows the sentence as a title: a range that was chosen without one has its video's name."""
AT_ONCE = 2**16
"""Bytes of a clip that are read at a time."""
MOST_CLIP_SECONDS = 600
"""Of a clip: it is encoded while somebody waits."""

router = APIRouter(prefix="/api", tags=["export"])


@router.get(
    "/export",
    response_class=Response,
    responses={200: {"content": {kind: {} for kind in dict.fromkeys(MEDIA_TYPES.values())}}}
    | problems(401, 403, 404, 422, 503),
)
async def export(
    request: Request,
    served: Served,
    format: Format,
    query: Annotated[str, Query(max_length=500, description="The sentence; alone, its moments are exported.")] = "",
    top_k: TopK = 10,
    videos: Pattern = None,
    id: Annotated[str | None, Query(max_length=40, description="One video, with a range.")] = None,
    start_seconds: Seconds = None,
    end_seconds: Seconds = None,
    frame_rate: Annotated[str | None, Query(max_length=12, description="For edl and otio, such as 25.")] = None,
) -> Response:
    """Give the moments of a search, or one range of one video, as a file."""
    if format not in CLIPS:
        check_format(format, frame_rate)
    moments = [_range(served, id, start_seconds, end_seconds)] if id is not None else []
    if not moments:
        check_pattern(served, videos)

        def work(library: Library) -> SearchResult:
            return library.search(query, top_k, videos=videos)

        moments = list((await served.ask(request, work)).moments)
    if format in CLIPS:
        return await _clip(served, request, format, moments)
    # where files lie on this machine is nobody's business
    shown = [replace(found, path="") for found in moments]
    title = query or (moments[0].name if format in TITLED and id is not None else "")
    text = moments_as(format, title, shown, frame_rate=frame_rate)
    return Response(text, media_type=MEDIA_TYPES[format], headers=_named(f"moments.{format}"))


def _range(served: Service, video_id: str, start_seconds: float | None, end_seconds: float | None) -> FoundMoment:
    entry = served.entry(video_id)
    duration = entry.said.duration_seconds
    start, end = start_seconds or 0.0, duration if end_seconds is None else min(end_seconds, duration)
    if start >= duration:
        raise InputError(f"{entry.name}: a range from {start:g} s on; expected one before its end, {duration:.2f} s")
    path = "" if entry.file is None else str(entry.file)
    return FoundMoment(entry.video, entry.name, path, duration, Moment(start, end), 0.0, 0.0)


async def _clip(served: Service, request: Request, kind: str, moments: list[FoundMoment]) -> StreamingResponse:
    if len(moments) != 1:
        raise InputError(f"{len(moments)} moments; expected one for a clip: give id, start_seconds and end_seconds")
    found = moments[0]
    if not found.path:
        raise InputError(f"{found.name}: its file is not there; expected a video that was indexed from a file")
    start, end = found.moment.span
    if end - start > MOST_CLIP_SECONDS:
        raise InputError(f"a clip of {end - start:.0f} s; expected {MOST_CLIP_SECONDS} s or less")
    try:
        clip = await served.clips.cut(request, Path(found.path), found.moment, kind)
    except InputError as error:
        raise InputError(f"{found.name}: {str(error).removeprefix(f'{found.path}: ')}") from error
    headers = _named(f"clip-{start:.2f}-{end:.2f}.{kind}") | {"Content-Length": str(os.fstat(clip.fileno()).st_size)}
    return StreamingResponse(_read(clip), media_type=MEDIA_TYPES[kind], headers=headers)


def _read(clip: BinaryIO) -> Iterator[bytes]:
    with clip:
        while part := clip.read(AT_ONCE):
            yield part


def _named(file: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file}"'}
