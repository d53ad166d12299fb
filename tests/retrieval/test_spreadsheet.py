"""Tables, read by the csv module."""

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.records import Moment
from leorn.retrieval.library import FoundMoment
from leorn.retrieval.spreadsheet import csv_table
from tests.retrieval.found import found, spans

TEXT = ("query", "video", "name", "path")
NUMBERS = ("start_seconds", "end_seconds", "duration_seconds", "score", "confidence", "similarity")
RUN = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What spreadsheets take for the beginning of a formula (OWASP, CSV injection)."""


def read(table: str) -> list[dict[str, Any]]:
    """Return the rows with their values as they were."""
    rows: list[dict[str, Any]] = []
    for row in csv.DictReader(io.StringIO(table, newline=""), strict=True):
        assert not any(value.startswith(RUN) for value in row.values())
        plain: dict[str, Any] = {name: re.sub("^'('*[=+\\-@\t\r\n＝＋－＠])", r"\1", row[name]) for name in TEXT}
        plain |= {name: float(row[name]) if row[name] else None for name in NUMBERS}
        rows.append(plain | {"rank": int(row["rank"])})
    return rows


words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
cells = st.one_of(words, st.builds(str.__add__, st.sampled_from([*RUN, "'=", "''+", "'"]), words))


@given(query=cells, video=cells, name=cells, path=cells, times=st.lists(spans(), max_size=4))
def test_moments_come_back(query: str, video: str, name: str, path: str, times: list[tuple[float, float]]) -> None:
    moments = [found(*span, video, name=name, path=path) for span in times]
    expected = [{"rank": rank, "query": query} | moment.to_dict() for rank, moment in enumerate(moments, start=1)]
    assert read(csv_table(query, moments)) == expected


def test_a_table_is_written_as_spreadsheets_know_it() -> None:
    found = FoundMoment("a", 'a "b"', "", 9.5, Moment(1, 2.5, 0.75), 0.5, 0.25)
    # that was not searched for
    chosen = FoundMoment("a", "b", "", 9.5, Moment(1, 2.5), 0.0, 0.0)
    assert csv_table("=SUM(A1)", [found, chosen]) == (
        '"rank","query","video","name","path","start_seconds","end_seconds","duration_seconds","score","confidence",'
        '"similarity"\r\n1,"\'=SUM(A1)","a","a ""b""","",1,2.5,9.5,0.75,0.25,0.5\r\n'
        '2,"\'=SUM(A1)","a","b","",1,2.5,9.5,"","",""\r\n'
    )
    assert csv_table("a", []).count("\r\n") == 1


@pytest.mark.parametrize("begin", RUN)
def test_no_cell_is_run(begin: str) -> None:
    table = csv_table(f"{begin}cmd|' /C calc'!A0", [found(1, 2)])
    (row,) = csv.DictReader(io.StringIO(table, newline=""))
    assert row["query"] == f"'{begin}cmd|' /C calc'!A0"


def test_an_apostrophe_of_ones_own_stays() -> None:
    (row,) = csv.DictReader(io.StringIO(csv_table("'tis a cup", [found(1, 2)])))
    assert row["query"] == "'tis a cup"
