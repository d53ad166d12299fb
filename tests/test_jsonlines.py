import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.jsonlines import (
    errors_at,
    field,
    identifier,
    json_lines,
    json_object,
    number,
    number_lists,
    plain,
    positive,
    read_text,
    text_lines,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def test_lines_come_with_their_place_and_without_blank_ones(path: Path) -> None:
    path.write_text('{"a": 1}\n\n  \n{"a": "x\u2028y"}', encoding="utf-8")
    assert read_text(path, "rows") == '{"a": 1}\n\n  \n{"a": "x\u2028y"}'
    assert list(text_lines(path, "rows")) == [(f"{path}:1", '{"a": 1}'), (f"{path}:4", '{"a": "x\u2028y"}')]
    assert list(json_lines(str(path), "rows")) == [(f"{path}:1", {"a": 1}), (f"{path}:4", {"a": "x\u2028y"})]


def test_a_file_that_holds_no_text_is_named(path: Path) -> None:
    with pytest.raises(InputError, match=r"^cannot read predictions .*rows\.jsonl: No such file or directory$"):
        read_text(path, "predictions")
    path.write_text(" \n\n")
    with pytest.raises(InputError, match=r"rows\.jsonl: the file is empty; expected predictions$"):
        list(json_lines(path, "predictions"))
    path.write_bytes(b"{\xff}")
    with pytest.raises(InputError, match=r"rows\.jsonl: byte 1 is not UTF-8; expected a text file$"):
        list(text_lines(path, "predictions"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"a": 1', r"not JSON, or truncated \(.*\); expected a JSON object"),
        ("[" * 100_000, r"not JSON, or truncated \(.*recursion.*\); expected a JSON object"),
        ("[1, 2]", r"\[1, 2\]; expected a JSON object"),
        (json.dumps([{"a": [[1, 2, 3]] * 9}] * 999), r"\[(\{'a': \[\.\.\.\]\}, ){2}\.\.\.\]; expected a JSON object"),
        (r'{"a": ["x \uD83D"]}', r"'\\ud83d' stands for half a character; expected both halves"),
        (r'{"\udc00": 1}', r"'\\udc00' stands for half a character; expected both halves"),
    ],
)
def test_a_line_that_is_no_object_is_named(path: Path, line: str, message: str) -> None:
    path.write_text(f"{{}}\n{line}\n")
    with pytest.raises(InputError, match=rf"rows\.jsonl:2: {message}$"):
        list(json_lines(path, "rows"))
    with pytest.raises(InputError, match=f"^{message}$"):
        json_object(line)


def test_characters_may_be_written_as_json_writes_them() -> None:
    assert json_object(r'{"a": "\ud83d\ude00\u00e9 \\ud800"}') == {"a": "😀é \\ud800"}


def test_places_stand_before_an_error_from_the_outside_in() -> None:
    with pytest.raises(InputError, match=r"^file: line 3: bad$"), errors_at("file"), errors_at("line 3"):
        raise InputError("bad")
    with pytest.raises(KeyError, match=r"^'bad'$"), errors_at("file"):
        raise KeyError("bad")


def test_fields_and_identifiers_are_looked_up() -> None:
    assert field({"a": "x"}, "a", str) == "x"
    assert field({"a": [1]}, "a", list) == [1]
    assert [identifier({"a": value}, "a") for value in ("x", 7)] == ["x", "7"]


@pytest.mark.parametrize(
    ("entry", "kind", "message"),
    [
        ({}, str, "a is missing; expected text"),
        ({"a": 7}, str, "a is 7; expected text"),
        ({"a": None}, str, "a is None; expected text"),
        ({"a": "x"}, list, "a is 'x'; expected a list"),
    ],
)
def test_a_field_of_another_kind_is_named(entry: dict[str, object], kind: type, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        field(entry, "a", kind)


@pytest.mark.parametrize("value", [True, 1.0, None, []])
def test_an_identifier_is_text_or_a_whole_number(value: object) -> None:
    with pytest.raises(InputError, match=r"^a is .*; expected text$"):
        identifier({"a": value}, "a")


@given(st.integers(-(10**300), 10**300) | st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_becomes_the_float_it_is(value: float) -> None:
    converted = number(value, "a")
    assert type(converted) is float
    assert converted == float(value)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 10**400, True, "1", None, [1]])
def test_what_is_not_a_finite_number_is_named(value: object) -> None:
    for look_up in (lambda: number(value, "a"), lambda: positive({"a": value}, "a")):
        with pytest.raises(InputError, match=r"^a is .+; expected a finite number$"):
            look_up()


def test_a_positive_number_is_above_zero() -> None:
    assert positive({"a": 1}, "a") == 1.0
    with pytest.raises(InputError, match=r"^a is 0\.0; expected a positive number$"):
        positive({"a": 0}, "a")
    with pytest.raises(InputError, match=r"^a is missing; expected a positive number$"):
        positive({}, "a")


def test_lists_of_numbers_have_the_lengths_allowed() -> None:
    assert number_lists({"a": [[1, 2], [3, 4, 0.5]]}, "a", (2, 3), "[x, y] or [x, y, z]") == [[1, 2], [3, 4, 0.5]]
    assert number_lists({"a": []}, "a", (2,), "[x, y]") == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("all", r"a is 'all'; expected a list"),
        ([7], r"a holds 7; expected \[x, y\]"),
        ([[1, 2], [1]], r"a holds \[1\]; expected \[x, y\]"),
        ([[1, True]], r"a is True; expected a finite number"),
    ],
)
def test_other_lists_are_named(value: object, message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        number_lists({"a": json.loads(json.dumps(value))}, "a", (2,), "[x, y]")


def test_nan_is_null_wherever_it_stands() -> None:
    nan = float("nan")
    assert plain({1: [nan, (2.0, nan)], "a": {"b": nan}, "c": "nan"}) == {
        "1": [None, [2.0, None]], "a": {"b": None}, "c": "nan",
    }  # fmt: skip
