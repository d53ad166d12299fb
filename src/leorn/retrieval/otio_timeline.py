"""Moments as an OpenTimelineIO timeline."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leorn.errors import InputError
from leorn.retrieval.timecode import FrameRate

if TYPE_CHECKING:
    from opentimelineio.schema import Clip

    from leorn.retrieval.library import FoundMoment


def otio_timeline(query: str, moments: "Sequence[FoundMoment]", rate: FrameRate) -> str:
    """Return the JSON of a timeline with one video track: the moments as clips, one after another in their order.

    A clip refers to its video's file, where one is known, has a marker with the sentence over all of it, and what
    was found out about the moment as `leorn` in its metadata. Source times count from the video's first frame.

    Args:
        query: the sentence; the timeline's name.
        moments: best first.
        rate: that all times are counted in.

    Raises:
        InputError: OpenTimelineIO is not installed.
    """
    check_otio()
    from opentimelineio import opentime, schema

    frames_per_second = float(rate.frames_per_second)
    start = opentime.RationalTime(rate.an_hour, frames_per_second)
    timeline = schema.Timeline(name=query, global_start_time=start, metadata={"leorn": {"query": query}})
    track = schema.Track(name="V", kind=schema.TrackKind.Video)
    timeline.tracks.append(track)
    for rank, found in enumerate(moments, start=1):
        track.append(_clip(query, rank, found, rate))
    return timeline.to_json_string() + "\n"


def check_otio() -> None:
    """See that OpenTimelineIO is installed.

    Raises:
        InputError: it is not.
    """
    try:
        import opentimelineio  # noqa: F401
    except ImportError as error:
        raise InputError("a timeline of OTIO needs OpenTimelineIO: pip install leorn[export]") from error


def _clip(query: str, rank: int, found: "FoundMoment", rate: FrameRate) -> "Clip":
    from opentimelineio import opentime, schema

    def frames(first: int, after: int) -> opentime.TimeRange:
        times = (opentime.RationalTime(frame, float(rate.frames_per_second)) for frame in (first, after - first))
        return opentime.TimeRange(*times)

    first, after = rate.frames_of(found.moment)
    there = frames(0, max(after, round(found.duration_seconds * rate.frames_per_second)))
    if found.path:
        media = schema.ExternalReference(target_url=Path(found.path).absolute().as_uri(), available_range=there)
    else:
        media = schema.MissingReference(name=found.name, available_range=there)
    marker = schema.Marker(name=query, marked_range=frames(first, after), color=schema.MarkerColor.GREEN)
    told = {"query": query, "rank": rank} | found.to_dict()
    clip = schema.Clip(found.name, media, frames(first, after), metadata={"leorn": told})
    clip.markers.append(marker)
    return clip
