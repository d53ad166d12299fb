"""Work that takes long, by a few threads, with a line before them that has an end."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import HTTPException, Request

from leorn.serve.presence import while_there

T = TypeVar("T")
MOMENTUM = 0.9
"""Of the running mean of how long an answer takes."""


class BoundedQueue:
    """Some workers with a line before them.

    Args:
        name: of what is asked for, as messages call it: several of it.
        limit: how many may wait or be worked on at a time.
        workers: how many are worked on at a time. A network that answers several questions at once answers none sooner.
    """

    def __init__(self, name: str, limit: int, workers: int = 1) -> None:
        self._name, self._limit, self._workers = name, limit, workers
        self._threads = ThreadPoolExecutor(workers, name)
        self._taken_seconds = 1.0
        self.length = 0
        """How many wait or are worked on now."""

    async def ask(self, request: Request, answer: Callable[[], T]) -> T:
        """Answer when all before are answered; not at all when who asked has gone before their turn.

        Args:
            request: of who asks.
            answer: the work.

        Raises:
            HTTPException: 503, the line is too long; 499, who asked has gone.
        """
        if self.length >= self._limit:
            wait = max(1, math.ceil(self.length * self._taken_seconds / self._workers))
            detail = f"{self.length} {self._name} wait already; expected to be asked again in {wait} s"
            raise HTTPException(503, detail, {"Retry-After": str(wait)})
        self.length += 1
        loop, work = asyncio.get_running_loop(), self._threads.submit(self._timed, answer)
        # of the work, which goes on when nobody waits for it any more
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(self._leave))
        return await while_there(request, asyncio.wrap_future(work))

    def close(self) -> None:
        """Answer no more."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _leave(self) -> None:
        self.length -= 1

    def _timed(self, answer: Callable[[], T]) -> T:
        start = time.monotonic()
        try:
            return answer()
        finally:
            taken = time.monotonic() - start
            self._taken_seconds = MOMENTUM * self._taken_seconds + (1 - MOMENTUM) * taken
