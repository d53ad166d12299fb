"""What every parser of annotations yields, and the parts that several of them share."""

import reprlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from leorn.errors import InputError
from leorn.jsonlines import errors_at, field, json_object, number, number_lists, read_text


class Entry(NamedTuple):
    """What a file says of one query: checked for form, in seconds, not yet fitted to the video."""

    where: str
    query_id: str
    video: str
    text: str
    duration_seconds: float
    spans: tuple[tuple[float, float], ...]
    split: str | None


def wanted_splits(split: str | None, published: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return the splits to read: the one asked for, or all that are published.

    Raises:
        InputError: a split that is not published.
    """
    if split is None:
        return published
    if split not in published:
        raise InputError(f"no split {split!r} in {name}; it has {', '.join(published)}")
    return (split,)


def described_videos(
    path: Path, split: str, timing: Callable[[Mapping[str, object]], tuple[float, float]], id_prefix: str = ""
) -> Iterator[Entry]:
    """Read `{video: {"timestamps": [[start, end], …], "sentences": […], …}}`.

    `timing` tells of a video its duration in seconds, and how many units of its timestamps make a second.

    Raises:
        InputError: the file cannot be read, or a video is malformed.
    """
    text = read_text(path, "annotations")
    with errors_at(str(path)):
        videos = json_object(text)
    for video, entry in videos.items():
        with errors_at(f"{path}: video {video}"):
            if not isinstance(entry, dict):
                raise InputError(f"{reprlib.repr(entry)}; expected an object with timestamps and sentences")
            duration, units = timing(entry)
            spans, sentences = spans_in(entry, "timestamps"), field(entry, "sentences", list)
            if len(spans) != len(sentences):
                raise InputError(f"{len(spans)} timestamps and {len(sentences)} sentences; expected as many of each")
        for position, ((start, end), sentence) in enumerate(zip(spans, sentences, strict=True)):
            where, query_id = f"{path}: video {video}, sentence {position}", f"{video}#{id_prefix}{position}"
            if not isinstance(sentence, str):
                raise InputError(f"{where}: {reprlib.repr(sentence)}; expected text")
            span = (start / units, end / units)
            yield Entry(where, query_id, video, sentence.strip(), duration, (span,), split)


def number_in(text: str, name: str) -> float:
    """Take text for a finite number; `name` says in the message whose value it is.

    Raises:
        InputError: not a number, or not finite.
    """
    try:
        return number(float(text), name)
    except ValueError as error:
        raise InputError(f"{name} is {text!r}; expected a finite number") from error


def spans_in(entry: Mapping[str, object], key: str) -> tuple[tuple[float, float], ...]:
    """Look up a list of starts and ends.

    Raises:
        InputError: it is missing, or holds something else.
    """
    return tuple((start, end) for start, end in number_lists(entry, key, (2,), "[start, end]"))
