"""Moments as an edit decision list of the CMX3600 kind, which every editing program reads."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from leorn.errors import InputError
from leorn.retrieval.timecode import FrameRate
from leorn.wording import one_line

if TYPE_CHECKING:
    from leorn.retrieval.library import FoundMoment

EVENTS = 999
"""An event's number has three digits."""
REEL_LETTERS = 8
TITLE_LETTERS = 70
RESERVED_REELS = frozenset({"AX", "BL", "BLACK", "BARS"})
"""An unknown source, and sources that are made and not recorded."""


def edl(query: str, moments: "Sequence[FoundMoment]", rate: FrameRate) -> str:
    """Return an edit decision list: the moments cut together, from 01:00:00:00 on, in their order.

    An event for each, on the video track. Its source timecodes count from its video's first frame, 00:00:00:00.
    Each video has a reel of its own, named after it. Lines end as the format wants them, with CR LF.

    Args:
        query: the sentence; the title, and a comment of each event.
        moments: at most 999.
        rate: of the timecodes.

    Raises:
        InputError: there are too many moments, or timecodes would go beyond 24 hours.
    """
    if len(moments) > EVENTS:
        raise InputError(f"{len(moments)} moments; expected at most {EVENTS}, for an EDL numbers its events so far")
    query = one_line(query)
    mode = "DROP FRAME" if rate.drop_frame else "NON-DROP FRAME"
    lines = [f"TITLE: {query[:TITLE_LETTERS].rstrip()}", f"FCM: {mode}", ""]
    reels, at = _reels(moments), rate.an_hour
    for number, found in enumerate(moments, start=1):
        first, after = rate.frames_of(found.moment)
        name = one_line(found.name)
        frames = (first, after, at, at + after - first)
        if max(frames) >= rate.frames_of_a_day:
            raise InputError(
                f"moment {number}, {found.moment.span} of {name}: ends beyond 24 hours of "
                f"{'its video' if after >= rate.frames_of_a_day else 'the list'}; an EDL's timecodes end there"
            )
        timecodes = " ".join(map(rate.timecode, frames))
        lines.append(f"{number:03}  {reels[found.video]:{REEL_LETTERS}} V     C        {timecodes}")
        lines.append(f"* FROM CLIP NAME: {name}")
        if found.path:
            lines.append(f"* FROM FILE: {one_line(found.path)}")
        lines.append(f"* COMMENT: {query}")
        if found.moment.score is not None:
            lines.append(f"* COMMENT: CONFIDENCE {found.confidence:.2f}")
        at = frames[-1]
    return "".join(f"{line}\r\n" for line in lines)


def _reels(moments: "Sequence[FoundMoment]") -> dict[str, str]:
    """Return a reel for each video: what its name has of A–Z and 0–9, with a number where that is taken."""
    reels, taken = dict[str, str](), set(RESERVED_REELS)
    for found in moments:
        if found.video not in reels:
            plain = unicodedata.normalize("NFKD", PurePath(found.name).stem).upper()
            stem = re.sub("[^A-Z0-9]", "", plain)[:REEL_LETTERS] or "REEL"
            reel, number = stem, 1
            while reel in taken:
                number += 1
                reel = f"{stem[: REEL_LETTERS - len(str(number))]}{number}"
            taken.add(reel)
            reels[found.video] = reel
    return reels
