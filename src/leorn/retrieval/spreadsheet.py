"""Moments as CSV, for spreadsheets and programs."""

import csv
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leorn.retrieval.library import FoundMoment

FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")
"""Text that a spreadsheet takes for a formula, or that would be taken for guarded text when it is read again."""
COLUMNS = (
    "rank", "query", "video", "name", "path", "start_seconds", "end_seconds", "duration_seconds", "score",
    "confidence", "similarity",
)  # fmt: skip


def csv_table(query: str, moments: "Sequence[FoundMoment]") -> str:
    """Return the moments as comma-separated values (RFC 4180), a line each after one with the columns' names.

    All text is quoted. Text that a spreadsheet would run as a formula begins with an apostrophe, which makes it text
    there. A program that wants it as it was takes one apostrophe away from what begins with apostrophes followed by
    a character of `FORMULA`. Numbers are as exact as they are.

    Args:
        query: the sentence.
        moments: best first.
    """
    written = io.StringIO(newline="")
    table = csv.writer(written, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(COLUMNS)
    for rank, found in enumerate(moments, start=1):
        plain = {"rank": rank, "query": query} | found.to_dict()
        table.writerow([_guarded(plain[column]) for column in COLUMNS])
    return written.getvalue()


def _guarded(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value
