"""What is killed in the middle of an upload or of indexing loses nothing that was finished, and shows nothing half."""

import json
import os
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from leorn.features.store import FeatureStore
from leorn.retrieval.manifest import read_manifest
from leorn.retrieval.window_table import WindowTable
from tests.serve.services import VIDEOS, RunningService, running
from tests.serve.small_service import SLOW
from tests.videos import write_video

pytest.importorskip("lancedb")

END_SECONDS = 90


@pytest.fixture
def slow(library: Path) -> Path:
    """The library, where adding a video takes some seconds."""
    return Path(shutil.move(library, library.with_name(SLOW)))


def assert_whole(library: Path, videos: set[str]) -> None:
    """The manifest, the store, the table and the uploads tell the same."""
    manifest = read_manifest(library)
    assert set(manifest.videos) == videos == set(FeatureStore(library / "objects").videos)
    assert len(WindowTable(library / "windows")) == sum(entry.windows for entry in manifest.videos.values())
    kept = {library / entry.path for entry in manifest.videos.values() if entry.uploaded}
    assert {path for path in (library / "uploads").iterdir() if path.name != ".lock"} == kept


def send(service: RunningService, file: Path) -> str:
    with service.client() as client:
        answer = client.post("/api/videos", files={"file": file.open("rb")})
        assert answer.status_code == 202
        return answer.json()["job"]


def started_by(process: int) -> list[int]:
    """Return the processes that a process has started, as soon as there is one: that which adds a video."""
    end = time.monotonic() + END_SECONDS
    while True:
        threads = Path(f"/proc/{process}/task").glob("*/children")
        if started := [int(child) for thread in threads for child in thread.read_text().split()]:
            return started
        assert time.monotonic() < end
        time.sleep(0.01)


def wait_for(service: RunningService, job: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + END_SECONDS
    with service.client() as client:
        while (told := client.get(f"/api/jobs/{job}").json()).get("state") not in states:
            assert time.monotonic() < end, told
            time.sleep(0.05)
    return told


@pytest.mark.parametrize("how", ["service", "both", "stop", "interrupt", "terminate"])
def test_an_upload_whose_indexing_is_cut_off_is_indexed_by_the_next_service(
    slow: Path, sentences: Path, tmp_path: Path, how: str
) -> None:
    file = write_video(tmp_path / "new.mp4", range(40))
    with running(sentences, slow) as service:
        job = send(service, file)
        wait_for(service, job, "running")
        if how == "stop":
            assert service.stop() == 0
        elif how == "interrupt":
            # as a terminal does
            os.killpg(service.process.pid, signal.SIGINT)
            service.process.wait(30)
        elif how in ("terminate", "both"):
            # all processes at once, as what starts services does, and a power cut
            for process in (*started_by(service.process.pid), service.process.pid):
                os.kill(process, signal.SIGTERM if how == "terminate" else signal.SIGKILL)
            service.process.wait(30)
        else:
            # who adds the video goes on, alone
            service.kill()
    assert json.loads((slow / f"uploads/{job}.json").read_text()) == {"name": "new.mp4", "file": f"{job}.mp4"}
    with running(sentences, slow) as service:
        assert wait_for(service, job, "done", "failed")["state"] == "done"
        with service.client() as client:
            found = client.get("/api/search", params={"query": "cup", "videos": "upload-*"}).json()["moments"]
            assert {moment["name"] for moment in found} == {"new.mp4"}
    assert_whole(slow, {*VIDEOS, f"upload-{job}"})


def test_of_an_upload_that_is_cut_off_nothing_is_left(library: Path, sentences: Path, tmp_path: Path) -> None:
    content = write_video(tmp_path / "new.mp4", range(400), size=(320, 240)).read_bytes()
    body = httpx.Request("POST", "http://localhost/api/videos", files={"file": ("new.mp4", content)})
    with running(sentences, library) as service:
        port = int(service.address.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as connection:
            headers = f"Content-Type: {body.headers['content-type']}\r\nContent-Length: {len(body.read())}\r\n"
            connection.sendall(f"POST /api/videos HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
            connection.sendall(body.content[: len(body.content) // 2])
            time.sleep(0.5)
            with service.client() as client:
                assert client.get("/api/jobs").json() == {"jobs": []}
            service.kill()
    with running(sentences, library) as service, service.client() as client:
        assert client.get("/api/jobs").json() == {"jobs": []}
        assert client.get("/api/videos").json()["total"] == len(VIDEOS)
    assert_whole(library, set(VIDEOS))


def test_a_second_service_of_a_library_is_refused(library: Path, sentences: Path) -> None:
    with running(sentences, library) as service:
        with pytest.raises(AssertionError, match="the service has ended with status 2"), running(sentences, library):
            pass
        with service.client() as client:
            assert client.get("/healthz").status_code == 200
