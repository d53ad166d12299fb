"""Which questions go through a network together: as many as memory allows, of videos that are alike in shape."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from leorn.retrieval.prepared import PreparedVideo

FRAMES_AT_ONCE = 4096
"""Questions are answered in parts of so many frames, each counting all of its video's: so many of short videos go
together, and of a long one each alone, that memory does not grow with their number."""


def questions_at_once(video: PreparedVideo) -> int:
    """Return how many questions to a video, or to others of its shape, go together."""
    return max(1, FRAMES_AT_ONCE // len(video.objects.times_seconds))


def alike(videos: Sequence[PreparedVideo]) -> Iterator[list[int]]:
    """Give the places of videos that go together: those of one shape, as many as memory allows."""
    together: dict[object, list[int]] = {}
    for place, video in enumerate(videos):
        together.setdefault(_shape_of(video.encoded), []).append(place)
    for places in together.values():
        most = questions_at_once(videos[places[0]])
        yield from (places[start : start + most] for start in range(0, len(places), most))


def _shape_of(values: object) -> object:
    """Return the shapes in what a network made of a video, and whatever else must be the same to put it to others."""
    if isinstance(values, Tensor):
        return tuple(values.shape)
    return tuple(map(_shape_of, values)) if isinstance(values, list | tuple) else values
