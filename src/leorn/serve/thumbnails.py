"""Small pictures of moments."""

import threading
from collections import OrderedDict
from pathlib import Path

from leorn.features.video import MAX_SIDE, read_frames

KEPT = 512
"""Pictures that are kept, those asked for last: some ten megabytes."""
STEP_SECONDS = 0.1
"""Times are rounded to it: a picture a tenth of a second beside will do."""
QUALITY = 85
"""Of JPEG, 0 to 100."""


class Thumbnails:
    """Makes pictures, and keeps some."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, file: Path, sha256: str, time_seconds: float, width: int) -> bytes:
        """Return the picture that is shown at a time, as JPEG.

        Args:
            file: of the video.
            sha256: of its content.
            time_seconds: in the video; after its end the last frame is shown.
            width: pixels, `MAX_SIDE` at most.

        Raises:
            InputError: the file cannot be read as a video.
        """
        key = sha256, round(time_seconds / STEP_SECONDS), min(width, MAX_SIDE)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = _draw(file, time_seconds, key[2])
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made


def _draw(file: Path, time_seconds: float, width: int) -> bytes:
    import cv2

    picture = read_frames(file, [time_seconds])[0][1]
    height, full = picture.shape[:2]
    if width < full:
        size = width, max(1, round(height * width / full))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return encoded.tobytes()
