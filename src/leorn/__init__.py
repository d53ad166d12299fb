"""LEORN: find the moment of a video that a sentence describes."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leorn.drawing import draw
    from leorn.errors import InputError
    from leorn.records import Moment
    from leorn.retrieval.evidence import Answer
    from leorn.retrieval.load import load
    from leorn.retrieval.prepared import PreparedVideo
    from leorn.retrieval.retriever import Retriever

__version__ = "0.1.0"
__all__ = ["Answer", "InputError", "Moment", "PreparedVideo", "Retriever", "__version__", "draw", "load"]

_HOMES = {
    "Answer": "leorn.retrieval.evidence",
    "InputError": "leorn.errors",
    "Moment": "leorn.records",
    "PreparedVideo": "leorn.retrieval.prepared",
    "Retriever": "leorn.retrieval.retriever",
    "draw": "leorn.drawing",
    "load": "leorn.retrieval.load",
}


def __getattr__(name: str) -> object:
    """Import the public names when they are first used: torch takes seconds, `leorn --help` must not."""
    if name not in _HOMES:
        raise AttributeError(f"module 'leorn' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
