"""Uploads on their way into the library, one at a time, each in a process of its own."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from fastapi import HTTPException

from leorn.retrieval.manifest import read_manifest
from leorn.serve.adding import add_video
from leorn.serve.answers import Job
from leorn.serve.catalogue import id_of
from leorn.serve.sandbox import FAULTS
from leorn.serve.settings import Settings
from leorn.serve.uploads import Upload, Uploads

ENDED = ("done", "failed")
STOPPING_SECONDS = 0.5
"""How often who follows a job looks whether the service stops."""
RETRY_SECONDS = "30"
LATER = "it is kept, and tried again when the service starts"
REMEMBERED = 100
"""Jobs that have ended and can still be asked about."""
logger = logging.getLogger(__name__)


@dataclass
class _State:
    upload: Upload
    told: Job
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    begun: tuple[float, int] | None = None
    """When the first news came, and how much was done then."""

    def begin(self) -> None:
        self.begun = None
        self.tell(state="running", reason=None)

    def hear(self, done: int, total: int) -> None:
        now = time.monotonic()
        since, first = self.begun = self.begun or (now, done)
        left = round((now - since) / (done - first) * (total - done), 1) if done > first else None
        self.tell(done=done, total=total, seconds_left=left)

    def tell(self, **news: Any) -> None:  # noqa: ANN401 - fields of a job
        self.told = self.told.model_copy(update=news)
        self.changed.set()
        self.changed = asyncio.Event()

    @property
    def ended(self) -> bool:
        return self.told.state in ENDED


class JobQueue:
    """Adds uploads to the library, in the order in which they came.

    Args:
        settings: of the service.
        uploads: the files.
    """

    def __init__(self, settings: Settings, uploads: Uploads) -> None:
        self._settings, self._uploads = settings, uploads
        self._jobs: dict[str, _State] = {}
        self._line: asyncio.Queue[_State] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._arriving = 0
        self.stopping: Callable[[], bool] = lambda: False
        """Says that the service is about to stop, which waits for who follows a job."""

    def start(self) -> None:
        """Begin to work."""
        self._worker = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Stop in the middle of the work: what is not done is told on disk, and the next service goes on with it."""
        if self._worker is not None:
            self._worker.cancel()
            await asyncio.gather(self._worker, return_exceptions=True)
        for state in self._jobs.values():
            state.changed.set()

    @property
    def waiting(self) -> int:
        """How many arrive, or have not ended."""
        return self._arriving + sum(not state.ended for state in self._jobs.values())

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for an upload that arrives.

        Raises:
            HTTPException: 503, there is none.
        """
        if self.waiting >= self._settings.waiting_uploads:
            detail = f"{self.waiting} uploads wait already; expected to be sent again later"
            raise HTTPException(503, detail, {"Retry-After": RETRY_SECONDS})
        self._arriving += 1
        try:
            yield
        finally:
            self._arriving -= 1

    def put(self, upload: Upload) -> Job:
        """Put an upload in line."""
        told = Job(
            job=upload.key,
            name=upload.name,
            state="waiting",
            done=0,
            total=0,
            seconds_left=None,
            video=None,
            reason=None,
        )
        state = _State(upload, told)
        ended = [key for key, other in self._jobs.items() if other.ended]
        for key in ended[: max(0, len(ended) - REMEMBERED + 1)]:
            del self._jobs[key]
        self._jobs[upload.key] = state
        self._line.put_nowait(state)
        return told

    def all(self) -> list[Job]:
        """Return what there is to say of all jobs, the newest last."""
        return [state.told for state in self._jobs.values()]

    def get(self, job: str) -> Job | None:
        """Return what there is to say of a job; None where there is none."""
        state = self._jobs.get(job)
        return None if state is None else state.told

    async def follow(self, job: str) -> AsyncIterator[Job]:
        """Give what there is to say of a job now, and whenever that changes, until it ends or the service stops."""
        state = self._jobs.get(job)
        while state is not None:
            changed, told = state.changed, state.told
            yield told
            if told.state in ENDED:
                return
            while not changed.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(STOPPING_SECONDS):
                        await changed.wait()
                if self.stopping():
                    return

    async def _work(self) -> None:
        while True:
            state = await self._line.get()
            try:
                await self._add(state)
            except Exception as error:
                # whatever one job brings about, those after it are worked on; nothing says that the file is to blame
                logger.exception("upload %s", state.upload.key)
                self._end(state, f"cannot be worked on ({type(error).__name__}: {error})", keep=True)

    async def _add(self, state: _State) -> None:
        told: dict[str, Any] = {}
        for _ in range(self._settings.retries + 1):
            state.begin()
            told, ended = await add_video(self._settings, state.upload, state.hear)
            # the library knows best: a process may end between adding a video and saying so
            if state.upload.video in read_manifest(self._settings.library).videos:
                self._end(state, None)
                return
            if "unfit" in told or ended in FAULTS:
                self._end(state, told.get("unfit") or "it brought the decoder down; expected an ordinary video")
                return
            if "busy" not in told:
                self._end(state, told.get("reason") or "working on it was ended from outside", keep=True)
                return
            state.tell(reason=self._settings.told(told["busy"]))
            await asyncio.sleep(self._settings.retry_seconds)
        self._end(state, told["busy"], keep=True)

    def _end(self, state: _State, reason: str | None, *, keep: bool = False) -> None:
        """Say how a job has ended; what is kept is gone on with by the next service."""
        if reason is None:
            state.tell(state="done", video=id_of(state.upload.video), seconds_left=0.0, reason=None)
        else:
            said = self._settings.told(reason)
            state.tell(state="failed", reason=f"{said}; {LATER}" if keep else said, seconds_left=None)
        if not keep:
            # what cannot be removed now is seen to by the next service
            with suppress(OSError):
                self._uploads.settle(state.upload, added=reason is None)
