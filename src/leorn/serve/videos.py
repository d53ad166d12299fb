"""The videos of the library: what they are, their files, small pictures, and removing them."""

import asyncio
import hashlib
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
from leorn.serve.service import Served, Service, one_line, problems

DAY_SECONDS = 24 * 3600
RETRY_SECONDS = "10"

router = APIRouter(prefix="/api/videos", tags=["videos"])


@router.get("", responses=problems(401, 403, 422, 503))
def videos(
    served: Served,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    name: Annotated[str, Query(max_length=200, description="A part of the name.")] = "",
) -> Videos:
    """List the videos, by name."""
    there = [entry for entry in served.catalogue.all() if name.lower() in entry.name.lower()]
    shown = [entry.shown() for entry in there[offset : offset + limit]]
    return Videos(total=len(there), videos=shown, examples=served.examples())


@router.get("/{video_id}", responses=problems(401, 403, 404, 503))
def video(served: Served, video_id: str) -> Video:
    """Tell about one video."""
    return served.entry(video_id).shown()


@router.get(
    "/{video_id}/stream",
    response_class=FileResponse,
    responses={200: {"content": {"video/*": {}}}, 206: {"content": {"video/*": {}}}}
    | problems(401, 403, 404, 503)
    | {400: {"content": {"text/plain": {}}}, 416: {"content": {"text/plain": {}}}},
)
def stream(served: Served, video_id: str) -> FileResponse:
    """Give the file, or the range of its bytes that is asked for."""
    entry = served.entry(video_id)
    return FileResponse(_file(entry), content_disposition_type="inline")


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
    try:
        async with served.drawing:
            picture = await asyncio.to_thread(served.thumbnails.get, file, sha256, time_seconds, width)
    except InputError as error:
        raise HTTPException(404, f"{entry.name}: its file cannot be read any more; index it again") from error
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
        raise HTTPException(404, f"{entry.name}: {one_line(error)}") from error


def _remove(served: Service, entry: Entry) -> None:
    remove_video(served.settings.library, entry.video)


def _file(entry: Entry) -> Path:
    if entry.file is None:
        raise HTTPException(404, f"{entry.name}: its file is not there; expected a video that was indexed from a file")
    return entry.file
