import base64
import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from leorn.config import EvaluationConfig
from leorn.reporting.charts import Chart, group_chart, kinds_chart, legend, recall_chart, reliability_chart
from leorn.reporting.content import Report, make_report
from leorn.reporting.methods import Method
from tests.reporting.small import EVALUATION, OURS, QUERIES, THEIRS

BASELINE = Method("window", THEIRS.predictions, baseline=True)
SVG = "{http://www.w3.org/2000/svg}"


def report(*methods: Method) -> Report:
    return make_report(QUERIES, methods or (OURS, THEIRS), EVALUATION)


def charts(of: Report) -> list[Chart]:
    found = [recall_chart(of), reliability_chart(of), *(group_chart(of, one) for one in of.groupings), kinds_chart(of)]
    return [chart for chart in found if chart is not None]


def drawing(picture: str) -> str:
    kind, content = picture.split(",")
    assert kind == "data:image/svg+xml;base64"
    return base64.b64decode(content).decode()


def colours(picture: str) -> str:
    return drawing(picture).lower()


def test_every_chart_is_a_picture_for_light_and_one_for_dark_pages_with_words() -> None:
    found = charts(report())
    assert len(found) == 8
    for chart in found:
        light, dark = (drawing(picture) for picture in (chart.light, chart.dark))
        assert light != dark
        for picture, ink in ((light, "#222222"), (dark, "#dddddd")):
            root = ElementTree.fromstring(picture)
            assert root.tag == f"{SVG}svg"
            # letters are drawn in the ink of the page
            assert f"fill: {ink}" in picture.lower()
        assert chart.alternative.endswith(".")


def test_charts_of_the_same_numbers_are_the_same_bytes() -> None:
    assert charts(report()) == charts(report())


def test_a_curve_is_told_at_one_half() -> None:
    chart = recall_chart(report())
    assert chart.alternative == (
        "Curves of recall over IoU. At 0.5, ours: R1 28.6%, R2 42.9%; theirs: R1 71.4%, R2 71.4%."
    )
    assert chart.caption == "R1 solid, R2 dashed."


def strokes(picture: str) -> list[str]:
    """The dashes of all curves in the first method's colour, in the order of drawing."""
    return re.findall(r'"fill: none; (?:stroke-dasharray: ([\d.,]+); stroke-dashoffset: 0; )?stroke: #d55e00', picture)


def test_every_curve_has_a_line_that_the_caption_names_and_what_is_not_drawn_is_said() -> None:
    captions = {
        (3,): "R3 solid.",
        (1, 3, 2): "R1 solid, R3 dashed, R2 dotted.",
        (1, 2, 3, 4, 5): "R1 solid, R2 dashed, R3 dotted, R4 dash-dotted; not drawn: R5.",
    }
    for recalls, caption in captions.items():
        chart = recall_chart(make_report(QUERIES, [OURS], EvaluationConfig(recalls=recalls)))
        assert chart.caption == caption
        drawn = strokes(colours(chart.light))
        assert len(drawn) == len({*drawn}) == min(len(recalls), 4)
        assert drawn[0] == ""
        assert all(f"R{n} " in chart.alternative for n in recalls)


def test_calibration_is_of_methods_with_probabilities_and_absent_where_there_are_none() -> None:
    chart = reliability_chart(report())
    assert chart is not None
    assert chart.alternative == "Reliability diagram. Expected calibration error: ours 0.250."
    assert reliability_chart(report(THEIRS)) is None


def test_groups_are_told_with_their_figures() -> None:
    made = report()
    chart = group_chart(made, made.groupings[0])
    assert chart.alternative == (
        "R1@0.5 by moment length. ours: below 5% 0.0%, 5–10% 0.0%, 10–25% 33.3%, 25–50% 0.0%, 50% and more 100.0%."
    )
    assert chart.caption == "The longest moment, as a share of the video."


def test_a_grouping_keeps_its_capitals_below_the_picture() -> None:
    made = report(OURS)
    captions = {one.name: group_chart(made, one).caption for one in made.groupings}
    assert captions["first verb"] == "The first verb that says what happens, as an English tagger sees it."


def test_kinds_are_told_in_the_order_of_their_rules() -> None:
    assert kinds_chart(report()).alternative == (
        "Kinds of first answers. ours: hit 2, right place, wrong length 1, half overlap 1, other event 1, "
        "not even near 1, no answer 1; theirs: hit 5, other event 2."
    )


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ([OURS, THEIRS, BASELINE], ["#D55E00", "#0072B2", "#888888"]),
        # a colour is a method's own, whatever stands before it
        ([OURS, BASELINE, THEIRS], ["#D55E00", "#0072B2", "#888888"]),
    ],
)
def test_methods_have_colours_and_baselines_greys(methods: Sequence[Method], expected: list[str]) -> None:
    made = report(*methods)
    assert legend(made.results) == list(zip(["ours", "theirs", "window"], expected, strict=True))
    for colour in expected:
        assert colour.lower() in colours(recall_chart(made).light)
        assert colour.lower() in colours(group_chart(made, made.groupings[0]).dark)


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_no_two_of_many_methods_or_baselines_have_one_colour() -> None:
    methods = [replace(OURS, name=f"method {place}") for place in range(16)]
    baselines = [replace(BASELINE, name=f"baseline {place}") for place in range(12)]
    found = dict(legend(report(*methods, *baselines).results))
    assert len({*found.values()}) == 28
    # a sixth method must not have a colour like one of the first five
    rgb = {name: [int(colour[place : place + 2], 16) for place in (1, 3, 5)] for name, colour in found.items()}
    for one, other in itertools.combinations([rgb[method.name] for method in methods], 2):
        assert math.dist(one, other) > 50
    assert all(len({*rgb[baseline.name]}) == 1 for baseline in baselines)
    # against the papers of both pages, of luminance 1 and 0.008
    for colour in found.values():
        assert 1.05 / (luminance(colour) + 0.05) > 1.5
        assert (luminance(colour) + 0.05) / 0.058 > 1.5


def test_methods_stay_in_the_row_of_their_group() -> None:
    made = report(*(replace(OURS, name=f"method {place}") for place in range(14)))
    grouping = made.groupings[0]
    root = ElementTree.fromstring(drawing(group_chart(made, grouping).light))
    uses = [(float(use.get("y", "")), "#222222" in use.get("style", "")) for use in root.iter(f"{SVG}use")]
    # ticks are in ink, first those of the shares below, which lie on one height; methods are in their colours
    rows = [height for height, ink in uses if ink][-len(grouping.groups) :]
    marks = [height for height, ink in uses if not ink]
    assert len(marks) == 14 * len(rows)
    for place, mark in enumerate(marks):
        nearest = min(range(len(rows)), key=lambda row: abs(mark - rows[row]))
        assert nearest == place % len(rows)
        assert abs(mark - rows[nearest]) < 0.45 * (rows[1] - rows[0])


def test_letters_without_a_glyph_are_text_and_no_warning(recwarn: pytest.WarningsRecorder) -> None:
    chart = kinds_chart(report(replace(OURS, name="方法")))
    assert "方法" in drawing(chart.light)
    assert not recwarn.list
