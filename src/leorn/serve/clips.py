"""Clips: each is cut in a process of its own, which ends when who asked has gone."""

import asyncio
import json
import secrets
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from fastapi import HTTPException, Request

from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval.manifest import UPLOADS
from leorn.serve.presence import while_there
from leorn.serve.sandbox import confined_environment, ended_from_outside, leash
from leorn.serve.settings import Settings

RETRY_SECONDS = "30"


class Cutter:
    """Cuts clips, one at a time.

    Args:
        settings: of the service.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._one = asyncio.Lock()
        self._length = 0

    async def cut(self, request: Request, video: Path, moment: Moment, kind: str) -> BinaryIO:
        """Return a clip, of which nothing is left when it is closed.

        Args:
            request: of who asks.
            video: its file.
            moment: in it.
            kind: one of `leorn.retrieval.export.CLIPS`.

        Raises:
            InputError: it cannot be cut, or that takes too much.
            HTTPException: 503, too many clips are waited for, or the machine failed; 499, who asked has gone.
            OSError: no process can be started.
        """
        if self._length >= self._settings.clips:
            detail = f"{self._length} clips wait already; expected to be asked again later"
            raise HTTPException(503, detail, {"Retry-After": RETRY_SECONDS})
        self._length += 1
        try:
            return await while_there(request, self._in_turn(video, moment, kind))
        finally:
            self._length -= 1

    async def _in_turn(self, video: Path, moment: Moment, kind: str) -> BinaryIO:
        # beside the uploads: what a killed service leaves there goes when the next one starts
        clip = self._settings.library / UPLOADS / f"{secrets.token_hex(8)}.clip.{kind}"
        async with self._one:
            try:
                await self._run(video, moment, clip)
                return clip.open("rb")
            finally:
                # what is open stays; the other is of a process that was ended
                for left in (clip, *clip.parent.glob(f".{clip.name}.*")):
                    with suppress(OSError):
                        left.unlink(missing_ok=True)

    async def _run(self, video: Path, moment: Moment, clip: Path) -> None:
        seconds = self._settings.clip_seconds
        arguments = map(str, (video, *moment.span, clip, seconds))
        with leash() as held:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "leorn.serve.cut_one", *arguments),
                env=confined_environment(), stdin=held, stdout=PIPE, stderr=DEVNULL, start_new_session=True,
            )  # fmt: skip
            try:
                async with asyncio.timeout(seconds):
                    said, _ = await process.communicate()
            except TimeoutError as error:
                raise InputError(f"cutting it takes more than {seconds:.0f} s; expected a shorter clip") from error
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if said:
            told = json.loads(said.splitlines()[-1])
            if "failed" in told:
                raise HTTPException(503, self._settings.told(told["failed"]), {"Retry-After": RETRY_SECONDS})
            raise InputError(told["reason"])
        if ended_from_outside(process.returncode or 0):
            raise HTTPException(503, "cutting it was ended from outside", {"Retry-After": RETRY_SECONDS})
        if process.returncode:
            raise InputError("cutting it takes too much; expected an ordinary video, or a shorter clip")
