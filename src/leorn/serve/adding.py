"""Adding one video to the library in a process of its own: a file that brings it down takes nothing with it."""

import asyncio
import json
import os
import signal
from asyncio.subprocess import PIPE
from contextlib import suppress
from typing import Any

from leorn.features.sources import Progress
from leorn.serve.settings import Settings
from leorn.serve.uploads import Upload

KINDS = ({"done", "total"}, {"busy"}, {"unfit"}, {"reason"}, {"added"})
"""What lines of `leorn.serve.add_one` hold."""
LONGEST_LINE = 2**20


async def add_video(settings: Settings, upload: Upload, progress: Progress) -> tuple[dict[str, Any], int]:
    """Let a process add a video; it ends when this is cancelled.

    Args:
        settings: of the service.
        upload: the video.
        progress: told how many frames are done, of how many.

    Returns:
        The last that the process said, and its exit status.
    """
    command = *settings.add_command, str(settings.library), upload.video, str(upload.file), upload.name
    # in a session of its own: the keys of a terminal are for the service, which ends what it has started
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, limit=LONGEST_LINE, start_new_session=True)
    assert process.stdout is not None
    told: dict[str, Any] = {}
    try:
        while line := await _line(process.stdout, settings.silent_seconds):
            told = _read(line) or told
            if "done" in told:
                progress(told["done"], told["total"])
        return told, await process.wait()
    except TimeoutError:
        return {"reason": f"nothing was done for {settings.silent_seconds:.0f} s"}, 0
    finally:
        if process.returncode is None:
            # and what it may have started, which would keep its output open
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _line(news: asyncio.StreamReader, seconds: float) -> bytes:
    # not wait_for: before Python 3.12 it forgets that it was cancelled when a line comes at the same time
    async with asyncio.timeout(seconds):
        return await news.readline()


def _read(line: bytes) -> dict[str, Any]:
    """Return what a line says; nothing of one that is not of `leorn.serve.add_one`: libraries print too."""
    try:
        told = json.loads(line)
    except ValueError:
        return {}
    return told if isinstance(told, dict) and told.keys() in KINDS else {}
