"""One question after the other: a network that answers several at once answers none sooner."""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import HTTPException, Request

T = TypeVar("T")
GONE_SECONDS = 0.25
"""How often to see whether who asked is still there."""
MOMENTUM = 0.9
"""Of the running mean of how long an answer takes."""


class InferenceQueue:
    """A worker with a line before it, which has an end.

    Args:
        limit: questions that wait or are answered at a time.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._worker = ThreadPoolExecutor(1, "inference")
        self._taken_seconds = 1.0
        self.length = 0
        """Questions that wait or are answered now."""

    async def ask(self, request: Request, answer: Callable[[], T]) -> T:
        """Answer when all before are answered; not at all when who asked has gone.

        Args:
            request: of who asks.
            answer: the work.

        Raises:
            HTTPException: 503, the line is too long; 499, who asked has gone.
        """
        if self.length >= self._limit:
            wait = max(1, math.ceil(self.length * self._taken_seconds))
            detail = f"{self.length} questions wait already; expected to be asked again in {wait} s"
            raise HTTPException(503, detail, {"Retry-After": str(wait)})
        self.length += 1
        loop, work = asyncio.get_running_loop(), self._worker.submit(self._timed, answer)
        # of the work, which goes on when nobody waits for it any more
        work.add_done_callback(lambda done: loop.call_soon_threadsafe(self._leave))
        future = asyncio.wrap_future(work)
        while not future.done():
            await asyncio.wait({future}, timeout=GONE_SECONDS)
            if not future.done() and await request.is_disconnected():
                future.cancel()
                raise HTTPException(499, "who asked has gone")
        return future.result()

    def close(self) -> None:
        """Answer no more."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def _leave(self) -> None:
        self.length -= 1

    def _timed(self, answer: Callable[[], T]) -> T:
        start = time.monotonic()
        try:
            return answer()
        finally:
            taken = time.monotonic() - start
            self._taken_seconds = MOMENTUM * self._taken_seconds + (1 - MOMENTUM) * taken
