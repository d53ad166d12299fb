"""YAML that is read only where it is well formed and says each thing once."""

import pytest

from leorn.errors import InputError
from leorn.yaml_files import check_yaml


@pytest.mark.parametrize(
    "text",
    [
        "",
        "out: run\ndata: {queries: q}\nmodel: {queries: q}\n",
        "- {a: 1}\n- {a: 1}\n",
        "at: 2024-99-99\n? [1, 2]\n: no key of ours\n".partition("?")[0],
        "first: &it {a: 1}\nsecond: *it\n",
    ],
)
def test_a_key_may_stand_once_in_each_mapping(text: str) -> None:
    check_yaml(text, "e.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("out: x\nout: y\n", "e.yaml:2: not YAML: the key out stands in line 1 already"),
        ("data:\n  words: w\n  queries: a\n  words: w\n", "e.yaml:4: not YAML: the key words stands in line 2 already"),
        ("data: {a: 1, a: 2}", "e.yaml:1: not YAML: the key a stands in line 1 already"),
        ("- a: [{b: 1,\n  b: 1}]", "e.yaml:2: not YAML: the key b stands in line 1 already"),
        ("data:\n\tqueries: q", "e.yaml:2: not YAML: while scanning for the next token, found character '\\t' that"),
        ("data: [\n", "e.yaml:2: not YAML: while parsing a flow node, expected the node content, but found"),
        ("a: 1\n---\nb: 1", "e.yaml:2: not YAML: expected a single document in the stream, but found another document"),
        ("? [a]\n: 1", "e.yaml:1: not YAML: while constructing a mapping, found unhashable key"),
        ("a: &a [*a]", "e.yaml:1: not YAML: found unconstructable recursive node"),
        ("a: \0", "e.yaml: not YAML: special characters are not allowed"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_yaml(text, "e.yaml")
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
