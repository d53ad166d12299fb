"""An S3 server of this machine, where moto is installed."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import fsspec
import pytest


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URI of a bucket of an S3 server, which moto is."""
    pytest.importorskip("moto.server", reason="needs moto and s3fs, which python-dateutil 4 does not go with")
    pytest.importorskip("s3fs")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, "-m", "moto.server", "-p", str(port)], stderr=subprocess.DEVNULL)
    settings = {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "REGION": "us-east-1", "DEFAULT_REGION": "us-east-1"}
    settings |= {"ENDPOINT_URL": f"http://127.0.0.1:{port}", "ALLOW_HTTP": "true"}
    for name, value in settings.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    try:
        while server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        # it would go on with the server before
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        fsspec.filesystem("s3").mkdir("bucket")
        yield "s3://bucket"
    finally:
        server.terminate()
        server.wait(timeout=30)
