"""A browser on the page of a service: opening it, asking, and reading what it shows."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")
# fmt: off
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]
# fmt: on
AXE = Path(__file__).parent / "node_modules/axe-core/axe.min.js"
WIDE, PHONE = (1280, 860), (360, 740)
END_SECONDS = 60
FRAME_SECONDS = 0.1
"""Of the videos of the tests."""
NETWORK = ("Failed to load resource", "net::ERR")
"""What the browser itself says where an answer is no success: some tests are about that."""


@contextmanager
def open_browser() -> Iterator["Browser"]:
    """Start Chromium; the test skips where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright; pip install leorn[test]")
    if CHROMIUM is None:
        pytest.skip("no Chromium; install it as chromium, or set CHROMIUM to its path")
    # its loop runs in this thread until it is stopped: tests of other files need theirs
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def open_page(browser: "Browser", size: tuple[int, int] = WIDE, **options: Any) -> Iterator["Page"]:  # noqa: ANN401
    """Open an empty page in a context of its own; no script may fail, and nothing that it does be refused."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        permissions=["clipboard-read", "clipboard-write"],
        reduced_motion=options.pop("reduced_motion", "reduce"),
        **options,
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    try:
        yield page
        assert [line for line in wrong if not any(known in line for known in NETWORK)] == []
    finally:
        context.close()


def ask(page: "Page", address: str, query: str) -> dict[str, Any]:
    """Open the page, ask a question as a person does, and return what the service answers to it."""
    page.goto(address)
    page.wait_for_selector("#answer h2")
    page.fill("#query", query)
    page.keyboard.press("Enter")
    settle(page)
    return answer(address, query)


def visit(page: "Page", address: str, **shown: object) -> None:
    """Open a link to a question, or to a moment of it."""
    page.goto(f"{address}/?{urlencode(shown)}")
    settle(page)


def settle(page: "Page") -> None:
    """Wait until an answer is there, with its evidence and a picture in the player."""
    page.wait_for_selector(".card .name")
    until(page, "document.querySelector('canvas.heat').width > 1")
    until(page, "document.querySelector('video').readyState >= 2 && !document.querySelector('video').seeking")


def answer(address: str, query: str, **options: object) -> dict[str, Any]:
    """Ask the service itself."""
    return httpx.get(f"{address}/api/search", params={"query": query, **options}, timeout=60).json()  # type: ignore[dict-item]


def until(page: "Page", expression: str, argument: object = None) -> None:
    """Wait until an expression holds; the page's policy forbids what wait_for_function does, making code of text."""
    end = time.monotonic() + END_SECONDS
    while not page.evaluate(expression, argument):
        assert time.monotonic() < end, f"never: {expression}"
        page.wait_for_timeout(20)


def time_of(page: "Page") -> float:
    """Return where the player is, in seconds."""
    return page.evaluate("document.querySelector('video').currentTime")


def is_paused(page: "Page") -> bool:
    """Say whether the player stands still."""
    return page.evaluate("document.querySelector('video').paused")


def go_to(page: "Page", seconds: float) -> None:
    """Put the player to a time, and wait for its picture."""
    page.evaluate(
        """(seconds) => new Promise((resolve) => {
            const video = document.querySelector("video");
            video.addEventListener("seeked", resolve, { once: true });
            video.currentTime = seconds;
        })""",
        seconds,
    )


def watch_times(page: "Page") -> None:
    """Note from now on, at every frame that is drawn while the player plays, where it is."""
    page.evaluate(
        """() => {
            const video = document.querySelector("video");
            window.times = [];
            const note = () => {
                if (!video.paused && !video.seeking && video.readyState >= 2) window.times.push(video.currentTime);
                requestAnimationFrame(note);
            };
            note();
        }"""
    )


def times(page: "Page") -> list[float]:
    """Return what `watch_times` has noted."""
    return page.evaluate("window.times")


def wait_until_stopped(page: "Page") -> float:
    """Wait until the player, which plays, stops by itself; return where."""
    until(page, "document.querySelector('video').paused && !document.querySelector('video').seeking")
    return time_of(page)


def shown(page: "Page") -> dict[str, str]:
    """Return what the address says is shown."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def range_of(page: "Page") -> tuple[float, float]:
    """Return where the ends of the range are, in seconds."""
    start, end = (page.get_attribute(f".handle.{side}", "aria-valuenow") for side in ("start", "end"))
    return float(start or "nan"), float(end or "nan")


def exported(page: "Page", folder: Path, kind: str, frame_rate: str | None = None) -> Path:
    """Export the range by the form, and return the file that the browser saves."""
    page.select_option("#format", kind)
    assert page.is_visible("#frame-rate") is (kind in ("edl", "otio"))
    if frame_rate is not None:
        page.select_option("#frame-rate", frame_rate)
    with page.expect_download() as download:
        page.click("#export button[type=submit]")
    assert download.value.suggested_filename.endswith(f".{kind}")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def violations(page: "Page") -> list[str]:
    """Return what axe-core finds serious or critical; nothing where it is not there, for which one test skips."""
    if not AXE.exists():
        return []
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = json.loads(page.evaluate("axe.run(document).then(({violations}) => JSON.stringify(violations))"))
    return [
        f"{one['id']}: {one['help']}: {node['html'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
