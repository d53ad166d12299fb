"""Small pictures of videos, read in a process of its own: a file that brings the decoder down takes nothing with it.

`python -m leorn.serve.draw SECONDS` reads lines of JSON, `{"file": …, "time_seconds": …, "width": …}`, and answers each
with a line and as many bytes of JPEG as that says: `{"bytes": 4321}`, or `{"reason": …}` and none.
"""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

from leorn.errors import InputError
from leorn.serve.sandbox import confine, confined_environment

QUALITY = 85
"""Of JPEG, 0 to 100."""
TRIES = 2
"""Of a picture: a process may have been ended from outside."""


class Drawer:
    """Makes a picture at a time, in a process that is started when the first is asked for.

    Args:
        seconds: how long one may take; then the process is ended, and the next picture is made by another.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def draw(self, file: Path, time_seconds: float, width: int) -> bytes:
        """Return the picture that is shown at a time, as JPEG.

        Raises:
            InputError: the file cannot be read as a video, or that takes too much.
        """
        asked = json.dumps({"file": str(file), "time_seconds": time_seconds, "width": width})
        for _ in range(TRIES):
            if self._process is None or self._process.poll() is not None:
                self.close()
                self._process = self._start()
            late, end = threading.Timer(self._seconds, self._process.kill), time.monotonic() + self._seconds
            late.start()
            try:
                told, picture = _ask(self._process, asked)
            except (OSError, ValueError, EOFError):
                # what is still to come belongs to this picture, and not to the next one
                self.close()
                if time.monotonic() >= end:
                    break
            else:
                if "reason" in told:
                    raise InputError(told["reason"])
                return picture
            finally:
                late.cancel()
        raise InputError(f"{file}: making a picture of it takes too much; expected an ordinary video")

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            # waits, and closes the pipes
            self._process.communicate()
            self._process = None

    def _start(self) -> "subprocess.Popen[bytes]":
        # it ends when this process does, however that ends: then there is nothing more to read
        command = [sys.executable, "-m", "leorn.serve.draw", str(self._seconds)]
        return subprocess.Popen(
            command, env=confined_environment(), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
        )


def _ask(process: "subprocess.Popen[bytes]", asked: str) -> tuple[dict[str, Any], bytes]:
    """Ask a process, and return what it tells, and as many bytes as that says."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{asked}\n".encode())
    process.stdin.flush()
    told = json.loads(process.stdout.readline())
    picture = process.stdout.read(told.get("bytes", 0))
    if len(picture) < told.get("bytes", 0):
        raise EOFError
    return told, picture


def main(seconds: float) -> None:
    """Draw what is asked for."""
    for line in sys.stdin:
        confine(seconds, nicer=0)
        try:
            picture, told = _draw(**json.loads(line)), None
        except InputError as error:
            picture, told = b"", str(error)
        except MemoryError:
            picture, told = b"", "decoding it takes more memory than there is for it"
        answer = {"bytes": len(picture)} if told is None else {"reason": told}
        sys.stdout.buffer.write(f"{json.dumps(answer)}\n".encode() + picture)
        sys.stdout.buffer.flush()


def _draw(file: str, time_seconds: float, width: int) -> bytes:
    import cv2

    from leorn.features.video import read_frames

    picture = read_frames(file, [time_seconds])[0][1]
    height, full = picture.shape[:2]
    if width < full:
        size = width, max(1, round(height * width / full))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()


if __name__ == "__main__":
    main(float(sys.argv[1]))
