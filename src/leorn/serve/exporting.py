"""Moments in the formats of other programs."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval.export import CLIPS, check_format, moments_as, write_moment
from leorn.retrieval.library import FoundMoment, Library, SearchResult
from leorn.serve.searching import Pattern, TopK, check_pattern
from leorn.serve.service import Served, Service, one_line, problems

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
RETRY_SECONDS = "10"
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
    try:
        if format not in CLIPS:
            check_format(format, frame_rate)
        moments = [_range(served, id, start_seconds, end_seconds)] if id is not None else []
    except InputError as error:
        raise HTTPException(422, one_line(error)) from error
    if not moments:
        check_pattern(served, videos)

        def work(library: Library) -> SearchResult:
            return library.search(query, top_k, videos=videos)

        moments = list((await served.ask(request, work)).moments)
    try:
        if format in CLIPS:
            if served.cutting.locked():
                detail = "clips are being encoded already; expected to be asked again"
                raise HTTPException(503, detail, {"Retry-After": RETRY_SECONDS})
            async with served.cutting:
                return await asyncio.to_thread(_clip, format, moments)
        # where files lie on this machine is nobody's business
        shown = [replace(found, path="") for found in moments]
        text = moments_as(format, query, shown, frame_rate=frame_rate)
    except InputError as error:
        raise HTTPException(422, one_line(error)) from error
    headers = {"Content-Disposition": f'attachment; filename="moments.{format}"'}
    return Response(text, media_type=MEDIA_TYPES[format], headers=headers)


def _range(served: Service, video_id: str, start_seconds: float | None, end_seconds: float | None) -> FoundMoment:
    entry = served.entry(video_id)
    duration = entry.said.duration_seconds
    start, end = start_seconds or 0.0, duration if end_seconds is None else min(end_seconds, duration)
    path = "" if entry.file is None else str(entry.file)
    return FoundMoment(entry.video, entry.name, path, duration, Moment(start, end), 0.0, 0.0)


def _clip(kind: str, moments: list[FoundMoment]) -> FileResponse:
    if len(moments) != 1:
        raise InputError(f"{len(moments)} moments; expected one for a clip: give id, start_seconds and end_seconds")
    found = moments[0]
    if not found.path:
        raise InputError(f"{found.name}: its file is not there; expected a video that was indexed from a file")
    start, end = found.moment.span
    if end - start > MOST_CLIP_SECONDS:
        raise InputError(f"a clip of {end - start:.0f} s; expected {MOST_CLIP_SECONDS} s or less")
    folder = Path(mkdtemp(prefix="leorn-clip-"))
    clip = folder / f"clip.{kind}"
    try:
        write_moment(found, clip)
    except BaseException:
        _remove(clip)
        raise
    name = f"clip-{start:.2f}-{end:.2f}.{kind}"
    return FileResponse(clip, filename=name, media_type=MEDIA_TYPES[kind], background=BackgroundTask(_remove, clip))


def _remove(clip: Path) -> None:
    shutil.rmtree(clip.parent, ignore_errors=True)
