"""What a service is told when it starts."""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""Names of this machine that no other can reach it by."""


@dataclass(frozen=True)
class Settings:
    """What a service is told when it starts."""

    library: Path
    """The library's folder."""
    host: str = "127.0.0.1"
    """Name or address that it listens on."""
    token: str | None = field(default=None, repr=False)
    """Who does not know it may see nothing; None lets everybody in who can reach the service."""
    max_upload_bytes: int = 2 * 10**9
    """The longest upload."""
    stall_seconds: float = 60
    """How long nothing may arrive of a request."""
    least_bytes_a_second: float = 16_000
    """Of a request, on average since it began, beyond that time."""
    max_upload_seconds: float = 12 * 3600
    """The longest video that can be uploaded."""
    max_upload_pixels: int = 8192 * 4320
    """The largest frame of one, that of 8K film."""
    sniff_seconds: float = 60
    """How long looking at an upload may take."""
    queue: int = 16
    """Questions that wait or are answered at a time; more are turned away."""
    waiting_uploads: int = 16
    """Uploads that arrive or wait to be indexed at a time; more are turned away."""
    pictures: int = 64
    """Small pictures that wait or are made at a time."""
    picture_seconds: float = 20
    """How long making one may take."""
    clips: int = 4
    """Clips that wait or are cut at a time."""
    clip_seconds: float = 3600
    """How long cutting one may take."""
    silent_seconds: float = 3600
    """How long adding a video may go on with no news."""
    retry_seconds: float = 5
    """How long to wait until the library is tried again that another process writes to."""
    retries: int = 720
    """How often: an hour in all."""
    add_command: Sequence[str] = field(default=(sys.executable, "-m", "leorn.serve.add_one"))
    """What adds a video to the library, in a process of its own: a file that brings it down takes nothing with it."""

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in LOOPBACK

    def told(self, what: object) -> str:
        """Return what an error says, in one line; where the library lies on this machine is nobody's business."""
        text = str(what).replace(f"{self.library}/", "").replace(str(self.library), "the library")
        return " ".join(text.split())

    @property
    def cookie(self) -> str:
        """The cookie that a browser keeps: it has those of all ports of a machine in one place."""
        return f"leorn_{hashlib.sha256(str(self.library).encode()).hexdigest()[:16]}"
