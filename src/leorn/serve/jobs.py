"""Uploads on their way into the library, one at a time, each in a process of its own."""

import asyncio
import json
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from leorn.retrieval.manifest import read_manifest
from leorn.serve.answers import Job
from leorn.serve.catalogue import id_of
from leorn.serve.settings import Settings
from leorn.serve.uploads import Upload, Uploads

ENDED = ("done", "failed")
STOPPING_SECONDS = 0.5
"""How often who follows a job looks whether the service stops."""
REMEMBERED = 100
"""Jobs that have ended and can still be asked about."""


@dataclass
class _State:
    upload: Upload
    told: Job
    changed: asyncio.Event = field(default_factory=asyncio.Event)

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
        """How many have not ended."""
        return sum(not state.ended for state in self._jobs.values())

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
        state = self._jobs[job]
        while True:
            changed, told = state.changed, state.told
            yield told
            if told.state in ENDED:
                return
            while not changed.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), STOPPING_SECONDS)
                if self.stopping():
                    return

    async def _work(self) -> None:
        while True:
            state = await self._line.get()
            try:
                await self._add(state)
            except Exception as error:
                # whatever one job brings about, those after it are worked on
                self._put_off(state, f"cannot be worked on ({type(error).__name__}: {error})")

    async def _add(self, state: _State) -> None:
        for _ in range(self._settings.retries + 1):
            told = await self._try(state)
            if "busy" not in told:
                break
            state.tell(reason=told["busy"])
            await asyncio.sleep(self._settings.retry_seconds)
        # the library knows best: a process may end between adding a video and saying so
        if state.upload.video in read_manifest(self._settings.library).videos:
            self._uploads.settle(state.upload, added=True)
            state.tell(state="done", video=id_of(state.upload.video), seconds_left=0.0, reason=None)
        elif "reason" in told:
            self._uploads.settle(state.upload, added=False)
            self._fail(state, told["reason"])
        else:
            self._put_off(state, told.get("busy") or "working on it was ended from outside")

    async def _try(self, state: _State) -> dict[str, Any]:
        """Let a process add the video, and return the last that it said."""
        upload = state.upload
        command = *self._settings.add_command, str(self._settings.library), upload.video, str(upload.file), upload.name
        # in a session of its own: Ctrl-C is for the service, which tells the next one what is left to do
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, start_new_session=True)
        assert process.stdout is not None
        told: dict[str, Any] = {}
        begun: tuple[float, int] | None = None
        try:
            state.tell(state="running", reason=None)
            async for line in process.stdout:
                told = _read(line) or told
                if "done" in told:
                    begun = begun or (time.monotonic(), told["done"])
                    left = _seconds_left(begun, told["done"], told["total"])
                    state.tell(done=told["done"], total=told["total"], seconds_left=left)
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return told

    def _put_off(self, state: _State, reason: str) -> None:
        """Leave an upload, of which nothing is known to be wrong, to the next service."""
        self._fail(state, f"{reason}; it is kept, and tried again when the service starts")

    def _fail(self, state: _State, reason: str) -> None:
        state.tell(state="failed", reason=" ".join(reason.split()), seconds_left=None)


def _read(line: bytes) -> dict[str, Any]:
    try:
        told = json.loads(line)
    except ValueError:
        # whatever a library prints
        return {}
    return told if isinstance(told, dict) else {}


def _seconds_left(begun: tuple[float, int], done: int, total: int) -> float | None:
    since, first = begun
    if done <= first:
        return None
    return round((time.monotonic() - since) / (done - first) * (total - done), 1)
