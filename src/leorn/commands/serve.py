"""`leorn serve`."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jsonargparse import Namespace
from jsonargparse.typing import PositiveFloat, PositiveInt

from leorn.arguments import Parser
from leorn.errors import InputError
from leorn.terminal import say

FEWEST_LETTERS = 12
"""Of a token: shorter ones can be guessed."""
STOP_SECONDS = 10
"""How long answers may still take when the service is stopped."""


def run(options: Namespace) -> None:
    """Serve a library: a page to search and play it, and an API."""
    from leorn.serve.settings import LOOPBACK

    token = _read_token(options.token)
    if options.host not in LOOPBACK and token is None:
        raise InputError(
            f"--host {options.host}: others could reach the library; expected --token, or LEORN_TOKEN as a variable"
        )
    try:
        import fastapi  # noqa: F401
        import prometheus_client  # noqa: F401
        import python_multipart  # noqa: F401
        import uvicorn
    except ImportError as error:
        raise InputError(f"leorn serve needs {error.name}: pip install leorn[serve]") from error
    folder = Path(options.library)
    taken = _take(options.host, options.port)
    _make_empty(folder)
    from leorn.serve.app import create_app
    from leorn.serve.connections import ImpatientProtocol
    from leorn.serve.settings import Settings

    settings = Settings(
        library=folder.absolute(),
        host=options.host,
        token=token,
        max_upload_bytes=int(options.max_upload_mb * 1e6),
        queue=options.queue,
    )
    # each connection, video and picture that is open is one
    _, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
    with _only_service(settings.library):
        app = create_app(settings)
        name = f"[{options.host}]" if ":" in options.host else options.host
        say(f"{folder}: http://{name}:{taken.getsockname()[1]}/ (Ctrl-C stops it)")
        config = uvicorn.Config(
            app, http=ImpatientProtocol, ws="none", log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )  # fmt: skip
        # when it has stopped in order, it says again that it was asked to
        with suppress(KeyboardInterrupt):
            server = uvicorn.Server(config)
            app.state.service.jobs.stopping = lambda: server.should_exit
            server.run(sockets=[taken])


def _read_token(given: str | None) -> str | None:
    """Return the token that is given, or that of the environment."""
    token = (os.environ.get("LEORN_TOKEN") or None) if given is None else given
    if token is None:
        return None
    if len(token) < FEWEST_LETTERS:
        raise InputError(f"a token of {len(token)} letters; expected {FEWEST_LETTERS} or more")
    if not (token.isascii() and token.isprintable()) or token != token.strip():
        raise InputError("a token that a header cannot hold; expected letters of ASCII, and no space at its ends")
    return token


@contextmanager
def _only_service(library: Path) -> Iterator[None]:
    """Keep other services off a library: each would take the other's uploads for leftovers."""
    from leorn.features.store_lock import LockedError, only_writer
    from leorn.retrieval.manifest import UPLOADS

    try:
        with only_writer(library / UPLOADS):
            yield
    except LockedError as error:
        raise InputError(f"{library}: another process serves this library; expected to be the only one") from error


def _take(host: str, port: int) -> socket.socket:
    """Take the port before the network is loaded."""
    # the system would count on from 0
    if not 0 <= port < 2**16:
        raise InputError(f"port {port}; expected 0 to {2**16 - 1}")
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        taken = socket.socket(kind, socket.SOCK_STREAM)
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        raise InputError(f"{host}, port {port}: {error.strerror or error}; expected a free one, --port") from error
    except UnicodeError as error:
        raise InputError(f"--host {host!r}: no name of a machine; expected one, or an address") from error
    return taken


def _make_empty(folder: Path) -> None:
    """Make a library to upload to of a folder that is new or empty."""
    from leorn.features.store_lock import LOCK
    from leorn.retrieval.manifest import MANIFEST

    if (folder / MANIFEST).exists():
        return
    # a killed one leaves its lock
    if folder.exists() and (not folder.is_dir() or any(file.name != LOCK for file in folder.iterdir())):
        raise InputError(f"{folder}: no library; expected one that leorn index made, or a new folder")
    from leorn.retrieval.indexing import create_library

    create_library(folder)
    say(f"{folder}: a new library; give it videos on the page, or with leorn index")


def add_options(parser: Parser) -> None:
    """Options of `leorn serve`."""
    parser.add_argument("library", metavar="LIBRARY", help="What leorn index made, or a new folder for uploads.")
    parser.add_argument("--host", default="127.0.0.1", help="Address to listen on; other than loopback needs --token.")
    parser.add_argument("--port", type=int, default=8000, help="Port to listen on; 0 for any that is free.")
    parser.add_argument("--token", help="What others must know; also LEORN_TOKEN, which no list of processes shows.")
    parser.add_argument("--max-upload-mb", type=PositiveFloat, default=2000.0, help="The largest upload, in megabytes.")
    parser.add_argument("--queue", type=PositiveInt, default=16, help="Questions that may wait; more are turned away.")
