import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.reporting.content import Report, make_report
from leorn.reporting.write import write_report
from leorn.scoring.bootstrap import Interval
from tests.commands import files
from tests.reporting.small import EVALUATION, OURS, QUERIES, THEIRS

NOTHING = Interval(math.nan, math.nan, math.nan)


def make() -> Report:
    """The report of both methods, with a figure of no query."""
    report = make_report(QUERIES, [OURS, THEIRS], EVALUATION)
    results = [replace(one, figures={**one.figures, "mIoU": NOTHING}) for one in report.results]
    return replace(report, results=results)


def strict(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


def test_the_numbers_beside_the_page_are_the_reports_and_json(tmp_path: Path) -> None:
    report = make()
    page, numbers = write_report(report, tmp_path / "new", "A title")
    assert (page, numbers) == (tmp_path / "new/report.html", tmp_path / "new/report.json")
    assert files(tmp_path) == {"new/report.html", "new/report.json"}
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>\n")
    content = json.loads(numbers.read_text(encoding="utf-8"), parse_constant=strict)
    assert [*content] == ["title", "protocol", "main", "groupings", "results", "examples"]
    assert (content["title"], content["main"]) == ("A title", "R1@0.5")
    for found, result in zip(content["results"], report.results, strict=True):
        assert found["figures"]["R1@0.5"]["mean"] == result.figures["R1@0.5"].mean
        # a figure without a query
        assert found["figures"]["mIoU"] == {"mean": None, "low": None, "high": None}
        assert found["recall_over_iou"] == {str(n): values for n, values in result.recall_over_iou.items()}
    assert content["results"][1]["reliability"] is None


def test_the_same_report_twice_is_the_same_bytes(tmp_path: Path) -> None:
    one, other = (write_report(make(), tmp_path / name, "A title") for name in "ab")
    for first, second in zip(one, other, strict=True):
        assert first.read_bytes() == second.read_bytes()


def test_where_nothing_can_be_written_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError, match=f"cannot write {tmp_path}/out/report.html: "):
        write_report(make(), tmp_path / "out", "A title")
    assert (tmp_path / "out").read_text() == "mine"
    assert files(tmp_path) == {"out"}
