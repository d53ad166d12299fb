"""JSON lines, and what they share with other text files: read so that an error says what is wrong, and where.

The functions that look at a value say what is wrong with it; `errors_at` puts before that where the value stands.
"""

import json
import math
import re
import reprlib
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from leorn.errors import InputError

T = TypeVar("T", str, list)
_short = reprlib.Repr()
_short.maxlevel = _short.maxlist = 2
"""A whole file of predictions may stand in one list, of which a message need not tell much."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def read_text(path: str | Path, content: str) -> str:
    """Read a text file in UTF-8 that holds more than white space; `content` is what it should hold, for messages.

    Raises:
        InputError: the file cannot be read, is empty, or is not UTF-8.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot read {content} {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; expected a text file") from error
    if not text.strip():
        raise InputError(f"{path}: the file is empty; expected {content}")
    return text


def text_lines(path: str | Path, content: str) -> Iterator[tuple[str, str]]:
    """Give each line that is not blank, after its place as `file:line`; `content` is for messages.

    Raises:
        InputError: the file cannot be read, is empty, or is not UTF-8.
    """
    # not splitlines(): a sentence may hold U+2028 and the like
    for line_number, line in enumerate(read_text(path, content).split("\n"), start=1):
        if line.strip():
            yield f"{path}:{line_number}", line


def json_lines(path: str | Path, content: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Give the object of each line that is not blank, after its place as `file:line`; `content` is for messages.

    Raises:
        InputError: the file cannot be read, is empty, or is not UTF-8, or a line is not a JSON object.
    """
    for where, line in text_lines(path, content):
        with errors_at(where):
            row = json_object(line)
        yield where, row


def json_object(text: str) -> Mapping[str, object]:
    """Parse a JSON object.

    Raises:
        InputError: not JSON, JSON of another kind, or text that no file can hold.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON, or truncated ({error}); expected a JSON object") from error
    if not isinstance(value, dict):
        raise InputError(f"{_short.repr(value)}; expected a JSON object")
    # JSON can write half a character, which no file can hold
    if half := _SURROGATE.search(json.dumps(value, ensure_ascii=False) if "\\u" in text else ""):
        raise InputError(f"{half.group()!a} stands for half a character; expected both halves")
    return value


@contextmanager
def errors_at(where: str) -> Iterator[None]:
    """Put a place before the message of an `InputError` that is raised inside."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def field(entry: Mapping[str, object], key: str, kind: type[T]) -> T:
    """Look up text (`str`) or a list (`list`).

    Raises:
        InputError: it is missing, or of another kind.
    """
    value = entry.get(key)
    if not isinstance(value, kind):
        found = reprlib.repr(value) if key in entry else "missing"
        raise InputError(f"{key} is {found}; expected {'text' if kind is str else 'a list'}")
    return value


def identifier(entry: Mapping[str, object], key: str) -> str:
    """Look up an id: text, or a whole number, for some data sets number their queries instead of naming them.

    Raises:
        InputError: it is missing, or neither.
    """
    value = entry.get(key)
    # bool is an int to Python, and no id
    return str(value) if type(value) is int else field(entry, key, str)


def positive(entry: Mapping[str, object], key: str) -> float:
    """Look up a positive number.

    Raises:
        InputError: it is missing, not a finite number, or not above 0.
    """
    if key not in entry:
        raise InputError(f"{key} is missing; expected a positive number")
    value = number(entry[key], key)
    if value <= 0:
        raise InputError(f"{key} is {value}; expected a positive number")
    return value


def number_lists(entry: Mapping[str, object], key: str, lengths: Collection[int], form: str) -> list[list[float]]:
    """Look up a list of short lists of numbers.

    Args:
        entry: the JSON object.
        key: where the list is in it.
        lengths: how many numbers a short list may hold.
        form: how a short list is written, for the message.

    Raises:
        InputError: it is missing, or holds something else.
    """
    lists = []
    for item in field(entry, key, list):
        if not isinstance(item, list) or len(item) not in lengths:
            raise InputError(f"{key} holds {reprlib.repr(item)}; expected {form}")
        lists.append([number(value, key) for value in item])
    return lists


def number(value: object, name: str) -> float:
    """Take a finite number for a float; `name` says in the message whose value it is.

    Raises:
        InputError: not a number, or not finite.
    """
    # the comparison is false for NaN and infinity, and for an integer that no float can hold
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    if not is_number:
        raise InputError(f"{name} is {reprlib.repr(value)}; expected a finite number")
    return float(value)


def plain(value: Any) -> Any:  # noqa: ANN401
    """Give NaN in dictionaries, lists and tuples as null, which JSON knows, and every key as text."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return None if isinstance(value, float) and math.isnan(value) else value
