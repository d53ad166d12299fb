"""Who may ask: the right host, no other site, and who knows the token where one is demanded."""

import asyncio
import hmac
import re
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie

from fastapi import HTTPException
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from leorn.serve.settings import LOOPBACK, Settings

OPEN = ("/", "/healthz", "/api/session")
"""Paths that need no token: the page, which asks for it, and whether the service is there."""
OPEN_BELOW = "/page/"
UPLOAD = "POST", "/api/videos"
MOST_BYTES = 2**16
"""Of what is sent, but for an upload: some of it is read before anybody has given a token."""
CLOSING = {"Connection": "close"}
MOST_DIGITS = 18
"""Of a Content-Length, at most: an exabyte."""
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\[\]:/@?#]*)(:[0-9]{1,5})?", re.ASCII | re.IGNORECASE)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Turns away who may not ask, before anything is read of what was sent.

    Args:
        app: what answers all others.
        settings: of the service.
        session: what the cookie of who has given the token holds.
    """

    def __init__(self, app: ASGIApp, settings: Settings, session: str) -> None:
        self._app, self._settings, self._session = app, settings, session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or turn it away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refused = self._refusal(scope)
        await (refused or self._app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        # a name that leads here from outside is of use to nobody who does not know the token
        if self._settings.local and self._settings.token is None and _name(host) not in LOOPBACK:
            return _problem(403, f"host {host[:80]!r}; expected a name of this machine, such as localhost")
        if _is_foreign(headers, host) and not (path == "/" and scope["method"] == "GET"):
            return _problem(403, "asked by another site; expected the page of this service, or a program")
        length, most = headers.get("content-length", "0"), most_bytes(scope, self._settings)
        if not _is_number(length) or int(length) > most:
            return _problem(413, f"{length[:20]} bytes; expected {most:,} or fewer")
        if path in OPEN or path.startswith(OPEN_BELOW) or self._knows_token(headers):
            return None
        return _problem(
            401, "no token, or a wrong one; expected Authorization: Bearer TOKEN", {"WWW-Authenticate": "Bearer"}
        )

    def _knows_token(self, headers: Headers) -> bool:
        if self._settings.token is None:
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and same(token.strip(), self._settings.token):
            return True
        return same(_cookie(headers, self._settings.cookie), self._session)


class BodyLimit:
    """Stops reading a request that is longer than it may be, whatever it says of its length.

    Args:
        app: what answers.
        settings: of the service.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not too long."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most, read, whole, begun = most_bytes(scope, self._settings), 0, False, False
        start = asyncio.get_running_loop().time()

        async def receive_counted() -> Message:
            nonlocal read, whole
            # what comes after a whole request is that who asked has gone
            message = await (receive() if whole else self._soon(receive, start, read))
            if message is not None:
                read, whole = read + len(message.get("body", b"")), not message.get("more_body", False)
                if read <= most:
                    return message
            if begun:
                return {"type": "http.disconnect"}
            if message is None:
                raise HTTPException(408, "too little has arrived; expected all of the request", CLOSING)
            raise HTTPException(413, f"more than {most:,} bytes; expected {most:,} or fewer", CLOSING)

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        await self._app(scope, receive_counted, send_noted)

    async def _soon(self, receive: Receive, start: float, read: int) -> Message | None:
        """Return what arrives next of a request that began at a time, and of which so many bytes are there.

        None where it comes too late.
        """
        rate, stall = self._settings.least_bytes_a_second, self._settings.stall_seconds
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(asyncio.get_running_loop().time(), start + read / rate) + stall):
                return await receive()
        return None


def most_bytes(scope: Scope, settings: Settings) -> int:
    """Return how long a request may be."""
    is_upload = (scope["method"], scope["path"]) == UPLOAD
    return settings.max_upload_bytes if is_upload else min(MOST_BYTES, settings.max_upload_bytes)


def same(one: str, other: str) -> bool:
    """Say whether two secrets are the same, in a time that tells nothing about where they differ."""
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))


def _is_foreign(headers: Headers, host: str) -> bool:
    """Say whether a browser asks for the page of another site."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}")


def _name(host: str) -> str:
    """Return a Host header without its port; nothing of one that is not written as it must be."""
    found = HOST.fullmatch(host)
    return "" if found is None else found["name"].strip("[]").lower()


def _is_number(text: str) -> bool:
    # Python has more digits than HTTP, and a limit to how many of them it reads
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def _cookie(headers: Headers, name: str) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": detail}, status, headers)
