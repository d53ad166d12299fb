"""The videos of the library: what they are, their files, small pictures, and removing them."""

import asyncio
import hashlib
from functools import partial
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse

from leorn.errors import InputError
from leorn.features.store_lock import LockedError
from leorn.features.video import MAX_SIDE
from leorn.retrieval.indexing import remove_video
from leorn.serve.answers import Video, Videos
from leorn.serve.catalogue import Entry
from leorn.serve.service import RETRY_SECONDS, Served, Service, problems, unknown

DAY_SECONDS = 24 * 3600
# fmt: off
MEDIA_TYPES = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".3gp": "video/3gpp",
    ".mkv": "video/x-matroska", ".webm": "video/webm", ".avi": "video/x-msvideo", ".wmv": "video/x-ms-wmv",
    ".flv": "video/x-flv", ".ogv": "video/ogg", ".mpg": "video/mpeg", ".mpeg": "video/mpeg", ".ts": "video/mp2t",
    ".mts": "video/mp2t", ".m2ts": "video/mp2t",
}
# fmt: on
"""By suffix; a video of any other name is never shown as what that says it is, such as a page."""

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.get("", responses=problems(401, 403, 422, 503))
def videos(
    served: Served,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    name: Annotated[str, Query(max_length=200, description="A part of the name.")] = "",
) -> Videos:
    """List the videos, by name."""
    total, there = served.catalogue.named(name, offset, limit)
    return Videos(total=total, videos=[entry.shown() for entry in there], examples=served.examples())


@router.get("/{video_id}", responses=problems(401, 403, 404, 503))
def video(served: Served, video_id: str) -> Video:
    """Tell about one video."""
    return served.entry(video_id).shown()


@router.get(
    "/{video_id}/stream",
    response_class=FileResponse,
    responses={status: {"content": {"video/*": {}, "application/octet-stream": {}}} for status in (200, 206)}
    | problems(401, 403, 404, 503)
    | {400: {"content": {"text/plain": {}}}, 416: {"content": {"text/plain": {}}}},
)
def stream(served: Served, video_id: str) -> FileResponse:
    """Give the file, or the range of its bytes that is asked for."""
    entry = served.entry(video_id)
    file = _file(entry)
    try:
        found = file.stat()
    except OSError as error:
        raise _gone(entry) from error
    kind = MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream")
    # kept by who may see it, not by a proxy for everybody
    return FileResponse(file, media_type=kind, headers={"Cache-Control": "private"}, stat_result=found)


@router.get(
    "/{video_id}/thumbnail",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}, 304: {"description": "It is as before."}}
    | problems(401, 403, 404, 422, 503),
)
async def thumbnail(
    request: Request,
    served: Served,
    video_id: str,
    time_seconds: Annotated[float, Query(ge=0, le=1e7, allow_inf_nan=False)] = 0.0,
    width: Annotated[int, Query(ge=16, le=MAX_SIDE)] = MAX_SIDE,
) -> Response:
    """Give the picture that is shown at a time, made small."""
    entry = served.entry(video_id)
    file, sha256 = _file(entry), entry.said.sha256
    tag = hashlib.sha256(f"{sha256} {time_seconds} {width}".encode()).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": f"private, max-age={DAY_SECONDS}"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    picture = served.thumbnails.kept(sha256, time_seconds, width)
    if picture is None:
        make = partial(served.thumbnails.make, file, sha256, time_seconds, width)
        try:
            picture = await served.pictures.ask(request, make)
        except InputError as error:
            raise HTTPException(404, f"{entry.name}: no picture can be made of its file; index it again") from error
    return Response(picture, media_type="image/jpeg", headers=headers)


@router.delete("/{video_id}", status_code=204, responses=problems(401, 403, 404, 503))
async def delete(served: Served, video_id: str) -> None:
    """Take a video out of the library; its file stays where it is, but for an upload."""
    entry = served.entry(video_id)
    try:
        await asyncio.to_thread(_remove, served, entry)
    except LockedError as error:
        detail = "the library is being written to; expected to be asked again"
        raise HTTPException(503, detail, {"Retry-After": RETRY_SECONDS}) from error
    except InputError as error:
        if served.catalogue.get(video_id) is None:
            raise unknown(video_id) from error
        raise HTTPException(
            503, f"{entry.name}: {served.settings.told(error)}", {"Retry-After": RETRY_SECONDS}
        ) from error


def _remove(served: Service, entry: Entry) -> None:
    remove_video(served.settings.library, entry.video)


def _file(entry: Entry) -> Path:
    if entry.file is None:
        raise _gone(entry)
    return entry.file


def _gone(entry: Entry) -> HTTPException:
    return HTTPException(404, f"{entry.name}: its file is not there; expected a video that was indexed from a file")
