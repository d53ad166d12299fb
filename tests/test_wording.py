"""Sentences that count and measure things."""

import pytest

from leorn.wording import counted, one_line, spoken_bytes, spoken_seconds


@pytest.mark.parametrize(
    ("number", "noun", "said"),
    [
        (0, "video", "0 videos"),
        (1, "video", "1 video"),
        (1, "query", "1 query"),
        (2, "query", "2 queries"),
        (12345, "moment", "12,345 moments"),
    ],
)
def test_a_noun_goes_with_its_number(number: int, noun: str, said: str) -> None:
    assert counted(number, noun) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (89.4, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h"), (3.6e6, "1,000.0 h")],
)
def test_a_time_is_told_in_the_unit_that_fits_it(seconds: float, said: str) -> None:
    assert spoken_seconds(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 kB"), (12_400, "12 kB"), (340_000_000, "340 MB"), (1_240_000_000, "1.2 GB")]
)
def test_a_size_is_told_in_the_unit_that_fits_it(count: int, said: str) -> None:
    assert spoken_bytes(count) == said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a  cup", "a  cup"),
        ("a\r\ncup\n", "a  cup"),
        ("\x00a\x1b\x85\u2028\u2029b", "a    b"),
        ("👩\u200d🍳", "👩\u200d🍳"),
    ],
)
def test_text_comes_on_one_line(text: str, line: str) -> None:
    assert one_line(text) == line
    assert len(line.splitlines()) == 1
