"""Giving videos to the library, and how far that is."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

from leorn.errors import InputError
from leorn.serve.answers import Job, Jobs
from leorn.serve.receiving import receive
from leorn.serve.sandbox import EndedError
from leorn.serve.service import RETRY_SECONDS, Served, problems

FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "contentMediaType": "application/octet-stream"}},
}
"""What is sent, as OpenAPI is told: it is not read as a whole."""

router = APIRouter(prefix="/api", tags=["uploads"])


@router.post(
    "/videos",
    status_code=202,
    responses=problems(400, 401, 403, 408, 413, 415, 422, 503, 507),
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}}},
)
async def upload(request: Request, served: Served, response: Response) -> Job:
    """Take a video, see that it is one, and put it in line to be indexed."""
    try:
        # before anything is read: those that arrive will wait too
        with served.jobs.place(), served.uploads.arriving() as part:
            name = await receive(request, part)
            async with served.looking:
                kept = await asyncio.to_thread(served.uploads.keep, part, name)
            job = served.jobs.put(kept)
    except InputError as error:
        raise HTTPException(415, f"the file is no video that can be taken: {served.settings.told(error)}") from error
    except EndedError as error:
        raise HTTPException(503, served.settings.told(error), {"Retry-After": RETRY_SECONDS}) from error
    except OSError as error:
        raise HTTPException(507, f"the upload cannot be stored ({error.strerror or 'no reason is known'})") from error
    response.headers["Location"] = f"/api/jobs/{job.job}"
    return job


@router.get("/jobs", responses=problems(401, 403))
def jobs(served: Served) -> Jobs:
    """List the uploads since the service started."""
    return Jobs(jobs=served.jobs.all())


@router.get("/jobs/{job}", responses=problems(401, 403, 404))
def job(served: Served, job: str) -> Job:
    """Tell how far an upload is."""
    return _told(served, job)


@router.get(
    "/jobs/{job}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}} | problems(401, 403, 404),
)
async def events(served: Served, job: str) -> StreamingResponse:
    """Tell how far an upload is, whenever that changes, until it ends: server-sent events, each a job as JSON."""
    _told(served, job)

    async def said() -> AsyncIterator[str]:
        async for told in served.jobs.follow(job):
            yield f"data: {told.model_dump_json()}\n\n"

    return StreamingResponse(said(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _told(served: Served, job: str) -> Job:
    told = served.jobs.get(job)
    if told is None:
        raise HTTPException(404, f"no job {job[:40]!r}; expected one of GET /api/jobs")
    return told
