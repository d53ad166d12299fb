"""Chapters, read by a parser that follows the standard's section 6.1 step by step."""

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.retrieval.webvtt import chapters
from tests.retrieval.found import found, spans

TIMING = re.compile(r"(\d{2,}):(\d\d):(\d\d)\.(\d{3}) --> (\d{2,}):(\d\d):(\d\d)\.(\d{3})")
Cue = tuple[str, int, int, str]
"""Id, start and end in milliseconds, title."""


def parse(text: str) -> list[Cue]:
    """Return the cues, and see that there is nothing else but comments."""
    lines = re.split("\r\n|\n|\r", text)
    assert lines[:2] == ["WEBVTT", ""]
    cues = []
    block: list[str] = []
    for line in [*lines[2:], ""]:
        if line:
            block.append(line)
            continue
        if block and not block[0].startswith("NOTE "):
            cue_id, timing, title = block
            match = TIMING.fullmatch(timing)
            assert match is not None
            assert "-->" not in cue_id + title
            assert "<" not in title
            times = [int(part) for part in match.groups()]
            start, end = (((h * 60 + m) * 60 + s) * 1000 + ms for h, m, s, ms in (times[:4], times[4:]))
            cues.append((cue_id, start, end, html.unescape(title)))
        elif block:
            assert len(block) == 1
            assert "-->" not in block[0]
        block = []
    return cues


def test_chapters_are_written_as_players_know_them() -> None:
    text = chapters("a cup", [found(61.5, 3723.0004), found(0.0, 2.25)])
    assert text == (
        "WEBVTT\n\nNOTE bikes\n\n"
        "2\n00:00:00.000 --> 00:00:02.250\n2. a cup\n\n"
        "1\n00:01:01.500 --> 01:02:03.000\n1. a cup\n"
    )
    assert chapters("a cup", []) == "WEBVTT\n"
    assert parse(chapters("a cup", [found(360000, 360001)])) == [("1", 360_000_000, 360_001_000, "1. a cup")]


@given(times=st.lists(spans(), min_size=1, max_size=8, unique=True))
def test_moments_that_lie_apart_come_back(times: list[tuple[float, float]]) -> None:
    shifted = [(start + 4000 * number, end + 4000 * number) for number, (start, end) in enumerate(times)]
    shifted = shifted[1::2] + shifted[::2]
    cues = parse(chapters("a cup", [found(*span) for span in shifted]))
    assert [start for _, start, _, _ in cues] == sorted(start for _, start, _, _ in cues)
    for cue_id, start, end, title in cues:
        expected = shifted[int(cue_id) - 1]
        assert abs(start / 1000 - expected[0]) <= 0.00051
        assert abs(end / 1000 - expected[1]) <= (0.00051 if expected[1] - expected[0] > 0.001 else 0.00151)
        assert title == f"{cue_id}. a cup"
    assert sorted(int(cue[0]) for cue in cues) == list(range(1, len(times) + 1))


ticks = st.integers(0, 30)
overlapping = st.lists(st.tuples(ticks, ticks).filter(lambda one: one[0] < one[1]), min_size=1, max_size=8)


@given(times=overlapping)
def test_chapters_lie_apart_or_one_in_the_other(times: list[tuple[int, int]]) -> None:
    cues = parse(chapters("a cup", [found(start, end) for start, end in times]))
    assert len(cues) == len(times)
    kept = {int(cue_id): (start // 1000, end // 1000) for cue_id, start, end, _ in cues}
    for number, (_, start, end, _) in enumerate(cues):
        for _, other_start, other_end, _ in cues[number + 1 :]:
            assert start <= other_start
            assert end <= other_start or other_end <= end
    for rank, (start, end) in enumerate(times, start=1):
        # the best is whole; another loses no more than what better ones that overlap it in part hold
        assert start <= kept[rank][0] < kept[rank][1] <= end
        better = [kept[one] for one in range(1, rank)]
        crossing = [one for one in better if one[0] < start < one[1] < end or start < one[0] < end < one[1]]
        lost = {tick for tick in range(start, end) if not kept[rank][0] <= tick < kept[rank][1]}
        held = {tick for one in crossing for tick in range(*one)}
        assert bool(lost) <= bool(crossing)
        edges = {start, end} | {edge for one in crossing for edge in one}
        assert set(kept[rank]) <= edges
        assert not lost or lost & held


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_is_a_title(text: str) -> None:
    ((_, _, _, title),) = parse(chapters(text, [found(1, 2, name=text)]))
    spaces = "".join(" " if len(f"a{one}a".splitlines()) > 1 or ord(one) < 32 else one for one in text)
    assert "".join(title.removeprefix("1.").split()) == "".join(re.sub("[\x00-\x1f\x7f-\x9f]", " ", spaces).split())


@pytest.mark.parametrize("text", ["a --> b", "<b>&amp;</b>", "a\n\nb", "00:00.000 --> 00:01.000", "NOTE x", "🎥 é"])
def test_what_looks_like_markup_is_text(text: str) -> None:
    assert parse(chapters(text, [found(1, 2)]))[0][3] == f"1. {text}".replace("\n", " ")


def test_chapters_of_several_videos_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        chapters("a cup", [found(1, 2, "a"), found(1, 2, "b"), found(3, 4, "a")])
    assert str(caught.value) == "moments of 2 videos; WebVTT chapters are of one: expected one video's moments"
