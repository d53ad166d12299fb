"""All that answers need, in one place."""

import asyncio
import math
import secrets
import threading
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request

from leorn.errors import InputError
from leorn.retrieval.library import Library
from leorn.retrieval.manifest import OBJECTS
from leorn.serve.answers import Problem
from leorn.serve.bounded_queue import BoundedQueue
from leorn.serve.catalogue import Catalogue, Entry, UnreadableError, Version
from leorn.serve.clips import Cutter
from leorn.serve.examples import examples
from leorn.serve.jobs import JobQueue
from leorn.serve.metrics import Metrics
from leorn.serve.settings import Settings
from leorn.serve.thumbnails import AT_ONCE, Thumbnails
from leorn.serve.uploads import Uploads

T = TypeVar("T")
LOOKED_AT = 2
"""Uploads at a time; others wait."""
RETRY_SECONDS = "10"
"""After which who was turned away for a reason that passes may ask again."""


class Service:
    """A library that is served.

    Args:
        settings: what it was told.
        library: opened.
    """

    def __init__(self, settings: Settings, library: Library) -> None:
        self.settings, self.library = settings, library
        self.catalogue = Catalogue(settings.library)
        self.questions = BoundedQueue("questions", settings.queue)
        self.uploads = Uploads(settings)
        self.jobs = JobQueue(settings, self.uploads)
        self.pictures = BoundedQueue("pictures", settings.pictures, AT_ONCE)
        self.thumbnails = Thumbnails(settings.picture_seconds)
        self.clips = Cutter(settings)
        self.looking = asyncio.Semaphore(LOOKED_AT)
        # of this start alone: a cookie that is stolen ends with the service
        self.session = secrets.token_urlsafe(32)
        self.metrics = Metrics()
        self.metrics.waiting.set_function(lambda: self.questions.length)
        self.metrics.jobs.set_function(lambda: self.jobs.waiting)
        self.metrics.videos.set_function(self._count)
        self._examples: tuple[Version, list[str]] = None, []
        self._examples_lock = threading.Lock()

    async def ask(self, request: Request, work: Callable[[Library], T]) -> T:
        """Let the library answer when its turn has come, as it is then.

        Raises:
            UnreadableError: the library is gone or damaged.
            InputError: what was asked cannot be answered.
            HTTPException: as `BoundedQueue.ask`.
        """

        def answer() -> T:
            try:
                self.library.refresh()
            except InputError as error:
                raise UnreadableError(str(error)) from error
            return work(self.library)

        return await self.questions.ask(request, answer)

    def entry(self, video_id: str) -> Entry:
        """Return a video by its id in addresses.

        Raises:
            HTTPException: 404, there is none.
        """
        entry = self.catalogue.get(video_id)
        if entry is None:
            raise unknown(video_id)
        return entry

    def examples(self) -> list[str]:
        """Return sentences to begin with; they are found anew when the library has changed."""
        version = self.catalogue.version
        # it takes a while: whoever asks meanwhile gets the last ones
        if self._examples[0] != version and self._examples_lock.acquire(blocking=False):
            try:
                self._examples = version, examples(self.settings.library / OBJECTS)
            finally:
                self._examples_lock.release()
        return self._examples[1]

    async def close(self) -> None:
        """Leave uploads to the next service, and end what goes on beside this process."""
        await self.jobs.stop()
        self.questions.close()
        self.pictures.close()
        self.thumbnails.close()

    def _count(self) -> float:
        """Return how many videos there are; no number where the library cannot be read."""
        try:
            return len(self.catalogue)
        except UnreadableError:
            return math.nan


def unknown(video_id: str) -> HTTPException:
    """Return the answer to who asks about a video that there is not."""
    return HTTPException(404, f"no video {video_id[:40]!r}; expected an id of GET /api/videos")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how OpenAPI is told of answers that are no success."""
    return {status: {"model": Problem} for status in statuses}


def service_of(request: Request) -> Service:
    """Return the service that a request came to."""
    return request.app.state.service


Served = Annotated[Service, Depends(service_of)]
