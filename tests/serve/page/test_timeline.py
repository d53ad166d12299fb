"""The timeline under the player, the ends of the range, and the evidence over the picture."""

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.serve.page.browsing import PHONE, answer, go_to, open_page, range_of, shown, time_of, until, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

QUERY = "a cup"


@pytest.fixture
def moment(page: "Page", address: str) -> tuple[float, float]:
    """A short range of the best video, in the player."""
    best = answer(address, QUERY)["moments"][0]
    visit(page, address, query=QUERY, id=best["id"], start=1.25, end=2.5)
    return 1.25, 2.5


def test_the_timeline_is_a_way_through_the_video(page: "Page", address: str, moment: tuple[float, float]) -> None:
    duration = answer(address, QUERY)["moments"][0]["duration_seconds"]
    box = page.locator(".track").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 10)
    assert time_of(page) == pytest.approx(0.75 * duration, abs=0.02)
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 10, steps=4)
    page.mouse.move(box["x"] - 50, box["y"] + 100)
    page.mouse.up()
    assert time_of(page) == 0
    assert range_of(page) == moment
    head = page.locator(".head[role=slider]")
    head.focus()
    for key, seconds in (("ArrowRight", 0.1), ("Shift+ArrowRight", 1.1), ("ArrowLeft", 1.0), ("End", duration)):
        page.keyboard.press(key)
        until(page, "!document.querySelector('video').seeking")
        assert float(head.get_attribute("aria-valuenow") or "nan") == pytest.approx(seconds, abs=0.01)
        assert time_of(page) == pytest.approx(seconds, abs=0.01)
    assert head.get_attribute("aria-valuemax") == f"{duration:.2f}"


def test_a_bar_of_the_timeline_plays_its_moment(page: "Page", address: str) -> None:
    visit(page, address, query=QUERY)
    best = answer(address, QUERY)["moments"][0]
    explained = httpx.get(f"{address}/api/videos/{best['id']}/evidence", params={"query": QUERY}, timeout=60).json()
    second = explained["moments"][1]
    track, bar = page.locator(".track").bounding_box(), page.locator(".bar").nth(1).bounding_box()
    assert track is not None
    assert bar is not None
    assert (bar["x"] - track["x"]) / track["width"] == pytest.approx(
        second["start_seconds"] / best["duration_seconds"], abs=0.01
    )
    page.locator(".bar").nth(1).click(position={"x": 5, "y": 5})
    assert range_of(page) == pytest.approx((second["start_seconds"], second["end_seconds"]), abs=0.01)
    until(page, "!document.querySelector('video').paused")
    assert page.locator(".bar").nth(1).get_attribute("aria-pressed") == "true"


def test_no_bar_covers_another(page: "Page", address: str) -> None:
    visit(page, address, query=QUERY)
    boxes = [bar.bounding_box() for bar in page.locator(".bar").all()]
    assert len(boxes) > 2
    for number, one in enumerate(boxes):
        for other in boxes[:number]:
            assert one is not None
            assert other is not None
            apart = one["x"] >= other["x"] + other["width"] - 1 or other["x"] >= one["x"] + one["width"] - 1
            assert apart or abs(one["y"] - other["y"]) >= one["height"]


def test_the_ends_of_the_range_follow_the_mouse_and_the_keys(page: "Page", moment: tuple[float, float]) -> None:
    box = page.locator(".track").bounding_box()
    handle = page.locator(".handle.end").bounding_box()
    assert box is not None
    assert handle is not None
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 300, steps=5)
    page.mouse.up()
    duration = float(page.get_attribute(".handle.end", "aria-valuemax") or "nan")
    assert range_of(page) == (moment[0], pytest.approx(duration / 2, abs=0.02))
    assert float(shown(page)["end"]) == pytest.approx(duration / 2, abs=0.02)
    # the picture is that of the end that moves
    assert time_of(page) == pytest.approx(duration / 2, abs=0.02)
    start = page.locator(".handle.start")
    start.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert range_of(page)[0] == pytest.approx(moment[0] + 1.1, abs=0.001)
    # the ends do not pass each other
    page.keyboard.press("End")
    first, last = range_of(page)
    assert last == pytest.approx(duration / 2, abs=0.02)
    assert first == pytest.approx(last - 0.1, abs=0.011)


def test_the_ends_of_the_range_follow_a_finger(browser: "Browser", address: str) -> None:
    best = answer(address, QUERY)["moments"][0]
    with open_page(browser, PHONE, has_touch=True, is_mobile=True) as page:
        visit(page, address, query=QUERY, id=best["id"], start=2, end=4)
        page.locator(".track").scroll_into_view_if_needed()
        track, handle = page.locator(".track").bounding_box(), page.locator(".handle.start").bounding_box()
        assert track is not None
        assert handle is not None
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        to = track["x"] + track["width"] * 0.1
        touch = page.context.new_cdp_session(page)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for part in (0.3, 0.7, 1):
            point = {"x": x + part * (to - x), "y": y + 20}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert range_of(page) == (pytest.approx(0.1 * best["duration_seconds"], abs=0.03), 4.0)


def test_evidence_is_drawn_where_the_service_says(page: "Page", address: str) -> None:
    visit(page, address, query=QUERY)
    best = answer(address, QUERY)["moments"][0]
    explained = httpx.get(f"{address}/api/videos/{best['id']}/evidence", params={"query": QUERY}, timeout=60).json()
    chips = page.locator("#attended .chip").all_inner_texts()
    told = [one for one in explained["moments"][0]["objects"] if one["attention"] >= 0.02]
    assert [chip.split()[0] for chip in chips] == [one["label"].split()[0] for one in told]
    assert any("answers “cup”" in chip for chip in chips)
    # the object that got most of the attention in a frame
    frame = max(explained["frames"], key=lambda one: max((each["weight"] for each in one["objects"]), default=0))
    heaviest = max(frame["objects"], key=lambda one: one["weight"])
    go_to(page, frame["time_seconds"] + 0.01)
    assert page.is_hidden("#boxes")
    page.keyboard.press("e")
    page.wait_for_selector("#boxes")
    drawn = page.evaluate(
        """([x1, y1, x2, y2]) => {
            const canvas = document.getElementById("boxes"), video = document.querySelector("video");
            const scale = Math.min(canvas.width / video.videoWidth, canvas.height / video.videoHeight);
            const [wide, high] = [video.videoWidth * scale, video.videoHeight * scale];
            const [left, top] = [(canvas.width - wide) / 2, (canvas.height - high) / 2];
            const context = canvas.getContext("2d");
            const alphaAt = (x, y) =>
                context.getImageData(Math.round(left + x * wide), Math.round(top + y * high), 1, 1).data[3];
            const share = (points) => points.filter(([x, y]) => alphaAt(x, y) > 0).length / points.length;
            const along = [...Array(19).keys()].map((at) => (at + 1) / 20);
            return {
                edges: share(along.map((part) => [x1 + part * (x2 - x1), y2 - 0.001]))
                    * share(along.map((part) => [x1 + 0.001, y1 + part * (y2 - y1)])),
                all: share(along.flatMap((y) => along.map((x) => [x, y]))),
            };
        }""",
        heaviest["box"],
    )
    assert drawn["edges"] == 1
    assert 0 < drawn["all"] < 0.6
    page.keyboard.press("e")
    assert page.is_hidden("#boxes")
