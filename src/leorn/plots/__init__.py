"""Pictures of moments and of the evidence for them, as PNG or SVG.

Each function takes records and numpy arrays and writes one file, in the format that the path's suffix names. The same
input gives the same bytes.
"""

from leorn.plots.answer import plot_answer
from leorn.plots.attention import plot_object_attention
from leorn.plots.curve import Curve
from leorn.plots.evidence import plot_evidence
from leorn.plots.frame_choice import frames_worth_showing
from leorn.plots.moment_map import plot_moment_map
from leorn.plots.moments import plot_moments

__all__ = [
    "Curve",
    "frames_worth_showing",
    "plot_answer",
    "plot_evidence",
    "plot_moment_map",
    "plot_moments",
    "plot_object_attention",
]
