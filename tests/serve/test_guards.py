"""Who is turned away: other hosts, other sites, who does not know the token, and what is too long."""

import asyncio
import errno
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from leorn.retrieval.library import Library, SearchResult
from leorn.serve.app import create_app
from leorn.serve.catalogue import id_of
from leorn.serve.guards import BodyLimit
from leorn.serve.settings import Settings
from leorn.serve.thumbnails import Thumbnails
from tests.commands import Refused
from tests.serve.services import running

pytest.importorskip("lancedb")

TOKEN = "correct horse battery"


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1", "a:b:c"]
)
def test_another_host_is_turned_away(client: TestClient, host: str) -> None:
    for path in ("/", "/api/videos", "/healthz", "/metrics"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 403
        assert "expected a name of this machine" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"])
def test_this_machine_may_ask_by_any_of_its_names(client: TestClient, host: str) -> None:
    assert client.get("/api/videos", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:9000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_is_turned_away(client: TestClient, headers: dict[str, str]) -> None:
    address = f"/api/videos/{id_of('cups')}"
    assert client.get("/api/videos", headers=headers).status_code == 403
    assert client.delete(address, headers=headers).status_code == 403
    assert client.post("/api/videos", headers=headers, files={"file": b""}).status_code == 403
    assert client.get(address).status_code == 200
    # a link on another site may lead to the page
    assert client.get("/", headers=headers).status_code == 200


def test_the_page_itself_may_ask(client: TestClient) -> None:
    own = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/api/videos", headers=own).status_code == 200


@pytest.fixture
def guarded(library: Path) -> Iterator[TestClient]:
    app = create_app(Settings(library, host="0.0.0.0", token=TOKEN), Library(library))
    with TestClient(app, base_url="http://video.example") as client:
        yield client


def test_who_does_not_know_the_token_sees_nothing(guarded: TestClient, library: Path) -> None:
    video = f"/api/videos/{id_of('cups')}"
    for path in (
        "/api/videos",
        "/api/search?query=cup",
        "/metrics",
        "/api/openapi.json",
        f"{video}/stream",
        "/api/jobs",
    ):
        cookie = {"Cookie": f"{Settings(library).cookie}=x"}
        for headers in ({}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN}, cookie):
            answer = guarded.get(path, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert guarded.delete(video).status_code == 401
    assert guarded.post("/api/videos", files={"file": b"x"}).status_code == 401
    assert [guarded.get(path).status_code for path in ("/", "/page/main.js", "/healthz")] == [200, 200, 200]
    assert guarded.get("/api/videos", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_a_browser_that_gives_the_token_gets_a_cookie_no_script_can_read(guarded: TestClient) -> None:
    wrong = guarded.post("/api/session", json={"token": "wrong"})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    half = {"content": b'{"token": "\\ud800"}', "headers": {"Content-Type": "application/json"}}
    assert guarded.post("/api/session", **half).status_code in (401, 422)  # type: ignore[arg-type]
    cookie = guarded.post("/api/session", json={"token": TOKEN}).headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    # the client keeps it
    assert guarded.get(f"/api/videos/{id_of('cups')}/stream").status_code == 200


def test_services_of_two_libraries_do_not_take_each_others_cookies(library: Path) -> None:
    # a browser keeps the cookies of all ports of a machine in one place
    cookies = {}
    for folder in (library, Path(shutil.copytree(library, library.with_name("other")))):
        app = create_app(Settings(folder, token=TOKEN), Library(folder))
        with TestClient(app, base_url="http://localhost", cookies=cookies) as client:
            client.post("/api/session", json={"token": TOKEN})
            cookies = dict(client.cookies)
            assert client.get("/api/jobs").status_code == 200
    assert len(cookies) == 2


def test_a_request_that_is_too_long_is_cut_off(library: Path) -> None:
    app = create_app(Settings(library, max_upload_bytes=20_000), Library(library))
    with TestClient(app, base_url="http://localhost") as client:
        files = {"file": ("a.mp4", bytes(30_000), "video/mp4")}
        told = client.post("/api/videos", files=files)
        assert told.status_code == 413
        assert told.json()["detail"].endswith(" bytes; expected 20,000 or fewer")
        # a length that lies, and one that is not told
        for length in ({"Content-Length": "100"}, {"Transfer-Encoding": "chunked"}):
            request = client.build_request("POST", "/api/videos", files=files)
            body = request.read()
            headers = {"Content-Type": request.headers["content-type"], **length}
            answer = client.post("/api/videos", content=iter([body[:15_000], body[15_000:]]), headers=headers)
            assert answer.status_code == 413
        for odd in (b"x", b"\xb2", b"0" * 5000):
            assert client.get("/healthz", headers={b"Content-Length": odd}).status_code == 413  # type: ignore[dict-item]
        # what is no upload is read into memory, whatever uploads may be
        large = create_app(Settings(library), Library(library))
    with TestClient(large, base_url="http://localhost") as client:
        token = {"token": "x" * 2**16}
        assert client.post("/api/session", json=token).status_code == 413
        body = json.dumps(token).encode()
        assert client.post("/api/session", content=iter([body[:1000], body[1000:]])).status_code == 413
    assert not any((library / "uploads").glob("*"))


async def body_of(
    chunks: Sequence[bytes], settings: Settings, wait_seconds: float, *, begin: bool = False
) -> tuple[int, bytes]:
    """Send a body to the limit, with pauses, and return how it is answered, and what came through.

    The answer may begin before the body is read; then nobody can be refused any more.
    """
    came, answered, left = b"", 0, list(chunks)

    async def receive() -> Message:
        await asyncio.sleep(wait_seconds if len(left) < len(chunks) else 0)
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal came
        if begin:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        while (message := await receive())["type"] == "http.request":
            came += message["body"]
            if not message["more_body"]:
                break

    async def send(message: Message) -> None:
        assert begin

    scope = {"type": "http", "method": "POST", "path": "/api/videos"}
    try:
        await BodyLimit(read, settings)(scope, receive, send)
    except HTTPException as error:
        answered = error.status_code
    return answered, came


@pytest.mark.parametrize(
    ("chunks", "wait_seconds", "stall", "rate", "answered"),
    [
        ([b"ab", b"cd", b"ef"], 0.0, 30.0, 1.0, 0),
        # nothing arrives any more, however much has arrived before
        ([b"ab" * 1000, b"cd"], 30.0, 0.5, 1.0, 408),
        # a little arrives all the time
        ([b"ab"] * 100, 0.05, 0.5, 1e6, 408),
        ([b"ab"] * 20, 0.05, 30.0, 1.0, 0),
    ],
)
def test_a_request_of_which_too_little_arrives_is_given_up(
    tmp_path: Path, chunks: list[bytes], wait_seconds: float, stall: float, rate: float, answered: int
) -> None:
    settings, whole = Settings(tmp_path, stall_seconds=stall, least_bytes_a_second=rate), b"".join(chunks)
    status, came = asyncio.run(body_of(chunks, settings, wait_seconds))
    assert (status, came == whole, whole.startswith(came)) == (answered, not answered, True)
    # an answer that has begun goes on, as to who has gone
    status, came = asyncio.run(body_of(chunks, settings, wait_seconds, begin=True))
    assert (status, came == whole, whole.startswith(came)) == (0, not answered, True)


def test_a_machine_that_is_short_of_something_says_so(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failures = [OSError(errno.EMFILE, os.strerror(errno.EMFILE)), TimeoutError()]

    def failing(*arguments: object) -> bytes:
        raise failures.pop(0)

    monkeypatch.setattr(Thumbnails, "make", failing)
    answer = client.get(f"/api/videos/{id_of('cups')}/thumbnail")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.json()["detail"] == "this machine cannot do it now (Too many open files)"
    # it would not help to ask again where the service is wrong
    answer = client.get(f"/api/videos/{id_of('cups')}/thumbnail")
    assert (answer.status_code, answer.json()["detail"]) == (500, "the service has failed; its log says why")
    assert [record.exc_info is not None for record in caplog.records if record.name == "leorn.serve.app"] == [True] * 2


def test_more_questions_than_the_line_holds_are_turned_away(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    before = Library.search

    def waiting(self: Library, *arguments: object, **options: object) -> SearchResult:
        begun.set()
        assert go_on.wait(30)
        return before(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Library, "search", waiting)
    app = create_app(Settings(library, queue=3), Library(library))
    with TestClient(app, base_url="http://localhost") as client, ThreadPoolExecutor(3) as asking:
        ask = {"params": {"query": "cup"}}
        first = [asking.submit(client.get, "/api/search", **ask) for _ in range(3)]  # type: ignore[arg-type]
        assert begun.wait(30)
        while "leorn_questions_waiting 3.0" not in client.get("/metrics").text:
            time.sleep(0.01)
        refused = client.get("/api/search", params={"query": "cup"})
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        # what needs no network is answered meanwhile
        assert client.get("/api/videos").status_code == 200
        go_on.set()
        assert [answer.result().status_code for answer in first] == [200, 200, 200]
        assert client.get("/api/search", params={"query": "cup"}).status_code == 200


def test_who_goes_leaves_the_line(library: Path, sentences: Path) -> None:
    with running(sentences, library) as service, service.client() as client:
        port = int(service.address.rpartition(":")[2])
        for _ in range(30):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(b"GET /api/search?query=cup&candidates=200 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        end = time.monotonic() + 30
        while "leorn_questions_waiting 0.0" not in client.get("/metrics").text:
            assert time.monotonic() < end
        assert client.get("/api/search", params={"query": "cup"}).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--host", "0.0.0.0"), "--host 0.0.0.0: others could reach the library; expected --token, or LEORN_TOKEN"),
        (("--host", "0.0.0.0", "--token", "short"), "a token of 5 letters; expected 12 or more"),
        (("--port", "99999"), "port 99999; expected 0 to 65535"),
    ],
)
def test_what_would_let_everybody_in_is_refused(
    refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.delenv("LEORN_TOKEN", raising=False)
    assert reason in refused("serve", tmp_path, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_things_is_no_library(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    said = refused("serve", tmp_path, "--port", "0")
    assert said == f"{tmp_path}: no library; expected one that leorn index made, or a new folder"
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
