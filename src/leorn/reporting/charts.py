"""The charts of a report, each drawn for light and for dark pages."""

import base64
import io
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import hsv_to_rgb, to_hex, to_rgb
from matplotlib.style import context

from leorn.plots.canvas import METADATA, PREDICTION_COLOURS, cut, house_style, new_figure
from leorn.reporting.content import CURVE_IOUS, Report, Result
from leorn.reporting.groups import Grouping
from leorn.scoring.mistakes import KINDS

WIDTH, HEIGHT = 4.8, 2.8
"""Inches: two charts stand side by side on a desk, and letters stay readable on a phone."""
ROW = 0.3
"""Inches of a row of bars."""
INK = {"light": "#222222", "dark": "#DDDDDD"}
GRID = {"light": "#DDDDDD", "dark": "#444444"}
KIND_COLOURS = ("#009E73", "#56B4E9", "#E69F00", "#CC79A7", "#D55E00", "#888888")
"""Okabe & Ito (2008), in the order of `KINDS`."""
LINES = {"solid": "-", "dashed": "--", "dotted": ":", "dash-dotted": "-."}
"""The curves of recall: the first n has the first line, and so on."""
NAME_LETTERS = 26
"""Letters of a method's name that fit beside its bar; a longer one is cut."""
SHIFT, SPREAD = 0.12, 0.8
"""How far methods stand apart in a group, so that their intervals do not hide each other, and how far all of them may
reach: groups are 1 apart."""
GREYS = ("#888888", "#AAAAAA", "#666666", "#BBBBBB", "#777777")
_HUES = hsv_to_rgb([(hue / 36, 0.85, value / 20) for hue in range(36) for value in range(8, 20)])
_READABLE = _HUES[abs(_HUES @ (0.3, 0.59, 0.11) - 0.45) < 0.15]
_ALL_GREYS = np.linspace((0.35, 0.35, 0.35), (0.8, 0.8, 0.8), 100)
"""What further methods and baselines have: neither too light for a light page nor too dark for a dark one."""


@dataclass(frozen=True)
class Chart:
    """A picture for light pages, one for dark pages, both as data URIs, and what they show, in words."""

    light: str
    dark: str
    alternative: str
    caption: str


def recall_chart(report: Report) -> Chart:
    """Recall over the IoU that an answer must reach, a line for each n of R@n, as many as there are lines."""
    counts = [*report.results[0].recall_over_iou]
    lines = dict(zip(counts, LINES, strict=False))

    def draw(axes: Axes) -> None:
        for result, colour in _coloured(report.results):
            for n, line in lines.items():
                axes.plot(CURVE_IOUS, result.recall_over_iou[n], LINES[line], color=colour, linewidth=1.6)
        axes.set(xlim=(0, 1), ylim=(0, 100), xlabel="IoU to reach", ylabel="recall (%)")

    half = CURVE_IOUS.index(0.5)
    told = "; ".join(
        f"{result.name}: " + ", ".join(f"R{n} {values[half]:.1f}%" for n, values in result.recall_over_iou.items())
        for result in report.results
    )
    return _chart(draw, HEIGHT, f"Curves of recall over IoU. At 0.5, {told}.", _told(lines, counts))


def _told(lines: Mapping[int, str], counts: Sequence[int]) -> str:
    """Say which line is which, and what is not drawn."""
    caption = ", ".join(f"R{n} {line}" for n, line in lines.items())
    left_out = ", ".join(f"R{n}" for n in counts if n not in lines)
    return f"{caption}; not drawn: {left_out}." if left_out else f"{caption}."


def reliability_chart(report: Report) -> Chart | None:
    """Share of hits over score; None where no method's scores are probabilities."""
    known = [(result, colour) for result, colour in _coloured(report.results) if result.reliability]
    if not known:
        return None

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle=":")
        for result, colour in known:
            assert result.reliability is not None
            bins = result.reliability.bins
            sizes = [8 + 60 * one.count / sum(bin.count for bin in bins) for one in bins]
            points = [one.mean_score for one in bins], [one.hit_share for one in bins]
            axes.plot(*points, color=colour, linewidth=1.2)
            axes.scatter(*points, s=sizes, color=colour)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="score of the first answer", ylabel="share of hits")

    errors = "; ".join(
        f"{result.name} {result.reliability.expected_calibration_error:.3f}"
        for result, _ in known
        if result.reliability
    )
    caption = f"On the dotted line a score is the share of hits. Expected calibration error: {errors}."
    return _chart(draw, HEIGHT, f"Reliability diagram. Expected calibration error: {errors}.", caption)


def group_chart(report: Report, grouping: Grouping) -> Chart:
    """The main figure in each group, with intervals."""
    counts = [grouping.of.count(group) for group in grouping.groups]

    def draw(axes: Axes) -> None:
        shown = _coloured(report.results)
        shift = min(SHIFT, SPREAD / len(shown))
        for place, (result, colour) in enumerate(shown):
            rows = [row + shift * (place - (len(shown) - 1) / 2) for row in range(len(counts))]
            intervals = result.groups[grouping.name]
            means = [one.mean for one in intervals]
            ends = [[one.mean - one.low for one in intervals], [one.high - one.mean for one in intervals]]
            axes.errorbar(means, rows, xerr=ends, fmt="o", markersize=4, color=colour, linewidth=1.2)
        names = [f"{group} ({count:,})" for group, count in zip(grouping.groups, counts, strict=True)]
        axes.set_yticks(range(len(names)), names)
        axes.set(xlim=(0, 100), ylim=(len(names) - 0.5, -0.5), xlabel=f"{report.main} (%)")

    first = report.results[0]
    told = ", ".join(
        f"{group} {one.mean:.1f}%" for group, one in zip(grouping.groups, first.groups[grouping.name], strict=True)
    )
    height = 0.6 + ROW * max(1, 0.4 * len(report.results)) * len(counts)
    # not capitalize(), which makes the rest small: English
    rule = f"{grouping.rule[0].upper()}{grouping.rule[1:]}."
    return _chart(draw, height, f"{report.main} by {grouping.name}. {first.name}: {told}.", rule)


def kinds_chart(report: Report) -> Chart:
    """How many first answers are of each kind, a bar a method."""
    names = [result.name for result in report.results]

    def draw(axes: Axes) -> None:
        for row, result in enumerate(report.results):
            left, total = 0.0, sum(result.kinds.values())
            for kind, colour in zip(KINDS, KIND_COLOURS, strict=True):
                share = 100 * result.kinds.get(kind, 0) / total
                axes.barh(row, share, left=left, color=colour, height=0.7, label=kind if row == 0 else None)
                left += share
        axes.set_yticks(range(len(names)), [cut(name, NAME_LETTERS) for name in names])
        axes.set(xlim=(0, 100), ylim=(len(names) - 0.5, -0.5), xlabel="first answers (%)")

    told = "; ".join(
        f"{result.name}: " + ", ".join(f"{kind} {result.kinds[kind]}" for kind in KINDS if kind in result.kinds)
        for result in report.results
    )
    return _chart(draw, 1.5 + ROW * len(names), f"Kinds of first answers. {told}.", "", columns=3)


def legend(results: Sequence[Result]) -> list[tuple[str, str]]:
    """Each method's name with its colour in all charts."""
    return [(result.name, colour) for result, colour in _coloured(results)]


def _coloured(results: Sequence[Result]) -> list[tuple[Result, str]]:
    """Each method with its colour; baselines in greys, once methods have theirs."""
    own = [result for result in results if not result.baseline]
    base = [result for result in results if result.baseline]
    colours = _farthest(PREDICTION_COLOURS, _READABLE, len(own))
    return [*zip(own, colours, strict=True), *zip(base, _farthest(GREYS, _ALL_GREYS, len(base)), strict=True)]


def _farthest(first: Sequence[str], others: Float[np.ndarray, "C 3"], count: int) -> list[str]:
    """Return so many different colours: the first ones, then always the one farthest from those before it."""
    chosen = [to_rgb(colour) for colour in first[:count]]
    while len(chosen) < count:
        distances = np.linalg.norm(others[:, None] - np.array(chosen), axis=2).min(axis=1)
        chosen.append(tuple(others[distances.argmax()].tolist()))
    return [to_hex(colour).upper() for colour in chosen]


def _chart(draw: Callable[[Axes], None], height: float, alternative: str, caption: str, columns: int = 0) -> Chart:
    """Draw a chart; with a legend of its own where `columns` says how wide."""
    light, dark = (_picture(draw, height, theme, columns) for theme in ("light", "dark"))
    return Chart(light, dark, alternative, caption)


@house_style()
def _picture(draw: Callable[[Axes], None], height: float, theme: str, columns: int) -> str:
    ink, grid = INK[theme], GRID[theme]
    colours = {
        "text.color": ink, "axes.labelcolor": ink, "xtick.color": ink, "ytick.color": ink, "axes.edgecolor": grid,
        "axes.facecolor": "none", "figure.facecolor": "none", "grid.color": grid, "axes.grid": True,
    }  # fmt: skip
    with context(colours):
        figure = new_figure(WIDTH, height)
        figure.set_layout_engine("constrained")
        axes = figure.add_subplot()
        draw(axes)
        if columns:
            figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=8)
        content = io.BytesIO()
        with warnings.catch_warnings():
            # letters are text in the picture: who looks at it may have a font for those that matplotlib has none for
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            figure.savefig(content, format="svg", metadata=METADATA[".svg"])
    return f"data:image/svg+xml;base64,{base64.b64encode(content.getvalue()).decode()}"
