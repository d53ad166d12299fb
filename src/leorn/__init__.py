"""LEORN: find the moment of a video that a sentence describes."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leorn.records import Moment
    from leorn.retrieval.retriever import PreparedVideo, Retriever, load

__version__ = "0.1.0"
__all__ = ["Moment", "PreparedVideo", "Retriever", "__version__", "load"]


def __getattr__(name: str) -> object:
    """Import the public names when they are first used: torch takes seconds, `leorn --help` must not."""
    if name == "Moment":
        from leorn import records as home
    elif name in __all__:
        from leorn.retrieval import retriever as home
    else:
        raise AttributeError(f"module 'leorn' has no attribute {name!r}")
    return getattr(home, name)
