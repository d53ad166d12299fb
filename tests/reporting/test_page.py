import sys
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from leorn.config import EvaluationConfig
from leorn.errors import InputError
from leorn.reporting.content import Report, make_report
from leorn.reporting.methods import Method
from leorn.reporting.page import render
from leorn.scoring.mistakes import KINDS
from tests.reporting.small import EVALUATION, OURS, QUERIES, THEIRS

VOID = {"meta", "img", "source", "br", "link", "input", "hr"}
NASTY = """<script>alert("1")</script> & 'it' opens"""
NO_RELIABILITY = "No reliability diagram: scores are not given, or are no probabilities (0 to 1)."


class Page(HTMLParser):
    """What stands on a page: tags with their attributes, tables, text; every tag is closed where it was opened."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names)
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("th", "td"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data
        if {"th", "td"} & {*self._open}:
            self.tables[-1][-1][-1] += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


def make(*methods: Method, evaluation: EvaluationConfig = EVALUATION, **options: object) -> Report:
    return make_report(QUERIES, methods or (OURS, THEIRS), evaluation, **options)  # pyrefly: ignore[bad-argument-type]


def read(report: Report) -> Page:
    return Page(render(report, "A title"))


@pytest.fixture(scope="module")
def html() -> str:
    """The page of both methods."""
    return render(make(), "A title")


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_a_page_asks_nobody_for_anything_and_runs_nothing(page: Page, html: str) -> None:
    links = [
        value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href", "srcset")
    ]
    assert len(links) > 10
    assert all(link.startswith(("data:image/svg+xml;base64,", "#")) for link in links)
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "embed", "form"})
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "url(" not in html
    (policy,) = (meta["content"] for meta in page.all("meta") if "http-equiv" in meta)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def test_every_picture_says_what_it_shows_and_has_a_light_and_a_dark_form(page: Page) -> None:
    images, sources = page.all("img"), page.all("source")
    # recall, reliability, kinds, and four groupings: all sentences have 1 to 5 words
    assert len(images) == len(sources) == len(page.all("picture")) == 7
    assert all(image["alt"] for image in images)
    assert {source["media"] for source in sources} == {"(prefers-color-scheme: dark)"}
    assert all(image["src"] != source["srcset"] for image, source in zip(images, sources, strict=True))
    strips = [one for one in page.all("div") if one.get("role") == "img"]
    assert len(strips) == len(page.all("article")) == len(make().examples)
    assert all(strip["aria-label"].startswith("Strip of the video's time: true ") for strip in strips)


def test_links_lead_to_sections_of_the_page(page: Page) -> None:
    sections = [section["id"] for section in page.all("section")]
    assert [link["href"] for link in page.all("a")] == [f"#{name}" for name in sections]
    assert sections == ["figures", "comparison", "charts", "groups", "mistakes", "protocol"]


def test_figures_and_differences_stand_in_tables(page: Page) -> None:
    report = make()
    figures, comparison, lengths, *_ = page.tables
    ours, theirs = report.results
    assert figures[0] == ["method", "R1@0.3", "R1@0.5", "R2@0.3", "R2@0.5", "mIoU"]

    def cells(values: Mapping[str, object]) -> list[str]:
        return [f"{one.mean:.1f} {one.low:.1f}–{one.high:.1f}" for one in values.values()]  # pyrefly: ignore

    assert figures[1:] == [["ours", *cells(ours.figures)], ["theirs", *cells(theirs.figures)]]
    assert comparison[0][-2:] == ["won", "lost"]
    # 5 of 7 less 2 of 7
    assert comparison[1][0] == "theirs"
    assert comparison[1][2].startswith("+42.9 ")
    assert comparison[1][-2:] == ["5", "2"]
    assert lengths[0] == ["moment length", "queries", "ours", "theirs"]
    assert [row[:2] for row in lengths[1:]] == [
        ["below 5%", "1"], ["5–10%", "1"], ["10–25%", "3"], ["25–50%", "1"], ["50% and more", "1"],
    ]  # fmt: skip
    assert lengths[3][2].startswith("33.3 ")


def test_a_difference_is_signed_and_one_of_nothing_is_plus() -> None:
    against_itself = replace(OURS, name="again")
    row = read(make(OURS, against_itself)).tables[1][1]
    assert row == ["again", *["+0.0 +0.0 to +0.0"] * 5, "0", "0"]
    assert read(make(THEIRS, OURS)).tables[1][1][2].startswith("−42.9 ")


def test_figures_of_one_video_have_no_range_and_no_difference_that_is_sure() -> None:
    queries = [replace(query, video="a") for query in QUERIES]
    ours, theirs = (
        replace(method, predictions=[replace(one, video="a") for one in method.predictions])
        for method in (OURS, THEIRS)
    )
    page = read(make_report(queries, [ours, theirs], EVALUATION))
    assert page.tables[0][1][2] == "28.6 one video"
    assert page.tables[1][1][2] == "+42.9 one video"
    assert "sure" not in [cell.get("class") for cell in page.all("td")]
    assert "nan" not in page.text


def test_kinds_have_their_rules_and_examples_their_places(page: Page) -> None:
    for kind, rule in KINDS.items():
        assert kind in page.text
        assert rule in page.text
    bars = [(one["class"], one["style"]) for one in page.all("span") if one.get("style", "").startswith("left:")]
    # of b1
    assert ("truth", "left:70.0%;width:30.0%") in bars
    assert ("answer", "left:60.0%;width:20.0%") in bars
    assert "b1, video b: true 70.0–100.0 s; first answer 60.0–80.0 s, score 0.20; of 100.0 s" in page.text
    assert "c2, video c: true 95.0–100.0 s; first answer none; of 100.0 s" in page.text


def test_an_answer_beyond_the_video_stays_in_its_strip() -> None:
    beyond = replace(OURS.predictions[0].moments[0], start_seconds=90.0, end_seconds=150.0)
    first, *others = OURS.predictions
    page = read(make(replace(OURS, predictions=[replace(first, moments=(beyond,)), *others])))
    assert "left:90.0%;width:10.0%" in [one.get("style") for one in page.all("span")]


def test_what_comes_from_outside_is_text_and_no_markup() -> None:
    queries = [replace(query, text=NASTY, query_id=f"{query.query_id}{NASTY}") for query in QUERIES]
    predictions = [replace(one, query_id=f"{one.query_id}{NASTY}") for one in OURS.predictions]
    method = Method(NASTY, predictions, made_with={NASTY: {NASTY: 1}, "checkpoint": NASTY})
    report = make_report(queries, [method, replace(method, name="other")], EVALUATION, protocol={NASTY: NASTY})
    html = render(report, NASTY)
    assert "<script" not in html
    page = Page(html)
    assert page.all("script") == []
    assert page.tables[0][1][0] == NASTY
    assert f"hit: “{NASTY}”" in page.text
    assert f"Compared with {NASTY}" in page.text
    assert any(NASTY in image["alt"] for image in page.all("img"))
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; &#39;it&#39; opens" in html


def test_without_scores_a_sentence_stands_for_the_diagram(page: Page) -> None:
    without = read(make(THEIRS))
    for one, expected in ((page, 1), (without, 0)):
        assert sum(image["alt"].startswith("Reliability diagram.") for image in one.all("img")) == expected
        assert (NO_RELIABILITY in one.text) == (expected == 0)


def test_one_method_is_compared_with_nobody() -> None:
    page = read(make(OURS))
    assert "comparison" not in [section["id"] for section in page.all("section")]
    assert "#comparison" not in [link["href"] for link in page.all("a")]
    assert "Compared with" not in page.text


def test_a_grouping_of_one_group_is_left_out() -> None:
    queries = [replace(query, text="a person opens a door") for query in QUERIES]
    page = read(make_report(queries, [OURS], EVALUATION))
    headings = [table[0][0] for table in page.tables[1:]]
    assert headings == ["moment length", "position", "number of moments"]


def test_rare_words_are_shown_where_there_are_training_queries(page: Page) -> None:
    assert read(make(train=QUERIES[:1])).tables[-1][0][0] == "rare words"
    assert page.tables[-1][0][0] == "first verb"


def test_the_protocol_says_how_each_method_was_made() -> None:
    ours = replace(
        OURS, made_with={"checkpoint": "best.ckpt", "selected_by": "mIoU on val", "features": {"frames": 16}}
    )
    page = read(make(ours, THEIRS, protocol={"split": "test"}))
    for text in ("nms threshold", "selected by", "mIoU on val", '{"frames": 16}', "sha256 of the queries"):
        assert text in page.text
    # of theirs nothing is known
    (section,) = [page.text[page.text.rindex("Protocol") :]]
    assert "theirs" not in section


def test_the_same_report_is_the_same_page(html: str) -> None:
    assert render(make(), "A title") == html


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(InputError) as caught:
        render(make(), "A title")
    assert str(caught.value) == "jinja2 is not installed; pip install leorn[report] adds it"
