"""The report as one page: HTML that holds its style and its pictures, and asks nobody for anything."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from leorn.errors import InputError
from leorn.reporting.charts import group_chart, kinds_chart, legend, recall_chart, reliability_chart
from leorn.reporting.content import Example, Report
from leorn.scoring.bootstrap import RESAMPLES, Interval
from leorn.scoring.mistakes import KINDS
from leorn.wording import counted


def render(report: Report, title: str) -> str:
    """Return the page.

    Raises:
        InputError: the template engine is not installed.
    """
    try:
        from jinja2 import Environment
    except ImportError as error:
        raise InputError("jinja2 is not installed; pip install leorn[report] adds it") from error
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"range": _range, "number": _number, "signed": _signed, "plain": _plain, "words": _words}
    first = report.results[0]
    protocol = report.protocol
    # where all queries are of one group there is nothing to see
    groupings = [grouping for grouping in report.groupings if len(grouping.groups) > 1]
    return environment.from_string(_resource("page.html")).render(
        title=title,
        style=_resource("page.css"),
        summary=f"{counted(protocol['queries'], 'query')} about {counted(protocol['videos'], 'video')}.",
        sections=_sections(len(report.results) > 1),
        resamples=f"{RESAMPLES:,}",
        figures=tuple(first.figures),
        results=report.results,
        compared=report.results[1:],
        main=report.main,
        recall=recall_chart(report),
        calibration=reliability_chart(report),
        legend=legend(report.results),
        groups=[(grouping, group_chart(report, grouping)) for grouping in groupings],
        groupings=groupings,
        mistakes=kinds_chart(report),
        kinds=KINDS,
        examples=[_strip(example) for example in report.examples],
        protocol={_words(key): _plain(value) for key, value in protocol.items()},
        version=version("leorn"),
    )


def _sections(compared: bool) -> list[tuple[str, str]]:
    names = {
        "figures": "Figures", "comparison": "Comparison", "charts": "Recall and scores", "groups": "Kinds of query",
        "mistakes": "Kinds of answer", "protocol": "Protocol",
    }  # fmt: skip
    return [(name, label) for name, label in names.items() if compared or name != "comparison"]


def _strip(example: Example) -> Mapping[str, Any]:
    """What the strip of an example shows: places in percent of the video's length."""
    query = example.query
    truths = " and ".join(f"{start:.1f}–{end:.1f} s" for start, end in (moment.span for moment in query.moments))
    answer = "none" if example.answer is None else f"{example.answer[0]:.1f}–{example.answer[1]:.1f} s"
    score = "" if example.score is None else f", score {example.score:.2f}"
    told = f"true {truths}; first answer {answer}{score}; of {query.duration_seconds:.1f} s"
    return {
        "kind": example.kind,
        "text": query.text,
        "truths": [_place(moment.span, query.duration_seconds) for moment in query.moments],
        "answer": None if example.answer is None else _place(example.answer, query.duration_seconds),
        "alternative": f"Strip of the video's time: {told}.",
        "note": f"{query.query_id}, video {query.video}: {told}",
    }


def _place(span: tuple[float, float], duration_seconds: float) -> tuple[float, float]:
    start, end = (100 * min(time / duration_seconds, 1) for time in span)
    return round(start, 3), round(end - start, 3)


def _number(value: float) -> str:
    return f"{value:.1f}"


def _range(interval: Interval, to: str = "–", signed: bool = False) -> str:
    shown = _signed if signed else _number
    return f"{shown(interval.low)}{to}{shown(interval.high)}" if interval.is_known else "one video"


def _signed(value: float) -> str:
    # not −0.0
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")


def _words(key: str) -> str:
    return key.replace("_", " ")


def _plain(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple | list):
        return ", ".join(map(_plain, value))
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping) else str(value)


def _resource(name: str) -> str:
    return files("leorn.reporting").joinpath(name).read_text(encoding="utf-8")
