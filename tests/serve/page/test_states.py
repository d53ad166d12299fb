"""What the page says when something is missing, wrong or on its way, and how it looks where."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.serve.page.browsing import AXE, PHONE, answer, ask, open_page, settle, until, violations, visit
from tests.serve.page.conftest import Indexed
from tests.serve.services import running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUERY, NOWHERE = "a cup", "zebra"
TOKEN = "a-token-that-nobody-guesses"
LEAST_LIGHT, MOST_DARK = 200, 60
"""Of a background, 0 to 255."""


def overflows(page: "Page") -> bool:
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_an_empty_library_says_what_to_do(page: "Page", indexed: Indexed, tmp_path: Path) -> None:
    with running(indexed.sentences, tmp_path / "library") as service:
        page.goto(service.address)
        page.wait_for_selector("h2:has-text('The library is empty')")
        assert "leorn index FOLDER --library LIBRARY" in page.inner_text("#answer")
        assert violations(page) == []
        page.click("#answer button")
        page.wait_for_selector("#library[open]")
        assert page.inner_text("#count") == "0 videos"
        page.keyboard.press("Escape")
        page.fill("#query", QUERY)
        page.press("#query", "Enter")
        page.wait_for_selector("h1:has-text('Nothing found')")
        assert page.is_hidden("#stage")


def test_a_token_is_asked_for_once(page: "Page", indexed: Indexed, browser: "Browser") -> None:
    with running(indexed.sentences, indexed.library, token=TOKEN) as service:
        page.goto(f"{service.address}/?query=a+cup")
        page.wait_for_selector("#token[open]")
        assert page.evaluate("document.activeElement.id") == "token-text"
        assert violations(page) == []
        # it is no dialog that one can close
        page.keyboard.press("Escape")
        page.fill("#token-text", "a wrong one")
        page.keyboard.press("Enter")
        page.wait_for_selector("#token-wrong:has-text('a wrong token')")
        page.fill("#token-text", TOKEN)
        page.keyboard.press("Enter")
        settle(page)
        assert not page.evaluate("document.getElementById('token').open")
        assert TOKEN not in page.content()
        # pictures and the video have been let in too, and the next visit is
        until(page, "[...document.querySelectorAll('#cards img.thumb')].every(one => one.naturalWidth > 0)")
        page.reload()
        settle(page)
        (cookie,) = page.context.cookies()
        assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
        assert TOKEN not in str(cookie)
        with open_page(browser) as other:
            other.goto(service.address)
            other.wait_for_selector("#token[open]")


def test_a_service_that_is_gone_is_told_and_tried_again(page: "Page", indexed: Indexed) -> None:
    with running(indexed.sentences, indexed.library) as service:
        page.goto(service.address)
        page.wait_for_selector(".example")
        port = urlsplit(service.address).port
    page.fill("#query", QUERY)
    page.press("#query", "Enter")
    page.wait_for_selector("#note:has-text('The service does not answer. Is leorn serve still running?')")
    assert page.locator(".skeleton").count() == 0
    assert violations(page) == []
    page.click("#open-library")
    page.wait_for_selector("#count:has-text('The service does not answer')")
    page.keyboard.press("Escape")
    with running(indexed.sentences, indexed.library, "--port", str(port)) as service:
        page.click("#note button")
        settle(page)
        assert page.is_hidden("#note")
        assert page.locator(".card").count() == len(answer(service.address, QUERY)["moments"])


def test_a_busy_service_is_asked_again_when_told(page: "Page", address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".example")
    full = {"detail": "16 questions wait already; expected to be asked again"}
    page.route(
        re.compile("/api/search"),
        lambda route: route.fulfill(status=503, headers={"Retry-After": "3"}, json=full),
        times=1,
    )
    page.fill("#query", QUERY)
    page.press("#query", "Enter")
    page.wait_for_selector("#note:has-text('The service is busy: ask again, in 3 s.')")
    page.click("#note button")
    settle(page)
    assert page.is_hidden("#note")


def test_a_file_that_is_gone_leaves_what_is_known_of_it(page: "Page", address: str) -> None:
    page.route(re.compile("/thumbnail"), lambda route: route.fulfill(status=404, json={"detail": "gone"}))
    page.route(re.compile("/stream|/api/export"), lambda route: route.fulfill(status=404, json={"detail": "gone"}))
    page.goto(f"{address}/?query=a+cup")
    page.wait_for_selector(".thumb:has-text('no picture')")
    page.wait_for_selector("#unplayable:has-text('The file cannot be played, or is gone')")
    page.wait_for_selector(".bar")


def test_what_a_browser_cannot_decode_is_converted(page: "Page", address: str) -> None:
    page.route(re.compile("/stream"), lambda route: route.fulfill(body=b"no film", content_type="video/mp4"))
    best = answer(address, QUERY)["moments"][0]
    visit(page, address, query=QUERY, id=best["id"], start=1.5, end=2.5)
    until(page, "document.querySelector('video').src.includes('/api/export?format=mp4')")
    until(page, "document.querySelector('video').readyState >= 2")
    # a clip of the moment; the times that are shown stay those of the whole video
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(1, abs=0.05)
    assert page.inner_text("#clock") == "0:01.5"
    page.keyboard.press("k")
    until(page, "document.getElementById('clock').textContent === '0:02.5'")
    until(page, "document.querySelector('video').paused")


@pytest.mark.skipif(not AXE.exists(), reason="no axe-core; run npm ci --prefix tests/serve/page")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_free_of_barriers(browser: "Browser", address: str, scheme: str) -> None:
    with open_page(browser, color_scheme=scheme) as page:
        page.goto(address)
        page.wait_for_selector(".example")
        assert violations(page) == []
        # it finds what there is to find
        page.evaluate("document.getElementById('query').labels[0].remove()")
        page.evaluate("document.getElementById('query').placeholder = ''")
        assert [line.split(":")[0] for line in violations(page)] == ["label"]
        ask(page, address, QUERY)
        page.keyboard.press("e")
        page.select_option("#format", "edl")
        assert violations(page) == []
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("?")
        assert violations(page) == []
        page.keyboard.press("Escape")
        page.click("#open-library")
        page.wait_for_selector("#videos li")
        assert violations(page) == []
        page.click("button[aria-label='Remove cups']")
        assert violations(page) == []
        page.keyboard.press("Escape")
        visit(page, address, query=NOWHERE)
        assert violations(page) == []
        page.goto(f"{address}/?query=a+cup&videos=nothing")
        page.wait_for_selector("#note button")
        assert violations(page) == []
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        lights = [int(value) for value in re.findall(r"\d+", background)[:3]]
        assert min(lights) > LEAST_LIGHT if scheme == "light" else max(lights) < MOST_DARK


def test_nothing_is_cut_off_on_a_phone(browser: "Browser", address: str) -> None:
    with open_page(browser, PHONE, has_touch=True, is_mobile=True) as page:
        page.goto(address)
        page.wait_for_selector(".film")
        assert not overflows(page)
        ask(page, address, QUERY)
        assert not overflows(page)
        page.select_option("#format", "edl")
        assert not overflows(page)
        assert violations(page) == []
        # who chooses a card further down sees the player
        page.locator(".card").last.click()
        until(page, "document.querySelector('.screen').getBoundingClientRect().top >= -1")
        screen = page.locator(".screen").bounding_box()
        assert screen is not None
        assert screen["y"] + screen["height"] < PHONE[1]
        # what is not there is said before a guess is shown
        ask(page, address, NOWHERE)
        said, shown = page.locator(".notfound").bounding_box(), page.locator(".screen").bounding_box()
        assert said is not None
        assert shown is not None
        assert said["y"] + said["height"] < min(shown["y"], PHONE[1])
        page.locator(".card").first.click()
        until(page, "document.querySelector('.screen').getBoundingClientRect().bottom <= innerHeight")
        # fingers need room
        for control in page.locator("#stage button, .top button, .card").all():
            box = control.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 24
        page.click("#open-library")
        page.wait_for_selector("#videos li")
        assert not overflows(page)
        page.keyboard.press("Escape")
        visit(page, address, query=NOWHERE)
        assert not overflows(page)


def test_who_asks_for_less_movement_gets_none(browser: "Browser", address: str) -> None:
    for preference, name in (("reduce", "none"), ("no-preference", "breathe")):
        with open_page(browser, reduced_motion=preference) as page:
            page.goto(address)
            page.wait_for_selector(".example")
            page.route(re.compile("/api/search"), lambda route: None)
            page.fill("#query", QUERY)
            page.press("#query", "Enter")
            page.wait_for_selector(".skeleton")
            assert page.evaluate("getComputedStyle(document.querySelector('.skeleton .card')).animationName") == name


def test_the_focus_is_kept_and_seen(page: "Page", address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".example")
    # one can write at once
    assert page.evaluate("document.activeElement.id") == "query"
    page.keyboard.type(QUERY)
    page.keyboard.press("Enter")
    settle(page)
    assert page.get_attribute("#answer", "aria-live") == "polite"
    # a dialog gives the focus back to what opened it
    for opener, dialog in (("#open-keys", "#keys"), ("#open-library", "#library")):
        page.focus(opener)
        page.keyboard.press("Enter")
        page.wait_for_selector(f"{dialog}[open]")
        assert page.evaluate("document.activeElement.closest('dialog')?.id") == dialog[1:]
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.id") == opener[1:]


def test_the_first_stop_leads_past_the_head(page: "Page", address: str) -> None:
    visit(page, address, query=QUERY)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "results"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('card')")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
