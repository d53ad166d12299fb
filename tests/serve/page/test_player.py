"""Playing a moment, moving in its video, and the evidence over it."""

from typing import TYPE_CHECKING

import pytest

from tests.serve.page.browsing import (
    FRAME_SECONDS,
    answer,
    go_to,
    is_paused,
    shown,
    time_of,
    times,
    until,
    visit,
    wait_until_stopped,
    watch_times,
)

if TYPE_CHECKING:
    from playwright.sync_api import Page

QUERY = "a cup"
LATE_SECONDS = 0.5
"""How much too late a busy machine may look; where the player then stands is exact."""


@pytest.fixture
def moment(page: "Page", address: str) -> tuple[float, float]:
    """A short range of the best video, in the player."""
    best = answer(address, QUERY)["moments"][0]
    visit(page, address, query=QUERY, id=best["id"], start=1.25, end=2.5)
    return 1.25, 2.5


def test_a_moment_is_played_exactly(page: "Page", moment: tuple[float, float]) -> None:
    start, end = moment
    assert time_of(page) == pytest.approx(start, abs=0.01)
    watch_times(page)
    page.click("#play")
    assert wait_until_stopped(page) == pytest.approx(end, abs=0.01)
    seen = times(page)
    assert start - 0.01 <= min(seen) < start + LATE_SECONDS
    assert end - LATE_SECONDS < max(seen) < end + LATE_SECONDS
    # in order: it was not begun again
    assert seen == sorted(seen)
    assert page.inner_text("#play") == "Play"
    # asked once more it begins at the start again
    watch_times(page)
    page.keyboard.press("k")
    assert wait_until_stopped(page) == pytest.approx(end, abs=0.01)
    assert start - 0.01 <= min(times(page)) < start + LATE_SECONDS


def test_a_chosen_card_plays_its_moment_from_start_to_end(page: "Page", address: str) -> None:
    visit(page, address, query=QUERY)
    found = answer(address, QUERY)["moments"]
    number = min(range(1, len(found)), key=lambda at: found[at]["end_seconds"] - found[at]["start_seconds"])
    watch_times(page)
    page.locator(".card").nth(number).click()
    until(page, "window.times.length > 3")
    assert wait_until_stopped(page) == pytest.approx(found[number]["end_seconds"], abs=0.01)
    assert found[number]["start_seconds"] - 0.01 <= min(times(page)) < found[number]["start_seconds"] + LATE_SECONDS


def test_a_loop_begins_again_and_again(page: "Page", moment: tuple[float, float]) -> None:
    start, end = moment
    page.click("#loop")
    assert page.get_attribute("#loop", "aria-pressed") == "true"
    watch_times(page)
    page.keyboard.press("k")
    until(page, "window.times.filter((time, at) => at && time < window.times[at - 1]).length >= 2")
    assert (is_paused(page), page.inner_text("#play")) == (False, "Pause")
    page.keyboard.press("r")
    assert wait_until_stopped(page) == pytest.approx(end, abs=0.01)
    assert start - FRAME_SECONDS < min(times(page))
    assert max(times(page)) < end + LATE_SECONDS


def test_what_ends_with_its_video_loops_too(page: "Page", address: str) -> None:
    best = answer(address, QUERY)["moments"][0]
    end = best["duration_seconds"]
    visit(page, address, query=QUERY, id=best["id"], start=end - 0.6, end=end)
    page.keyboard.press("o")
    watch_times(page)
    page.keyboard.press("k")
    until(page, "window.times.filter((time, at) => at && time < window.times[at - 1]).length >= 2")
    assert end - 0.61 <= min(times(page)) < end
    page.keyboard.press("o")
    assert wait_until_stopped(page) == pytest.approx(end, abs=FRAME_SECONDS)
    # from the end of the file the moment begins again, not the file
    watch_times(page)
    page.keyboard.press("k")
    until(page, "window.times.length > 0")
    assert end - 0.61 <= min(times(page)) < end


def test_it_plays_on_when_asked_to(page: "Page", moment: tuple[float, float]) -> None:
    page.keyboard.press("b")
    assert not is_paused(page)
    until(page, f"document.querySelector('video').currentTime > {moment[1] + 3 * FRAME_SECONDS}")
    assert (page.get_attribute("#beyond", "aria-pressed"), page.get_attribute("#loop", "aria-pressed")) == (
        "true",
        "false",
    )
    page.keyboard.press("r")
    assert (page.get_attribute("#beyond", "aria-pressed"), page.get_attribute("#loop", "aria-pressed")) == (
        "false",
        "true",
    )


def test_who_goes_beyond_the_moment_is_not_brought_back(page: "Page", moment: tuple[float, float]) -> None:
    page.keyboard.press("l")
    page.keyboard.press("k")
    until(page, f"document.querySelector('video').currentTime > {moment[0] + 5 + 3 * FRAME_SECONDS}")
    assert not is_paused(page)


def test_keys_play_and_move(page: "Page", moment: tuple[float, float]) -> None:
    for key in ("k", " "):
        page.keyboard.press(key)
        until(page, "!document.querySelector('video').paused")
        page.keyboard.press(key)
        until(page, "document.querySelector('video').paused")
    go_to(page, 2)
    page.keyboard.press("l")
    assert time_of(page) == pytest.approx(7, abs=0.01)
    page.keyboard.press("J")
    assert time_of(page) == pytest.approx(2, abs=0.01)
    page.keyboard.press("j")
    assert time_of(page) == 0
    go_to(page, 2.05)
    page.keyboard.press(".")
    forward = time_of(page)
    assert 2.05 < forward <= 2.05 + 1.5 * FRAME_SECONDS
    page.keyboard.press(",")
    assert time_of(page) == pytest.approx(2.05, abs=0.01)
    page.keyboard.press(",")
    assert 2.05 - 1.5 * FRAME_SECONDS <= time_of(page) < 2.05


def test_keys_go_through_the_results(page: "Page", address: str) -> None:
    visit(page, address, query=QUERY)
    moments = answer(address, QUERY)["moments"]

    def chosen() -> int:
        pressed = page.locator(".card").evaluate_all("all => all.map(one => one.getAttribute('aria-pressed'))")
        assert pressed.count("true") == 1
        return pressed.index("true")

    for key, number in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        assert chosen() == number
        assert page.inner_text("#title") == moments[number]["name"]
        assert float(shown(page)["start"]) == pytest.approx(moments[number]["start_seconds"], abs=0.01)
    for _ in range(len(moments) + 2):
        page.keyboard.press("ArrowRight")
    assert chosen() == len(moments) - 1


def test_keys_keep_still_while_somebody_types(page: "Page", moment: tuple[float, float]) -> None:
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "query"
    # what was asked is marked, to be written over
    page.keyboard.type("jkl, .er?")
    assert page.input_value("#query") == "jkl, .er?"
    assert (is_paused(page), time_of(page)) == (True, pytest.approx(moment[0], abs=0.01))
    assert [page.get_attribute(f"#{name}", "aria-pressed") for name in ("loop", "evidence")] == ["false", "false"]
    assert page.locator("dialog[open]").count() == 0
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")
    for key in ("K", "Space", "J", "L", ",", ".", "/", "R", "E", "?", "←", "→"):
        assert page.locator(f"#key-list kbd:text-is({key!r})").count() == 1
    # nor behind a dialog
    page.keyboard.press("e")
    page.keyboard.press("k")
    assert (is_paused(page), page.get_attribute("#evidence", "aria-pressed")) == (True, "false")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    assert page.get_attribute("#evidence", "aria-pressed") == "true"
