"""What every picture shares: style, panels measured in inches, the title, and files that repeat to the byte."""

import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.textpath import TextPath

from leorn.errors import InputError
from leorn.files import replace_atomically
from leorn.records import Moment, Query

# Okabe & Ito (2008), told apart with every common colour blindness: green, vermilion, blue, purple, orange, sky blue
TRUTH_COLOUR = "#009E73"
PREDICTION_COLOURS = ("#D55E00", "#0072B2", "#CC79A7", "#E69F00", "#56B4E9")
BEST_COLOUR = PREDICTION_COLOURS[0]
"""Of what belongs to the best moment, where one network answers."""
ANSWER_COLOUR = "#F0E442"
"""Yellow of the same palette: an object that answers a word of the sentence."""
QUIET = "#666666"
"""Colour of what is read second."""
HEAT = "Blues"
"""Colour map from nothing (almost white) to much (dark blue): the green and the vermilion stand out on all of it."""
NOTHING = "#DDDDDD"
"""Grey where there is nothing that could have a value: a moment that does not exist, an object that is not there."""

DPI = 100
WIDTH = 11.0
"""Inches of a picture with a time axis: 1100 pixels, a README's width."""
LEFT = 1.65
"""Inches left of the panels, for the names of rows."""
MARGIN = 0.2
"""Inches left free above the title and at the right."""
GAP = 0.1
"""Inches between panels."""
AXIS = 0.55
"""Inches below a panel for the numbers and the name of its axis."""
BAR_WIDTH = 0.14
"""Inches of a colour bar's short side."""
BAR_GAP = 0.15
"""Inches between a panel and the colour bar beside it."""
BAR_ROOM = 1.0
"""Inches that a colour bar takes with its gap, numbers and name."""
TITLE_SIZE = 12
"""Points of the sentence's letters."""
TITLE_LINE = 0.22
"""Inches from one line of the sentence to the next."""
NAME_LETTERS = 20
"""Letters of a row's name that fit into `LEFT`; a longer one is cut."""
POINTS_PER_INCH = 72

STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": "#888888",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10,
    "svg.fonttype": "none",  # letters stay text: searchable, and small files
    "svg.hashsalt": "leorn",  # ids of an SVG's elements are random without it
    "text.parse_math": False,  # a sentence may hold dollar signs
    "xtick.color": "#444444",
    "ytick.color": "#444444",
}
METADATA = {".png": {"Software": None}, ".svg": {"Creator": None, "Date": None}}
"""By suffix, what matplotlib would write into a file beside the picture; None leaves it out."""

_style_lock = threading.RLock()


@contextmanager
def house_style() -> Iterator[None]:
    """Draw as this package does, whatever the user's matplotlib settings are; also a decorator.

    matplotlib keeps its settings for the whole process, so one thread at a time is let in.
    """
    with _style_lock, matplotlib.style.context(["default", STYLE]):
        yield


def new_figure(width: float, height: float) -> Figure:
    """An empty picture of that many inches, which knows nothing of pyplot or a display."""
    return Figure(figsize=(width, height), dpi=DPI)


def add_panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place of the figure in inches, `top` counted downwards from its upper edge."""
    full_width, full_height = figure.get_size_inches()
    bottom = full_height - top - height
    return figure.add_axes((left / full_width, bottom / full_height, width / full_width, height / full_height))


def panel_size(panel: Axes) -> tuple[float, float]:
    """Width and height of a panel in inches."""
    figure = panel.get_figure(root=True)
    assert figure is not None
    extent = panel.get_window_extent()
    return extent.width / figure.dpi, extent.height / figure.dpi


def wrap_title(query: Query, width: float) -> str:
    """The query's sentence in quotes, on as many lines as `width` inches ask for."""
    sentence = f"“{' '.join(query.text.split())}”"
    sentence_width = TextPath((0, 0), sentence, size=TITLE_SIZE).get_extents().width / POINTS_PER_INCH
    # some lines hold wider letters than the sentence on average
    letters = 0.93 * width * len(sentence) / sentence_width
    return textwrap.fill(sentence, width=max(1, int(letters)))


def title_height(title: str) -> float:
    """Inches that a wrapped title takes, with the margin above, the line of ids and the space below."""
    return MARGIN + TITLE_LINE * (title.count("\n") + 2) + GAP


def write_title(figure: Figure, query: Query, title: str, left: float) -> None:
    """Write the wrapped sentence, and below it which video and query it belongs to.

    A query of a data set has an id; one that somebody just asks has none, or its video or sentence stands for it.
    """
    width, height = figure.get_size_inches()
    lines = title.count("\n") + 1
    figure.text(left / width, 1 - MARGIN / height, title, va="top", size=TITLE_SIZE, linespacing=1.3)
    has_id = query.query_id not in ("", query.video, query.text)
    ids = f"video {query.video}, query {query.query_id}" if has_id else f"video {query.video}"
    ids = textwrap.shorten(ids, width=90, placeholder=" …")
    below = MARGIN + TITLE_LINE * lines + 0.05
    figure.text(left / width, 1 - below / height, ids, va="top", size=9, color=QUIET)


def stack_panels(
    query: Query, heights: Sequence[float], side: float = 0.0, least_height: float = 0.0, title_left: float = LEFT
) -> tuple[Figure, list[Axes]]:
    """A titled picture with panels one below the other over one time axis in seconds.

    Args:
        query: gives the title and the length of the axis.
        heights: inches of each panel, from the top.
        side: inches kept free at the right.
        least_height: inches kept for the panels, however few they are.
        title_left: inches left of the title.

    Returns:
        The figure, and the panels from the top; the last one carries the axis.
    """
    title = wrap_title(query, WIDTH - title_left - MARGIN)
    top = title_height(title)
    stack = sum(heights) + GAP * (len(heights) - 1)
    figure = new_figure(WIDTH, top + max(stack, least_height) + AXIS)
    write_title(figure, query, title, title_left)
    panels = []
    for height in heights:
        panels.append(add_panel(figure, LEFT, top, WIDTH - LEFT - MARGIN - side, height))
        top += height + GAP
    for panel in panels:
        panel.set_xlim(0, query.duration_seconds)
        panel.tick_params(axis="x", bottom=panel is panels[-1], labelbottom=panel is panels[-1])
        panel.tick_params(axis="y", length=0)
    panels[-1].set_xlabel("time (s)")
    return figure, panels


def cut(name: str, letters: int) -> str:
    """The name, or as much of it as goes into that many letters with an ellipsis."""
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "…"


def name_rows(panel: Axes, names: Sequence[str]) -> None:
    """Write the names of rows 0, 1, … left of them, row 0 on top; what is too long ends in an ellipsis."""
    panel.set_yticks(range(len(names)), [cut(name, NAME_LETTERS) for name in names])
    panel.set_ylim(len(names) - 0.5, -0.5)


def mark_edges(panel: Axes, moment: Moment, colour: str) -> None:
    """Draw a line from top to bottom where a moment starts, and one where it ends."""
    for time in moment.span:
        panel.axvline(time, color=colour, linewidth=1)


def add_colour_bar(figure: Figure, panel: Axes, colours: ScalarMappable, label: str, below: bool = False) -> Colorbar:
    """Put the scale of `colours`, which `label` names, right of a panel, or below its axis."""
    width, height = figure.get_size_inches()
    box = panel.get_position()
    if below:
        place = (box.x0, box.y0 - (AXIS + BAR_WIDTH) / height, box.width, BAR_WIDTH / height)
    else:
        place = (box.x1 + BAR_GAP / width, box.y0, BAR_WIDTH / width, box.height)
    orientation = "horizontal" if below else "vertical"
    bar = figure.colorbar(colours, cax=figure.add_axes(place), label=label, orientation=orientation)
    bar.outline.set_visible(False)
    # 256 touching rectangles leave hairlines between them in an SVG; one small image does not
    for rectangles in bar.ax.collections:
        rectangles.set_rasterized(True)
    return bar


@house_style()
def save_figure(figure: Figure, path: str | Path) -> None:
    """Write a picture as PNG or SVG, by the suffix of `path`, atomically; the same figure gives the same bytes.

    Raises:
        InputError: another suffix, or a file that cannot be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in METADATA:
        raise InputError(f"picture {path}: the suffix {suffix!r} names no known format; expected .png or .svg")
    with replace_atomically(path) as temporary:
        figure.savefig(temporary, format=suffix[1:], metadata=METADATA[suffix])
