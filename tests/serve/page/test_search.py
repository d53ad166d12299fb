"""Asking the page, and what its address says."""

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.serve.page.browsing import answer, ask, go_to, open_page, range_of, settle, shown, time_of, until, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUERY, ANOTHER = "a cup", "a frying pan"
NOWHERE = "zebra"


def clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"


def test_a_question_is_answered_as_the_service_does(page: "Page", address: str) -> None:
    result = ask(page, address, QUERY)
    moments = result["moments"]
    assert [card.inner_text() for card in page.locator(".card .name").all()] == [one["name"] for one in moments]
    assert [times.inner_text() for times in page.locator(".card .times").all()] == [
        f"{clock(one['start_seconds'])} – {clock(one['end_seconds'])}" for one in moments
    ]
    sure = [one for one in moments if one["confidence"] >= result["threshold"]]
    assert 0 < len(sure) < len(moments)
    assert page.locator("#cards .card").count() == len(sure)
    assert page.locator("#guesses .meter.guess").count() == len(moments) - len(sure)
    assert page.inner_text("#answer h1").startswith(f"{len(sure)} moments in ")
    # the bar is as long as the confidence
    widths = page.locator(".card .fill").evaluate_all("fills => fills.map(fill => parseFloat(fill.style.width))")
    assert widths == pytest.approx([100 * one["confidence"] for one in moments], abs=0.01)
    # the best is in the player, at its start, and stands still
    best = moments[0]
    assert page.inner_text("#title") == best["name"]
    assert time_of(page) == pytest.approx(best["start_seconds"], abs=0.01)
    assert page.locator(".card[aria-pressed=true]").count() == 1
    explained = httpx.get(f"{address}/api/videos/{best['id']}/evidence", params={"query": QUERY}, timeout=60).json()
    assert page.locator(".bar").count() == len(explained["moments"])
    assert page.evaluate("document.querySelector('canvas.heat').width") == len(explained["curve"])
    until(page, "[...document.querySelectorAll('#cards img.thumb')].every(one => one.naturalWidth > 0)")


def test_an_example_is_asked_by_a_click(page: "Page", address: str) -> None:
    page.goto(address)
    example = page.locator(".example").first
    text = example.inner_text()
    assert text in httpx.get(f"{address}/api/videos").json()["examples"]
    example.click()
    settle(page)
    assert (page.input_value("#query"), shown(page)["query"]) == (text, text)


def test_a_video_of_the_sheet_is_shown_whole(page: "Page", address: str) -> None:
    page.goto(address)
    page.click(".film:has-text('pans/two')")
    until(page, "document.querySelector('video').readyState >= 2")
    assert (page.inner_text("#title"), range_of(page)) == ("pans/two", (0.0, 5.0))
    page.go_back()
    page.wait_for_selector(".example")
    assert page.is_hidden("#stage")


def test_names_filter_and_a_part_of_one_will_do(page: "Page", address: str) -> None:
    visit(page, address, query=QUERY, videos="pans/*")
    assert set(page.locator(".card .name").all_inner_texts()) == {"pans/one", "pans/two"}
    page.fill("#filter", "two")
    page.press("#filter", "Enter")
    until(page, "[...document.querySelectorAll('.card .name')].every(one => one.innerText === 'pans/two')")
    page.fill("#filter", "nothing/*")
    page.press("#filter", "Enter")
    page.wait_for_selector("#note:has-text('No video of the library is called “nothing/*”.')")
    assert page.is_hidden("#stage")
    page.click("#note button")
    settle(page)
    assert (page.input_value("#filter"), page.is_hidden("#note")) == ("", True)
    assert page.locator(".card").count() == len(answer(address, QUERY)["moments"])


def test_what_is_nowhere_is_not_found_and_guesses_are_called_so(page: "Page", address: str) -> None:
    result = ask(page, address, NOWHERE)
    assert result["found"] is False
    assert page.inner_text(".notfound h1") == "Not found"
    assert "Nothing in the library seems to show this" in page.inner_text(".notfound")
    assert set(page.locator(".card .word").all_inner_texts()) == {"guess"}
    assert page.locator("#cards .card").count() == len(result["moments"])
    visit(page, address, query="blorp")
    assert "The network knows none of these words" in page.inner_text("#answer")


def test_the_way_back_leads_through_the_questions(page: "Page", address: str) -> None:
    ask(page, address, QUERY)
    page.fill("#query", ANOTHER)
    page.press("#query", "Enter")
    until(page, "query => document.title.startsWith(query)", ANOTHER)
    settle(page)
    # moments are no steps
    page.keyboard.press("ArrowRight")
    page.go_back()
    until(page, "query => document.title.startsWith(query)", QUERY)
    settle(page)
    assert page.input_value("#query") == QUERY
    page.go_back()
    page.wait_for_selector(".example")
    assert (page.input_value("#query"), page.is_hidden("#stage")) == ("", True)
    page.go_forward()
    settle(page)
    assert page.input_value("#query") == QUERY


def test_a_link_brings_back_what_was_shown(page: "Page", address: str, browser: "Browser") -> None:
    ask(page, address, QUERY)
    page.keyboard.press("ArrowRight")
    settle(page)
    page.keyboard.press("k")
    go_to(page, 2.25)
    page.keyboard.press("s")
    page.wait_for_selector("#toast:has-text('The link was copied')")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    with open_page(browser) as other:
        other.goto(link)
        settle(other)
        second = answer(address, QUERY)["moments"][1]
        assert other.input_value("#query") == QUERY
        assert other.inner_text("#title") == second["name"]
        assert range_of(other) == pytest.approx((second["start_seconds"], second["end_seconds"]), abs=0.01)
        assert time_of(other) == pytest.approx(2.25, abs=0.01)
        assert other.locator(".card").nth(1).get_attribute("aria-pressed") == "true"


def test_a_link_to_a_drawn_range_is_kept_and_one_to_nothing_shows_the_best(page: "Page", address: str) -> None:
    moment = answer(address, QUERY)["moments"][0]
    visit(page, address, query=QUERY, id=moment["id"], start=1.5, end=2.75, t=2)
    assert (range_of(page), time_of(page)) == ((1.5, 2.75), pytest.approx(2, abs=0.01))
    assert page.locator(".card[aria-pressed=true]").count() == 0
    visit(page, address, query=QUERY, id="0123456789abcdef", start=1, end=2)
    page.wait_for_selector("#toast.shown:has-text('no video')")
    assert page.inner_text("#title") == moment["name"]
    # nonsense is no range
    visit(page, address, query=QUERY, id=moment["id"], start="x", end=1e9)
    assert range_of(page) == (0, moment["duration_seconds"])


def test_a_question_is_text_and_never_code(page: "Page", address: str) -> None:
    code = "<img src=x onerror=document.title='taken'><b>cup</b>"
    visit(page, address, query=code)
    assert page.input_value("#query") == code
    assert page.title().startswith(code)
    assert page.locator("main b:text('cup'), main img[src=x]").count() == 0


def test_an_answer_that_comes_late_is_not_shown(page: "Page", address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".example")
    held = []
    page.route(re.compile(r"/api/search\?query=a\+cup"), lambda route: held.append(route))
    page.fill("#query", QUERY)
    page.press("#query", "Enter")
    page.wait_for_selector(".skeleton")
    assert page.inner_text("#answer") == "Searching …"
    page.fill("#query", NOWHERE)
    page.press("#query", "Enter")
    page.wait_for_selector(".notfound")
    assert len(held) == 1
    held[0].fulfill(json=answer(address, QUERY))
    page.wait_for_timeout(200)
    assert page.is_visible(".notfound")


def test_the_welcome_does_not_come_over_a_question(page: "Page", address: str) -> None:
    held = []
    page.route(re.compile(r"/api/videos\?"), lambda route: held.append(route))
    page.goto(address)
    page.fill("#query", QUERY)
    page.press("#query", "Enter")
    settle(page)
    assert len(held) == 1
    held[0].continue_()
    page.wait_for_timeout(300)
    assert page.locator(".example, .film").count() == 0
    assert page.inner_text("#answer h1").endswith("videos")
