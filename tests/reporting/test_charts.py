import base64
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

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
    assert chart.caption == "R1 and R2: solid, then dashed."


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
