"""What a service is told when it starts."""

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
    token: str | None = None
    """Who does not know it may see nothing; None lets everybody in who can reach the service."""
    max_upload_bytes: int = 2 * 10**9
    """The largest upload."""
    max_upload_seconds: float = 12 * 3600
    """The longest video that can be uploaded."""
    max_upload_pixels: int = 8192 * 4320
    """The largest frame of one, that of 8K film."""
    sniff_seconds: float = 60
    """How long looking at an upload may take."""
    queue: int = 16
    """Questions that wait or are answered at a time; more are turned away."""
    waiting_uploads: int = 16
    """Uploads that wait to be indexed at a time; more are turned away."""
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
