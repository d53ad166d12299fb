"""The objects of a frame, drawn on it: boxes by how much attention they got, the first ones with a tag."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle as RectanglePatch
from matplotlib.patheffects import withStroke
from matplotlib.textpath import TextPath

from leorn.plots.attention import NO_LABEL
from leorn.plots.canvas import ANSWER_COLOUR, POINTS_PER_INCH, cut, panel_size
from leorn.plots.tags import Rectangle, distance, place_tag
from leorn.records import VideoObjects

OBJECT_COLOUR = "#FFFFFF"
"""Boxes of objects that answer no word."""
TAGGED = 3
"""Objects of a frame with a tag, those with the most attention."""
LEAST_WEIGHT = 0.005
"""An object with less attention, which would read 0.00, gets no tag."""
LABEL_LETTERS = 18
"""Letters of a label, or of a word, in a tag; longer ones are cut."""
TAG_SIZE = 8
"""Points of a tag's letters."""
TAG_LINE = 0.145
"""Inches of a tag's line."""
WIDER = 1.04
"""Letters on whole pixels, as in a PNG, are wider than their outlines by this at most."""
TAG_PAD = 0.04
"""Inches between a tag's letters and its edge."""
THIN, THICK = 0.8, 3.0
"""Points of the line of a box without attention, and of the one with the most."""
SEAM = 1.4
"""Points by which a line's dark seam is wider."""
FAINT = 0.4
"""How opaque a box without attention is."""


@dataclass(frozen=True)
class FrameObject:
    """An object of a frame.

    Attributes:
        label: what the detector calls it.
        box: `xyxy` in 0..1 of the frame.
        weight: the attention that it got.
        word: the word of the sentence that it answers, or None.
    """

    label: str
    box: Rectangle
    weight: float
    word: str | None = None

    @property
    def colour(self) -> str:
        """The colour of its box and tag."""
        return OBJECT_COLOUR if self.word is None else ANSWER_COLOUR

    @property
    def tags(self) -> tuple[str, ...]:
        """What its tag could say, from everything to the least."""
        name = f"{cut(self.label, LABEL_LETTERS)} {self.weight:.2f}"
        if self.word is None:
            return name, f"{self.weight:.2f}"
        answer = f"→ “{cut(self.word, LABEL_LETTERS)}”"
        return f"{name} {answer}", f"{name}\n{answer}", name, f"{self.weight:.2f}"


def frame_objects(
    time: float, weights: Float[np.ndarray, "T slots"], video: VideoObjects, answers_to: Mapping[str, str]
) -> list[FrameObject]:
    """The objects of the sampled frame that is nearest to a time, those with the most attention first.

    Args:
        time: in seconds.
        weights: (T, N+1) attention of each frame over the sentinel (slot 0) and its N object slots.
        video: the objects as the network saw them, T frames with N slots.
        answers_to: labels with the word of the sentence that they answer.
    """
    frame = int(np.abs(video.times_seconds - time).argmin())
    objects = []
    for slot in np.argsort(-weights[frame, 1:], kind="stable"):
        left, top, right, bottom = video.boxes[frame, slot].tolist()
        if video.scores[frame, slot] > 0 and left < right and top < bottom:
            index = video.labels[frame, slot]
            label = NO_LABEL if index < 0 else video.label_names[index]
            weight = float(weights[frame, 1 + slot])
            objects.append(FrameObject(label, (left, top, right, bottom), weight, answers_to.get(label)))
    return objects


def draw_objects(axes: Axes, objects: Sequence[FrameObject], most: float) -> None:
    """Draw boxes, the more attention the thicker and the more opaque, and tag the first of them.

    Args:
        axes: a frame, with coordinates from 0 to 1 rightwards and downwards.
        objects: what is on it, most attention first.
        most: the attention of the thickest box, so that the frames of a picture compare.
    """
    for item in reversed(objects):
        share = min(item.weight / most, 1.0) if most > 0 else 0.0
        width = THIN + (THICK - THIN) * share
        left, top, right, bottom = item.box
        axes.add_patch(
            RectanglePatch(
                (left, top),
                right - left,
                bottom - top,
                fill=False,
                edgecolor=item.colour,
                linewidth=width,
                alpha=FAINT + (1 - FAINT) * share,
                path_effects=[seam(width)],
            )
        )
    draw_tags(axes, objects, panel_size(axes))


def seam(width: float) -> withStroke:
    """A dark seam of a line of that many points: it sets the line off from a bright background."""
    return withStroke(linewidth=width + SEAM, foreground="black")


def draw_tags(axes: Axes, objects: Sequence[FrameObject], inches: tuple[float, float]) -> None:
    """Tag the first objects on a frame of that many inches; where there is no room for the shortest tag, none."""
    boxes = [_scale(item.box, inches) for item in objects]
    taken: list[Rectangle] = []
    for item, box in list(zip(objects, boxes, strict=True))[:TAGGED]:
        if item.weight < LEAST_WEIGHT:
            break
        places = ((text, place_tag(tag_size(text), box, inches, taken, boxes)) for text in item.tags)
        text, place = next(((text, place) for text, place in places if place is not None), ("", None))
        if place is not None:
            taken.append(place)
            _draw_tag(axes, item, text, place, box, inches)


def tag_size(text: str) -> tuple[float, float]:
    """Width and height in inches of a tag with that text."""
    lines = text.split("\n")
    points = max(TextPath((0, 0), line, size=TAG_SIZE).get_extents().width for line in lines)
    return WIDER * points / POINTS_PER_INCH + 2 * TAG_PAD, TAG_LINE * len(lines)


def _draw_tag(
    axes: Axes, item: FrameObject, text: str, place: Rectangle, box: Rectangle, inches: tuple[float, float]
) -> None:
    left, top, right, bottom = _scale(place, (1 / inches[0], 1 / inches[1]))
    across, down = (left + right) / 2, (top + bottom) / 2
    if distance(place, box) > 0:
        # a line leads from a tag that found no room at its box to the nearest point of it
        nearest = np.clip(across, item.box[0], item.box[2]), np.clip(down, item.box[1], item.box[3])
        axes.plot([across, nearest[0]], [down, nearest[1]], color=item.colour, linewidth=1)
    axes.add_patch(
        RectanglePatch(
            (left, top), right - left, bottom - top, facecolor=item.colour, edgecolor="black", linewidth=0.5, zorder=3
        )
    )
    axes.text(across, down, text, size=TAG_SIZE, ha="center", va="center", linespacing=1.15, zorder=4, clip_on=True)


def _scale(box: Rectangle, by: tuple[float, float]) -> Rectangle:
    return box[0] * by[0], box[1] * by[1], box[2] * by[0], box[3] * by[1]
