"""Working for who asks as long as they are there."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import HTTPException, Request

T = TypeVar("T")
GONE_SECONDS = 0.25
"""How often to see whether who asked is still there."""


async def while_there(request: Request, work: Awaitable[T]) -> T:
    """Return what becomes of work, which is cancelled when who asked has gone.

    Args:
        request: of who asks; all of it has been read.
        work: a coroutine or a future.

    Raises:
        HTTPException: 499, who asked has gone.
    """
    going = asyncio.ensure_future(work)
    try:
        while not going.done():
            await asyncio.wait({going}, timeout=GONE_SECONDS)
            if not going.done() and await request.is_disconnected():
                raise HTTPException(499, "who asked has gone")
        return going.result()
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
