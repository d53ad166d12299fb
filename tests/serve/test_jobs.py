"""Uploads in line: what ends a job, and what ends all of them, with programs in place of what adds videos."""

import asyncio
from pathlib import Path

import pytest

from leorn.retrieval.manifest import Manifest, write_manifest
from leorn.serve.answers import Job
from leorn.serve.jobs import JobQueue
from leorn.serve.settings import Settings
from leorn.serve.uploads import Upload, Uploads

KEPT = "; it is kept, and tried again when the service starts"


@pytest.fixture
def library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    (folder / "uploads").mkdir(parents=True)
    write_manifest(folder, Manifest("demo", {}, "labels", {}, (4.0,), None))
    return folder


def put(library: Path, program: str, **settings: float) -> tuple[JobQueue, Upload]:
    """Return a queue whose jobs are a program, and an upload that is in it."""
    told = Settings(library, add_command=("/bin/sh", "-c", program), **settings)  # type: ignore[arg-type]
    upload = Upload("00aa", "a.mp4", library / "uploads/00aa.mp4")
    upload.file.write_bytes(b"a video")
    queue = JobQueue(told, Uploads(told))
    queue.put(upload)
    return queue, upload


async def end_of(queue: JobQueue, upload: Upload) -> Job:
    async with asyncio.timeout(60):
        queue.start()
        last = [told async for told in queue.follow(upload.key)][-1]
        await queue.stop()
        return last


@pytest.mark.parametrize(
    ("program", "reason", "kept"),
    [
        ("""echo '{"unfit": "no  video"}'""", "no video", False),
        ("kill -11 $$", "it brought the decoder down; expected an ordinary video", False),
        ("kill -8 $$", "it brought the decoder down; expected an ordinary video", False),
        # as where memory cannot be had, or a mapped file cannot be read
        ("kill -6 $$", "working on it was ended from outside", True),
        ("kill -7 $$", "working on it was ended from outside", True),
        ("""echo '{"reason": "cannot write LIBRARY/objects: no space"}'""", "cannot write objects: no space", True),
        ("""echo '{"reason": "LIBRARY: no library"}'""", "the library: no library", True),
        ("""echo '{"done": 1, "total": 3}'; kill -9 $$""", "working on it was ended from outside", True),
        ("exit 1", "working on it was ended from outside", True),
        ("""echo '{"busy": "LIBRARY: another writes"}'""", "the library: another writes", True),
        ("sleep 60", "nothing was done for 0 s", True),
    ],
)
def test_an_upload_goes_only_where_the_video_is_to_blame(library: Path, program: str, reason: str, kept: bool) -> None:
    seconds = 0.2 if "sleep" in program else 60
    program = program.replace("LIBRARY", str(library))
    queue, upload = put(library, program, silent_seconds=seconds, retries=1, retry_seconds=0)
    told = asyncio.run(end_of(queue, upload))
    assert (told.state, told.reason) == ("failed", reason + KEPT * kept)
    assert upload.file.exists() == kept


@pytest.mark.parametrize("pause", ["", "sleep 0.001;"])
def test_a_service_stops_in_the_middle_of_much_news(library: Path, pause: str) -> None:
    async def stop() -> None:
        queue, upload = put(library, f"""while :; do {pause} echo '{{"done": 1, "total": 3}}'; done""")
        queue.start()
        for _ in range(1000):
            if (told := queue.get(upload.key)) is not None and told.done:
                break
            await asyncio.sleep(0.01)
        async with asyncio.timeout(30):
            await queue.stop()
        told = queue.get(upload.key)
        assert told is not None
        assert (told.state, upload.file.exists()) == ("running", True)

    for _ in range(5):
        asyncio.run(stop())
