"""Reading uploads, with what wrote the request for the truth."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from leorn.serve.receiving import MOST_PARTS, receive

TYPE = "multipart/form-data; boundary=frontier"


def app_of(folder: Path) -> FastAPI:
    """What answers with the name of the file that it has received."""
    app = FastAPI()

    @app.post("/")
    async def take(request: Request) -> str:
        return await receive(request, folder / "received")

    return app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("received")


@pytest.fixture(scope="module")
def client(folder: Path) -> TestClient:
    return TestClient(app_of(folder))


def send(client: TestClient, body: bytes, kind: str = TYPE) -> Any:  # noqa: ANN401 - an answer
    return client.post("/", content=body, headers={"Content-Type": kind})


@given(
    content=st.one_of(
        st.binary(max_size=300), st.lists(st.sampled_from([b"\r\n", b"--", b"frontier", b"x"])).map(b"".join)
    ),
    name=st.text(
        st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\%'), min_size=1, max_size=30
    ),
    cuts=st.lists(st.integers(0, 800), max_size=5),
)
def test_a_file_arrives_as_it_was_sent_however_it_is_cut(
    client: TestClient, folder: Path, content: bytes, name: str, cuts: list[int]
) -> None:
    sent = httpx.Request("POST", "http://x/", data={"note": "y"}, files={"file": (name, content), "other": ("z", b"z")})
    body, ends = sent.read(), sorted({0, *cuts})
    chunks = [body[start:end] for start, end in zip(ends, [*ends[1:], None], strict=True)]
    answer = client.post("/", content=iter(chunks), headers={"Content-Type": sent.headers["content-type"]})
    assert (answer.status_code, answer.json()) == (200, name)
    assert (folder / "received").read_bytes() == content


def part(name: str, content: str = "x", file: str = '; filename="a"') -> str:
    return f'--frontier\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n{content}\r\n'


END = "--frontier--\r\n"


def test_the_first_file_of_the_field_is_taken(client: TestClient, folder: Path) -> None:
    body = part("other", "1") + part("file", "2", file="") + part("file", "3") + part("file", "4") + END
    assert send(client, body.encode()).json() == "a"
    assert (folder / "received").read_bytes() == b"3"


@pytest.mark.parametrize(
    ("body", "kind", "status", "reason"),
    [
        ("", "", 422, "no file"),
        ("{}", "application/json", 422, "no file"),
        (part("file") + END, "multipart/form-data", 422, "no file"),
        (part("file") + END, "multipart/mixed; boundary=frontier", 422, "no file"),
        (part("file", file="") + END, TYPE, 422, "no file"),
        (part("files") + END, TYPE, 422, "no file"),
        ("no part\r\n" + part("file") + END, TYPE, 400, "no multipart/form-data that can be read"),
        (part("file"), TYPE, 400, "the upload was cut off: its last boundary is missing"),
        (part("file")[:20], TYPE, 400, "the upload was cut off: its last boundary is missing"),
        ("", TYPE, 400, "the upload was cut off: its last boundary is missing"),
        (part("x", file="") * (MOST_PARTS + 1) + END, TYPE, 400, f"(more than {MOST_PARTS} parts)"),
        ("--frontier\r\nno colon\r\n\r\nx\r\n" + END, TYPE, 400, "no multipart/form-data that can be read"),
        (f"--frontier\r\nX: {'x' * 2**16}\r\n\r\nx\r\n" + END, TYPE, 400, "no multipart/form-data that can be read"),
        (
            "--frontier\r\n" + "X: x\r\n" * 1000 + "\r\nx\r\n" + END,
            TYPE,
            400,
            "no multipart/form-data that can be read",
        ),
        (part("file") + END, f"multipart/form-data; boundary={'x' * 300}", 400, "no multipart/form-data that can be"),
        (part("file") + END, "multipart/form-data; boundary=\xe9", 400, "no multipart/form-data that can be read"),
    ],
)
def test_what_is_written_in_another_way_is_refused(
    client: TestClient, body: str, kind: str, status: int, reason: str
) -> None:
    answer = send(client, body.encode(), kind.encode("latin-1"))  # type: ignore[arg-type]
    assert (answer.status_code, reason in answer.json()["detail"]) == (status, True), answer.text


@given(
    st.lists(
        st.sampled_from(
            [
                b"--frontier",
                b"--",
                b"\r",
                b"\n",
                b"\r\n",
                b":",
                b'Content-Disposition: form-data; name="file"; filename="a"',
                b"x",
                b"\x00",
                b"\xff",
            ]
        )
    ).map(b"".join)
)
def test_no_body_brings_it_down(client: TestClient, body: bytes) -> None:
    assert send(client, body).status_code in (200, 400, 422)


def test_a_large_file_is_written_while_it_arrives(tmp_path: Path) -> None:
    sizes = list[int]()
    received = tmp_path / "received"

    class Arriving:
        headers = httpx.Headers({"content-type": TYPE})

        async def stream(self) -> AsyncIterator[bytes]:
            head, tail = part("file", "|").encode().split(b"|")
            yield head
            for _ in range(5):
                yield bytes(2**20)
                sizes.append(received.stat().st_size)
            yield tail + END.encode()

    asyncio.run(receive(Arriving(), received))  # type: ignore[arg-type]
    assert received.stat().st_size == 5 * 2**20
    # all but what waits to be written at once
    assert all(there >= (number - 1) * 2**20 for number, there in enumerate(sizes, 1))
    assert sizes[-1] >= 3 * 2**20
