import sys

import pytest

from leorn.errors import InputError
from leorn.reporting import verbs
from leorn.reporting.verbs import first_verb


@pytest.mark.parametrize(
    ("sentence", "verb"),
    [
        ("a person is opening a door.", "open"),
        ("The woman put the jumping rope down and started jumping", "put"),
        ("the umbrella is lifted by the man", "lift"),
        ("She took out knife", "take"),
        ("A man is seen playing drums.", "play"),
        ("person begins to undress.", "undress"),
        # the tagger takes these verbs for nouns
        ("person drinking water from a glass.", "drink"),
        ("She washes kiwis", "wash"),
        ("a red door", None),
    ],
)
def test_the_first_verb_that_says_what_happens(sentence: str, verb: str | None) -> None:
    assert first_verb(sentence) == verb


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    verbs._tools.cache_clear()
    monkeypatch.setitem(sys.modules, "lemminflect", None)
    with pytest.raises(InputError, match=r"lemminflect is not installed; pip install leorn\[report\] adds it"):
        first_verb("a person sits")
    verbs._tools.cache_clear()
