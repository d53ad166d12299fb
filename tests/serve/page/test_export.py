"""Exporting the range that is shown: the files that the browser saves."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leorn.features.video import probe
from tests.serve.page.browsing import FRAME_SECONDS, answer, exported, range_of, visit
from tests.videos import RATE, decode_all

if TYPE_CHECKING:
    from playwright.sync_api import Page

QUERY = "a cup"
START, END = 1.2, 2.8


@pytest.fixture(autouse=True)
def name(page: "Page", address: str) -> str:
    """The name of the video that a range is shown of."""
    best = answer(address, QUERY)["moments"][0]
    visit(page, address, query=QUERY, id=best["id"], start=START, end=END)
    return best["name"]


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_clip_holds_exactly_the_range(page: "Page", tmp_path: Path, kind: str) -> None:
    clip = exported(page, tmp_path, kind)
    assert probe(clip).duration_seconds == pytest.approx(END - START, abs=0.02)
    numbers = [number for _, number in decode_all(clip)]
    assert numbers == list(range(round(START * RATE), round(END * RATE)))


def test_what_is_exported_is_the_range_that_was_drawn(page: "Page", tmp_path: Path) -> None:
    page.locator(".handle.end").focus()
    page.keyboard.press("Shift+ArrowLeft")
    start, end = range_of(page)
    assert end == pytest.approx(END - 1)
    assert probe(exported(page, tmp_path, "mp4")).duration_seconds == pytest.approx(end - start, abs=FRAME_SECONDS)


def test_tables_hold_the_range_and_the_question(page: "Page", tmp_path: Path, name: str) -> None:
    told = json.loads(exported(page, tmp_path, "json").read_text(encoding="utf-8"))
    assert told["query"] == QUERY
    (moment,) = told["moments"]
    assert (moment["name"], moment["start_seconds"], moment["end_seconds"]) == (name, START, END)
    (row,) = csv.DictReader(exported(page, tmp_path, "csv").read_text(encoding="utf-8").splitlines())
    assert (float(row["start_seconds"]), float(row["end_seconds"])) == (START, END)
    chapters = exported(page, tmp_path, "vtt").read_text(encoding="utf-8")
    assert chapters.startswith("WEBVTT")
    assert "00:00:01.200 --> 00:00:02.800" in chapters


def test_edit_lists_count_in_the_frames_that_were_asked_for(page: "Page", tmp_path: Path) -> None:
    edits = exported(page, tmp_path, "edl", "50").read_text(encoding="utf-8")
    # 1.2 s and 2.8 s in frames of 1/50 s
    assert "00:00:01:10 00:00:02:40" in edits
    pytest.importorskip("opentimelineio")
    timeline = exported(page, tmp_path, "otio", "50").read_text(encoding="utf-8")
    assert '"rate": 50' in timeline


def test_what_cannot_be_exported_is_said(page: "Page") -> None:
    page.route("**/api/export?*", lambda route: route.fulfill(status=422, json={"detail": "no file; expected one"}))
    page.click("#export button[type=submit]")
    page.wait_for_selector("#toast.shown:has-text('no file; expected one')")
    assert page.is_enabled("#export button[type=submit]")
    assert page.inner_text("#export button[type=submit]") == "Export"
