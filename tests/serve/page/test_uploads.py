"""Giving videos to the library on the page, and taking them out."""

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.serve.page.browsing import answer, ask, settle, until
from tests.serve.page.conftest import Indexed
from tests.serve.services import RunningService, running
from tests.serve.small_service import SLOW
from tests.videos import write_video

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

QUERY = "a cup"
HOSTILE = "<img src=x onerror=alert(1)>.mp4"


@pytest.fixture
def service(indexed: Indexed, tmp_path: Path) -> "Iterator[RunningService]":
    """A service that takes some seconds to add a video."""
    with running(indexed.sentences, indexed.copy(tmp_path / SLOW)) as started:
        yield started


@pytest.fixture
def opened(page: "Page", service: RunningService) -> "Page":
    """The page with its library open; what is said of the uploads is noted."""
    page.goto(service.address)
    page.wait_for_selector(".example")
    page.click("#open-library")
    page.wait_for_selector("#videos li")
    page.evaluate(
        """() => {
            window.said = [];
            new MutationObserver(() => {
                for (const row of document.querySelectorAll("#jobs li")) {
                    const bar = row.querySelector("progress");
                    window.said.push([row.querySelector(".quiet").textContent, bar?.value ?? 1]);
                }
            }).observe(document.getElementById("jobs"), {
                subtree: true, childList: true, characterData: true, attributes: true,
            });
        }"""
    )
    return page


def test_an_upload_is_followed_until_it_can_be_searched(
    opened: "Page", service: RunningService, tmp_path: Path
) -> None:
    file = write_video(tmp_path / HOSTILE, range(70), size=(96, 80))
    opened.set_input_files("#upload", file)
    opened.wait_for_selector("#jobs li.done")
    said = opened.evaluate("window.said")
    texts = [text.split(",")[0] for text, _ in said]
    stages = [stage for stage in dict.fromkeys(texts) if stage]
    assert stages[0] == "sending"
    assert stages[-1] == "can be searched"
    assert {"finding objects", "waiting its turn"} & set(stages)
    values = [value for text, value in said if text.startswith("finding objects")]
    assert values == sorted(values)
    # its name is text
    assert opened.inner_text("#jobs .name") == HOSTILE
    until(opened, "document.querySelector('#count').textContent === '4 videos'")
    assert opened.locator("#videos .name", has_text=HOSTILE).count() == 1
    assert opened.locator("img[src=x]").count() == 0
    opened.keyboard.press("Escape")
    # what lies behind the dialog has been told
    until(opened, "document.querySelectorAll('.film').length === 4")
    opened.fill("#query", QUERY)
    opened.press("#query", "Enter")
    settle(opened)
    names = [one["name"] for one in answer(service.address, QUERY)["moments"]]
    assert HOSTILE in names
    number = names.index(HOSTILE)
    opened.locator(".card").nth(number).click()
    until(
        opened, "document.querySelector('video').readyState >= 2 && document.querySelector('video').videoWidth === 96"
    )
    assert opened.inner_text("#title") == HOSTILE


def test_videos_can_be_dropped_anywhere(page: "Page", service: RunningService, tmp_path: Path) -> None:
    page.goto(service.address)
    page.wait_for_selector(".example")
    content = write_video(tmp_path / "dropped.mp4", range(30), size=(96, 80)).read_bytes()
    data = page.evaluate_handle(
        """(content) => {
            const data = new DataTransfer();
            const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
            data.items.add(new File([bytes], "dropped.mp4", { type: "video/mp4" }));
            return data;
        }""",
        base64.b64encode(content).decode(),
    )
    page.dispatch_event("main", "dragenter", {"dataTransfer": data})
    assert page.evaluate("document.body.classList.contains('dropping')")
    page.dispatch_event("main", "drop", {"dataTransfer": data})
    assert not page.evaluate("document.body.classList.contains('dropping')")
    # who comes meanwhile sees it too
    page.wait_for_selector("#jobs progress")
    until(page, "document.querySelector('#jobs .quiet').textContent !== 'sending'")
    until(page, "fetch('/api/jobs').then(answer => answer.json()).then(({jobs}) => jobs.length === 1)")
    page.reload()
    page.click("#open-library")
    page.wait_for_selector("#jobs li:has-text('dropped.mp4')")
    page.wait_for_selector("#jobs li.done")
    page.wait_for_selector("#videos .name:has-text('dropped.mp4')")


def test_what_is_no_video_is_refused_with_the_reason(opened: "Page", tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("no video at all")
    opened.set_input_files("#upload", tmp_path / "notes.mp4")
    opened.wait_for_selector("#jobs li.failed:has-text('the file is no video that can be taken')")
    assert opened.inner_text("#count") == "3 videos"


def test_a_video_goes_when_one_is_sure(opened: "Page", service: RunningService) -> None:
    def names() -> list[str]:
        return [one["name"] for one in httpx.get(f"{service.address}/api/videos").json()["videos"]]

    for decision, expected in (("Keep it", ["cups", "pans/one", "pans/two"]), ("Remove", ["pans/one", "pans/two"])):
        opened.click("button[aria-label='Remove cups']")
        assert "Remove cups?" in opened.inner_text("#sure")
        assert "its file stays where it is" in opened.inner_text("#sure")
        opened.locator("#sure").get_by_role("button", name=decision, exact=True).click()
        until(opened, "!document.getElementById('sure').open")
        until(opened, f"document.querySelectorAll('#videos li').length === {len(expected)}")
        assert names() == expected
    assert opened.locator("#videos .name").all_inner_texts() == ["pans/one", "pans/two"]
    opened.fill("#name", "TWO")
    until(opened, "document.querySelectorAll('#videos li').length === 1")
    assert opened.inner_text("#count") == "1 video"


def test_a_removed_video_leaves_the_answer_too(page: "Page", service: RunningService) -> None:
    result = ask(page, service.address, QUERY)
    best = result["moments"][0]["name"]
    page.click("#open-library")
    page.click(f"button[aria-label='Remove {best}']")
    page.locator("#sure").get_by_role("button", name="Remove", exact=True).click()
    page.wait_for_selector(f"#toast.shown:has-text('{best} was removed')")
    until(page, "name => [...document.querySelectorAll('.card .name')].every(one => one.textContent !== name)", best)
    page.wait_for_selector(".card .name")
    page.keyboard.press("Escape")
    assert page.inner_text("#title") != best
