"""Small pictures of moments."""

import threading
from collections import OrderedDict
from pathlib import Path
from queue import SimpleQueue

from leorn.features.video import MAX_SIDE
from leorn.serve.draw import Drawer

KEPT = 512
"""Pictures that are kept, those asked for last: some ten megabytes."""
STEP_SECONDS = 0.1
"""Times are rounded to it: a picture a tenth of a second beside will do."""
AT_ONCE = 2
"""Videos that are read at a time."""


class Thumbnails:
    """Makes pictures, and keeps some.

    Args:
        seconds: how long making one may take.
    """

    def __init__(self, seconds: float) -> None:
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._idle: SimpleQueue[Drawer] = SimpleQueue()
        for _ in range(AT_ONCE):
            self._idle.put(Drawer(seconds))

    def kept(self, sha256: str, time_seconds: float, width: int) -> bytes | None:
        """Return a picture that was made before; None where it was not, or was not kept."""
        key = _key(sha256, time_seconds, width)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def make(self, file: Path, sha256: str, time_seconds: float, width: int) -> bytes:
        """Return the picture that is shown at a time, as JPEG.

        Args:
            file: of the video.
            sha256: of its content.
            time_seconds: in the video; after its end the last frame is shown.
            width: pixels, `MAX_SIDE` at most.

        Raises:
            InputError: the file cannot be read as a video, or that takes too much.
        """
        # another may have asked for the same one before
        if (kept := self.kept(sha256, time_seconds, width)) is not None:
            return kept
        key = _key(sha256, time_seconds, width)
        drawer = self._idle.get()
        try:
            made = drawer.draw(file, key[1] * STEP_SECONDS, key[2])
        finally:
            self._idle.put(drawer)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def close(self) -> None:
        """Make no more; nothing may be being made."""
        for _ in range(AT_ONCE):
            self._idle.get().close()


def _key(sha256: str, time_seconds: float, width: int) -> tuple[str, int, int]:
    return sha256, round(time_seconds / STEP_SECONDS), min(width, MAX_SIDE)
