"""Sentences that count things."""

import pytest

from leorn.wording import counted


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
