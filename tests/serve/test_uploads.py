"""Giving videos to a library, from the file to what a search finds of it."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi.testclient import TestClient

from leorn.errors import InputError
from leorn.features.store_lock import only_writer
from leorn.retrieval.library import Library
from leorn.retrieval.manifest import read_manifest
from leorn.serve.app import create_app
from leorn.serve.settings import Settings
from leorn.serve.uploads import Uploads, clean_name
from tests.serve.services import adding_command
from tests.videos import write_video

pytest.importorskip("lancedb")

END_SECONDS = 60


def send(client: TestClient, file: Path, name: str | None = None) -> Any:  # noqa: ANN401 - an answer
    return client.post("/api/videos", files={"file": (name or file.name, file.read_bytes(), "text/plain")})


def end_of(client: TestClient, job: str) -> dict[str, Any]:
    """Wait for a job, by its events."""
    with client.stream("GET", f"/api/jobs/{job}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line.removeprefix("data: ")) for line in events.iter_lines() if line]
    assert told[-1] == client.get(f"/api/jobs/{job}").json()
    done = [one["done"] for one in told]
    assert done == sorted(done)
    return told[-1]


def test_an_upload_is_found_when_its_job_is_done(client: TestClient, library: Path, tmp_path: Path) -> None:
    # whatever its name and its type say, it is what it is
    file = write_video(tmp_path / "new.mp4", range(40))
    answer = send(client, file, "my cat.txt")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    job = answer.json()["job"]
    assert answer.headers["location"] == f"/api/jobs/{job}"
    assert (library / f"uploads/{job}.json").exists()
    ended = end_of(client, job)
    assert (ended["state"], ended["name"], ended["done"], ended["reason"]) == (
        "done",
        "my cat.txt",
        ended["total"],
        None,
    )
    kept = library / f"uploads/{job}.mp4"
    assert sorted((library / "uploads").iterdir()) == [kept]
    assert kept.read_bytes() == file.read_bytes()
    video = client.get(f"/api/videos/{ended['video']}").json()
    assert (video["name"], video["uploaded"], video["playable"]) == ("my cat.txt", True, True)
    found = client.get("/api/search", params={"query": "cup", "videos": "upload-*"}).json()["moments"]
    assert {moment["id"] for moment in found} == {ended["video"]}
    assert client.get("/api/jobs").json() == {"jobs": [ended]}
    assert client.delete(f"/api/videos/{ended['video']}").status_code == 204
    assert not kept.exists()


def test_what_is_no_video_is_refused_and_nothing_is_left_of_it(
    client: TestClient, library: Path, tmp_path: Path
) -> None:
    whole = write_video(tmp_path / "new.mp4", range(40)).read_bytes()
    for content in (b"", b"no video", whole[:200], whole[: len(whole) // 2], b"\x89PNG\r\n\x1a\n" + bytes(500)):
        answer = client.post("/api/videos", files={"file": ("new.mp4", content, "video/mp4")})
        assert answer.status_code == 415
        assert answer.json()["detail"].startswith("the file is no video that can be taken: ")
        assert "\n" not in answer.json()["detail"]
        assert str(library) not in answer.json()["detail"]
    assert list((library / "uploads").iterdir()) == []
    assert client.post("/api/videos", data={"file": "text"}).status_code == 422
    assert client.get("/api/jobs").json() == {"jobs": []}


def test_a_video_whose_frames_change_their_size_is_a_video(client: TestClient, tmp_path: Path) -> None:
    parts = write_video(tmp_path / "a.ts", range(40)), write_video(tmp_path / "b.ts", range(40, 80), size=(640, 480))
    both = tmp_path / "both.ts"
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    ended = end_of(client, send(client, both).json()["job"])
    assert ended["state"] == "done"
    # it is shown in the size that it begins with
    picture = client.get(f"/api/videos/{ended['video']}/thumbnail", params={"time_seconds": 6})
    shown = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (32, 48, 3)


def test_what_takes_too_much_is_refused(library: Path, sentences: Path, tmp_path: Path) -> None:
    file = write_video(tmp_path / "new.mp4", range(40))
    limits: dict[str, tuple[Any, int, str]] = {
        "max_upload_seconds": (3.0, 415, "a video of 0.0 h; expected one of 0.0 h or less"),
        "max_upload_pixels": (100, 415, "frames of 48 x 32 pixels; expected 100 pixels or less"),
        "sniff_seconds": (0.001, 415, "looking at it took more than 0 s; expected an ordinary video"),
        "waiting_uploads": (0, 503, "0 uploads wait already; expected to be sent again later"),
    }
    for name, (limit, status, reason) in limits.items():
        settings = Settings(library, add_command=adding_command(sentences), **{name: limit})
        with TestClient(create_app(settings, Library(library)), base_url="http://localhost") as client:
            answer = send(client, file)
            assert (answer.status_code, answer.json()["detail"].endswith(reason)) == (status, True)


def test_uploads_that_are_looked_at_take_a_place_in_the_line(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def looking(self: Uploads, content: object, name: str) -> None:
        begun.set()
        assert go_on.wait(30)
        raise InputError("no video")

    monkeypatch.setattr(Uploads, "keep", looking)
    app = create_app(Settings(library, waiting_uploads=1), Library(library))
    with TestClient(app, base_url="http://localhost") as client, ThreadPoolExecutor(1) as asking:
        first = asking.submit(client.post, "/api/videos", files={"file": b"x"})
        assert begun.wait(30)
        threading.Timer(5, go_on.set).start()
        assert client.post("/api/videos", files={"file": b"x"}).status_code == 503
        go_on.set()
        assert first.result().status_code == 415


def test_a_job_waits_for_who_writes_and_fails_when_that_goes_on(library: Path, sentences: Path, tmp_path: Path) -> None:
    file = write_video(tmp_path / "new.mp4", range(40))
    settings = Settings(library, add_command=adding_command(sentences), retry_seconds=0.2, retries=1000)
    with TestClient(create_app(settings, Library(library)), base_url="http://localhost") as client:
        with only_writer(library):
            job = send(client, file).json()["job"]
            end = time.monotonic() + END_SECONDS
            while "another process is writing" not in (client.get(f"/api/jobs/{job}").json()["reason"] or ""):
                assert time.monotonic() < end
                time.sleep(0.05)
            busy = client.delete(f"/api/videos/{client.get('/api/videos').json()['videos'][0]['id']}")
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "10")
        assert end_of(client, job)["state"] == "done"
    impatient = Settings(library, add_command=adding_command(sentences), retry_seconds=0, retries=0)
    with (
        TestClient(create_app(impatient, Library(library)), base_url="http://localhost") as client,
        only_writer(library),
    ):
        ended = end_of(client, send(client, file).json()["job"])
        assert (ended["state"], "another process is writing" in ended["reason"]) == ("failed", True)
    # what nothing is wrong with is kept
    assert len(list((library / "uploads").glob("*.mp4"))) == 2
    with TestClient(create_app(settings, Library(library)), base_url="http://localhost") as client:
        assert end_of(client, ended["job"])["state"] == "done"


def test_a_process_that_is_brought_down_fails_its_job_alone_and_loses_no_upload(
    library: Path, sentences: Path, tmp_path: Path
) -> None:
    file = write_video(tmp_path / "new.mp4", range(40))
    settings = Settings(library, add_command=("/bin/sh", "-c", "kill -9 $$"))
    with TestClient(create_app(settings, Library(library)), base_url="http://localhost") as client:
        ended = end_of(client, send(client, file).json()["job"])
        assert ended["state"] == "failed"
        assert ended["reason"].startswith("working on it was ended from outside; it is kept, and tried again")
        assert client.get("/healthz").status_code == 200
    missing = Settings(library, add_command=("/no/such/program",))
    with TestClient(create_app(missing, Library(library)), base_url="http://localhost") as client:
        assert end_of(client, ended["job"])["state"] == "failed"
    right = Settings(library, add_command=adding_command(sentences))
    with TestClient(create_app(right, Library(library)), base_url="http://localhost") as client:
        assert end_of(client, ended["job"])["state"] == "done"


def test_an_upload_to_a_library_that_is_damaged_waits_until_it_is_not(
    client: TestClient, library: Path, sentences: Path, tmp_path: Path
) -> None:
    windows, aside = library / "windows", library / "aside"
    windows.rename(aside)
    windows.write_text("no database")
    ended = end_of(client, send(client, write_video(tmp_path / "new.mp4", range(40))).json()["job"])
    assert (ended["state"], ended["reason"].startswith("windows: ")) == ("failed", True)
    windows.unlink()
    aside.rename(windows)
    settings = Settings(library, add_command=adding_command(sentences))
    with TestClient(create_app(settings, Library(library)), base_url="http://localhost") as again:
        assert end_of(again, ended["job"])["state"] == "done"


def test_a_new_service_goes_on_with_what_the_last_did_not_do(library: Path, sentences: Path, tmp_path: Path) -> None:
    uploads = library / "uploads"
    uploads.mkdir(exist_ok=True)
    key, others = 16 * "a", [16 * digit for digit in "bcdef"]
    write_video(uploads / f"{key}.mp4", range(40))
    (uploads / f"{key}.json").write_text(json.dumps({"name": "of yesterday", "file": f"{key}.mp4"}))
    # a file outside may not be named, a record without its file is none, and the rest is nobody's
    (uploads / f"{others[0]}.json").write_text(json.dumps({"name": "x", "file": "../../videos/cups.mp4"}))
    for other, leftover in zip(others, (".{}.part", ".{}.mp4.x.part", "{}.clip.mp4", "{}.mp4", "{}.json"), strict=True):
        (uploads / leftover.format(other)).write_text("{}")
    (uploads / "holiday.mp4").write_text("somebody's")
    settings = Settings(library, add_command=adding_command(sentences))
    with TestClient(create_app(settings, Library(library)), base_url="http://localhost") as client:
        assert end_of(client, key)["name"] == "of yesterday"
        assert {path.name for path in uploads.iterdir()} == {f"{key}.mp4", "holiday.mp4"}
        assert (tmp_path / "videos/cups.mp4").exists()
    assert read_manifest(library).videos[f"upload-{key}"].name == "of yesterday"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("my cat.mp4", "my cat.mp4"),
        ("../../etc/passwd", "passwd"),
        ("C:\\films\\a.avi", "a.avi"),
        ("a\x00b\nc\u202ed.mp4", "a b c d.mp4"),
        ("/", "video"),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_name_is_for_people_alone(name: str, kept: str) -> None:
    assert clean_name(name) == kept
