"""All that answers need, in one place."""

import asyncio
import math
import secrets
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Depends, HTTPException, Request

from leorn.errors import InputError
from leorn.retrieval.library import Library
from leorn.retrieval.manifest import OBJECTS
from leorn.serve.answers import Problem
from leorn.serve.catalogue import Catalogue, Entry, UnreadableError
from leorn.serve.examples import examples
from leorn.serve.inference_queue import InferenceQueue
from leorn.serve.jobs import JobQueue
from leorn.serve.metrics import Metrics
from leorn.serve.settings import Settings
from leorn.serve.thumbnails import Thumbnails
from leorn.serve.uploads import Uploads

T = TypeVar("T")
PICTURES_AT_ONCE = 2
"""Videos that small pictures are read of at a time."""
CLIPS_AT_ONCE = 2
"""Clips that are encoded at a time; more are turned away."""


class Service:
    """A library that is served.

    Args:
        settings: what it was told.
        library: opened.
    """

    def __init__(self, settings: Settings, library: Library) -> None:
        self.settings, self.library = settings, library
        self.catalogue = Catalogue(settings.library)
        self.questions = InferenceQueue(settings.queue)
        self.uploads = Uploads(settings)
        self.jobs = JobQueue(settings, self.uploads)
        self.thumbnails = Thumbnails()
        # who waits for these holds no thread
        self.drawing, self.cutting = asyncio.Semaphore(PICTURES_AT_ONCE), asyncio.Semaphore(CLIPS_AT_ONCE)
        # of this start alone: a cookie that is stolen ends with the service
        self.session = secrets.token_urlsafe(32)
        self.metrics = Metrics()
        self.metrics.waiting.set_function(lambda: self.questions.length)
        self.metrics.jobs.set_function(lambda: self.jobs.waiting)
        self.metrics.videos.set_function(self._count)
        self.uploads_taken = 0
        """Uploads that are looked at now."""
        self._examples: tuple[int, list[str]] = -1, []

    async def ask(self, request: Request, work: Callable[[Library], T]) -> T:
        """Let the library answer when its turn has come, as it is then.

        Raises:
            HTTPException: 422, what was asked cannot be answered; or as `InferenceQueue.ask`.
        """

        def answer() -> T:
            self.library.refresh()
            return work(self.library)

        try:
            return await self.questions.ask(request, answer)
        except InputError as error:
            raise HTTPException(422, one_line(error)) from error

    def entry(self, video_id: str) -> Entry:
        """Return a video by its id in addresses.

        Raises:
            HTTPException: 404, there is none.
        """
        entry = self.catalogue.get(video_id)
        if entry is None:
            raise HTTPException(404, f"no video {video_id[:40]!r}; expected an id of GET /api/videos")
        return entry

    def _count(self) -> float:
        """Return how many videos there are; no number where the library cannot be read."""
        try:
            return len(self.catalogue)
        except UnreadableError:
            return math.nan

    def examples(self) -> list[str]:
        """Return sentences to begin with; they are found anew when the number of videos changes."""
        count = len(self.catalogue)
        if self._examples[0] != count:
            self._examples = count, examples(self.settings.library / OBJECTS)
        return self._examples[1]


def one_line(error: Exception) -> str:
    """Return what an error says, in one line."""
    return " ".join(str(error).split())


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how OpenAPI is told of answers that are no success."""
    return {status: {"model": Problem} for status in statuses}


def service_of(request: Request) -> Service:
    """Return the service that a request came to."""
    return request.app.state.service


Served = Annotated[Service, Depends(service_of)]
