"""Services in processes of their own, on loopback, that end with the test, and what they serve."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.videos import write_video

START_SECONDS = 60
VIDEOS = {"cups": 90, "pans/one": 60, "pans/two": 50}
"""Frames of each video; all begin with frame 0."""


def write_served(folder: Path) -> dict[str, Path]:
    """Write the videos; no two files have the same content."""
    files = {video: folder / f"{video}.mp4" for video in VIDEOS}
    for number, (video, file) in enumerate(files.items()):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_video(file, range(VIDEOS[video]), size=(96, 64 + 2 * number))
    return files


def adding_command(sentences: Path) -> tuple[str, ...]:
    """Return what adds an upload with small models."""
    return sys.executable, "-m", "tests.serve.small_service", str(sentences), "--add"


@dataclass(frozen=True)
class RunningService:
    """A service that answers."""

    address: str
    process: subprocess.Popen[str]

    def client(self, **options: object) -> httpx.Client:
        """Return what asks it."""
        return httpx.Client(base_url=self.address, timeout=30, **options)  # type: ignore[arg-type]

    def kill(self) -> None:
        """End it as a power cut does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


@contextmanager
def running(sentences: Path, library: Path, *arguments: str, token: str | None = None) -> Iterator[RunningService]:
    """Serve a library until the block is left."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    environment |= {} if token is None else {"LEORN_TOKEN": token}
    command = [
        sys.executable,
        "-m",
        "tests.serve.small_service",
        str(sentences),
        str(library),
        "--port",
        "0",
        *arguments,
    ]
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment, start_new_session=True
        )
        try:
            yield RunningService(_address(process), process)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            assert process.stdout is not None
            process.stdout.close()


def _address(process: "subprocess.Popen[str]") -> str:
    """Return the address that the service prints, once it answers."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+?(?=/ )", line):
            address = found.group().replace("0.0.0.0", "127.0.0.1")
            return _answering(address)
    raise AssertionError(f"the service has ended with status {process.wait()}")


def _answering(address: str) -> str:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if httpx.get(f"{address}/healthz").status_code == 200:
                return address
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{address} does not answer")
