"""Connections that end when nothing is asked: who opens many of them keeps others out."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20
"""How long the first lines of a request may take, up to the empty one, and what comes after its answer."""


class ImpatientProtocol(H11Protocol):
    """HTTP of uvicorn, which itself waits for ever for the rest of a request that has begun."""

    head_seconds: float = HEAD_SECONDS
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait_or_rest()

    def data_received(self, data: bytes) -> None:
        """Go on waiting, unless the request has begun."""
        super().data_received(data)
        self._wait_or_rest()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._rest()
        super().connection_lost(exc)

    def _wait_or_rest(self) -> None:
        # what still comes of a request that is answered is read by nobody else
        answered = self.cycle is not None and self.cycle.response_complete
        if not answered and self.conn.their_state is not h11.IDLE:
            self._rest()
        elif self._late is None:
            self._late = self.loop.call_later(self.head_seconds, self.transport.close)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
