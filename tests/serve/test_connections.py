"""Connections on which nothing is asked, against a server on loopback."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from leorn.serve.connections import ImpatientProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def refuse(request: Request) -> PlainTextResponse:
    return PlainTextResponse("no", 401)


@pytest.fixture
def head_seconds() -> float:
    """How long the server waits for the head of a request."""
    return 1.0


@pytest.fixture
def port(head_seconds: float) -> Iterator[int]:
    quick = type("QuickProtocol", (ImpatientProtocol,), {"head_seconds": head_seconds})
    routes = [Route("/", answer, methods=["GET", "POST"]), Route("/no", refuse, methods=["POST"])]
    app = Starlette(routes=routes)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=quick, ws="none", log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield taken.getsockname()[1]
        server.should_exit = True
        thread.join()


def answer_on(connection: socket.socket) -> bytes:
    """Return the body of an answer."""
    head, _, body = connection.recv(1000).partition(b"\r\n\r\n")
    assert b"200 OK" in head
    return body or connection.recv(1000)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize("begun", [b"", b"G", REQUEST[:-2], REQUEST + REQUEST[:-2]])
def test_a_request_that_is_not_made_is_not_waited_for(port: int, begun: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(begun)
        answered = b""
        # until the other side closes
        while more := connection.recv(1000):
            answered += more
        assert answered.count(b"200 OK") == begun.startswith(REQUEST)


def test_a_byte_now_and_then_makes_no_request(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"GET /")
        end = time.monotonic() + 30
        # until the other side closes
        with suppress(ConnectionError):
            while not select.select([connection], [], [], 0.02)[0]:
                connection.sendall(b"x")
                assert time.monotonic() < end
            assert connection.recv(1000) == b""


def test_what_comes_after_an_answer_is_not_waited_for(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(b"POST /no HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        assert b" 401 " in connection.recv(1000)
        connection.sendall(b"x")
        # the rest of the answer, until the other side closes
        with suppress(ConnectionError):
            while connection.recv(1000):
                pass


@pytest.mark.parametrize("head_seconds", [2.0])
def test_a_request_may_take_longer_than_its_head(port: int, head_seconds: float) -> None:
    with connect(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\na")
        time.sleep(head_seconds + 0.5)
        connection.sendall(b"b")
        assert answer_on(connection) == b"2 bytes"
        # and the next one on the same connection, while there is time
        connection.sendall(REQUEST)
        assert answer_on(connection) == b"0 bytes"
