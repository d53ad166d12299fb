"""Moments as a search finds them, made up."""

from hypothesis import strategies as st

from leorn.records import Moment
from leorn.retrieval.library import FoundMoment


def found(
    start: float, end: float, video: str = "bikes", *, path: str = "", duration: float = 0.0, name: str | None = None
) -> FoundMoment:
    """Return a moment of a video that lasts as long, or until the moment's end."""
    moment = Moment(start, end, 0.75)
    return FoundMoment(video, video if name is None else name, path, duration or end, moment, 0.5, 0.625)


def spans(longest: float = 3600.0) -> st.SearchStrategy[tuple[float, float]]:
    """Starts and ends of moments, the shortest of a hundred thousandth of a second."""
    start = st.floats(0, longest - 1)
    return st.tuples(start, st.floats(1e-5, 1)).map(lambda pair: (pair[0], pair[0] + pair[1]))
