"""The picture of an answer: the evidence for it, with frames of its video."""

from pathlib import Path

import numpy as np

from leorn.features.video import read_frames
from leorn.plots import Curve, frames_worth_showing, plot_answer
from leorn.retrieval.evidence import Answer

FRAMES_SHOWN = 4
"""Frames of the video in a picture."""


def draw(answer: Answer, video: str | Path, path: str | Path) -> None:
    """Write the picture of an answer.

    Args:
        answer: one of those that `Retriever.explain` gave.
        video: the file of its video.
        path: where to write; .png or .svg.

    Raises:
        InputError: the video cannot be read, or the picture cannot be written.
    """
    edges = np.linspace(0, answer.query.duration_seconds, len(answer.curve) + 1)
    times = frames_worth_showing(answer.weights, answer.video, answer.moments, FRAMES_SHOWN)
    plot_answer(
        answer.query,
        answer.moments,
        path,
        curve=Curve(edges, answer.curve),
        weights=answer.weights,
        video=answer.video,
        frames=read_frames(video, times),
        answers_to=answer.answers_to,
    )
