"""Moments of one video as WebVTT chapters (https://www.w3.org/TR/webvtt1/)."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from leorn.errors import InputError
from leorn.wording import one_line

if TYPE_CHECKING:
    from leorn.retrieval.library import FoundMoment

Span = tuple[int, int]
"""Start and end in milliseconds."""


def chapters(query: str, moments: "Sequence[FoundMoment]") -> str:
    """Return the moments of one video as chapters, in the order of time.

    A chapter's id is its moment's rank, and its title the rank and the sentence. HTML wants chapters to lie apart or
    one in the other ("WebVTT file using only nested cues", section 4.5.1): of two moments that overlap in part, the
    later in `moments` is cut back to where the other begins or ends.

    Args:
        query: the sentence.
        moments: of one video, best first.

    Raises:
        InputError: they are of several videos.
    """
    videos = {found.video: found for found in moments}
    if len(videos) > 1:
        raise InputError(f"moments of {len(videos)} videos; WebVTT chapters are of one: expected one video's moments")
    title = _escaped(query)
    blocks = ["WEBVTT"]
    blocks += [f"NOTE {_escaped(found.name)}" for found in videos.values()]
    spans = _nested(_milliseconds(found) for found in moments)
    ranked = [(start, -end, rank) for rank, (start, end) in enumerate(spans, start=1)]
    # a chapter comes before those in it
    for start, minus_end, rank in sorted(ranked):
        blocks.append(f"{rank}\n{_clock(start)} --> {_clock(-minus_end)}\n{rank}. {title}")
    return "\n\n".join(blocks) + "\n"


def _milliseconds(found: "FoundMoment") -> Span:
    start, end = (round(seconds * 1000) for seconds in found.moment.span)
    return start, max(end, start + 1)


def _nested(spans: Iterable[Span]) -> list[Span]:
    """Cut spans back, so that each lies apart from, in or around every one before it."""
    kept: list[Span] = []
    for start, end in spans:
        for other_start, other_end in kept:
            if other_start < start < other_end < end:
                start = other_end
            elif start < other_start < end < other_end:
                end = other_start
        kept.append((start, end))
    return kept


def _clock(milliseconds: int) -> str:
    seconds = milliseconds // 1000
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds % 1000:03}"


def _escaped(text: str) -> str:
    """Return text in which nothing is markup or an arrow of times."""
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
