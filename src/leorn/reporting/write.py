"""A report's two files."""

import json
from pathlib import Path

from leorn.files import write_text
from leorn.jsonlines import plain
from leorn.reporting.content import Report
from leorn.reporting.page import render

PAGE, NUMBERS = "report.html", "report.json"


def write_report(report: Report, out: str | Path, title: str) -> tuple[Path, Path]:
    """Write `report.html`, which holds all that it shows, and `report.json` with the same numbers.

    Raises:
        InputError: a file cannot be written, or the template engine is not installed.
    """
    page, numbers = Path(out) / PAGE, Path(out) / NUMBERS
    write_text(page, render(report, title))
    write_text(numbers, json.dumps({"title": title} | plain(report.to_dict()), indent=2, ensure_ascii=False) + "\n")
    return page, numbers
