"""The service, put together."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles

from leorn.errors import InputError, machine_failed
from leorn.retrieval.library import Library
from leorn.retrieval.manifest import read_manifest
from leorn.serve import about, exporting, searching, uploading, videos
from leorn.serve.about import PAGE
from leorn.serve.catalogue import UnreadableError
from leorn.serve.guards import BodyLimit, Guard
from leorn.serve.metrics import Measure
from leorn.serve.service import RETRY_SECONDS, Service, service_of
from leorn.serve.settings import Settings

logger = logging.getLogger(__name__)


def create_app(settings: Settings, library: Library | None = None) -> FastAPI:
    """Make the service of a library.

    Args:
        settings: what it is told.
        library: opened; it is opened here where None.

    Raises:
        InputError: no library in the folder, or something that it needs is missing.
    """
    service = Service(settings, library or Library(settings.library))
    app = FastAPI(
        title="LEORN",
        version=version("leorn"),
        lifespan=_lifespan,
        openapi_url="/api/openapi.json",
        redoc_url=None,
        docs_url=None,
    )
    app.state.service = service
    for room in (about, searching, videos, uploading, exporting):
        app.include_router(room.router)
    app.mount("/page", Page(directory=PAGE), name="page")
    app.add_exception_handler(RequestValidationError, _unfit)
    app.add_exception_handler(InputError, _wrong)
    app.add_exception_handler(UnreadableError, _unreadable)
    app.add_exception_handler(OSError, _failed)
    # the last is asked first
    app.add_middleware(BodyLimit, settings=settings)
    app.add_middleware(Guard, settings=settings, session=service.session)
    app.add_middleware(Measure, metrics=service.metrics)
    return app


class Page(StaticFiles):
    """The page's parts, which browsers ask for anew: those of another version of the service do not fit its API."""

    def file_response(self, *arguments: Any, **options: Any) -> Response:  # noqa: ANN401 - as it is there
        """Return the answer that holds a file."""
        response = super().file_response(*arguments, **options)
        response.headers["Cache-Control"] = "no-cache"
        return response


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Go on with the uploads that were not done; in the end leave them to the next service."""
    service: Service = app.state.service
    for upload in service.uploads.waiting(read_manifest(service.settings.library)):
        service.jobs.put(upload)
    service.jobs.start()
    try:
        yield
    finally:
        await service.close()


def _unfit(request: Request, error: Exception) -> JSONResponse:
    """Say in one line what is wrong with a request."""
    del request
    assert isinstance(error, RequestValidationError)
    told = (f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors())
    return JSONResponse({"detail": "; ".join(told)}, 422)


def _wrong(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": service_of(request).settings.told(error)}, 422)


def _failed(request: Request, error: Exception) -> JSONResponse:
    """Answer where this machine is short of something: open files, processes, room on the disk."""
    logger.error("%s %s", request.method, request.url.path, exc_info=error)
    if not machine_failed(error):
        return JSONResponse({"detail": "the service has failed; its log says why"}, 500)
    assert isinstance(error, OSError)
    detail = f"this machine cannot do it now ({error.strerror or 'no reason is known'})"
    return JSONResponse({"detail": detail}, 503, {"Retry-After": RETRY_SECONDS})


def _unreadable(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": service_of(request).settings.told(error)}, 503, {"Retry-After": RETRY_SECONDS})
