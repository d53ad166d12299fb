"""What a person sees of a command."""

import atexit
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from leorn.terminal import fail, is_first_process, progress, say, show, show_answers, speak_with_one_voice, write_json


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process but this one, and what a command changes for all of Python is put back."""
    monkeypatch.delenv("RANK", raising=False)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    disabled = logging.root.manager.disable
    with warnings.catch_warnings():
        yield
    logging.disable(disabled)


@pytest.mark.parametrize(
    ("environment", "first"),
    [
        ({}, True),
        ({"LOCAL_RANK": "0"}, True),
        ({"LOCAL_RANK": "1"}, False),
        ({"RANK": "0", "LOCAL_RANK": "0"}, True),
        ({"RANK": "4", "LOCAL_RANK": "0"}, False),
    ],
)
def test_the_first_process_speaks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: dict[str, str], first: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert is_first_process() == first
    say("a line")
    with pytest.raises(SystemExit) as caught:
        fail("a file\n  is missing")
    assert caught.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ("a line\n" if first else "")
    assert captured.err == ("leorn: error: a file is missing\n" if first else "")


def test_other_processes_keep_their_warnings_and_say_their_errors(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = logging.getLogger("leorn.test")
    speak_with_one_voice()
    log.warning("from the first")
    monkeypatch.setenv("LOCAL_RANK", "1")
    speak_with_one_voice()
    log.warning("from the second")
    log.error("what only the second knows")
    assert [record.message for record in caplog.records] == ["from the first", "what only the second knows"]
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn("from the second", stacklevel=1)
    assert caught == []


def test_a_full_disk_in_another_thread_prints_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "__excepthook__", lambda arguments: printed.append(arguments.exc_type))
    speak_with_one_voice()

    def write(error: Exception) -> None:
        raise error

    for error in (OSError(28, "No space left on device"), KeyError("a mistake")):
        thread = threading.Thread(target=write, args=(error,))
        thread.start()
        thread.join()
    assert printed == [KeyError]


def test_a_table_in_a_pipe_keeps_its_columns_whole(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {f"R{n}@{m}": 12.345 for n in (1, 5, 10) for m in (0.1, 0.3, 0.5, 0.7)}
    show({"a network with a long name": figures}, {"published": {"R1@0.5": 54.87}}, "test, 10 queries")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].strip() == "test, 10 queries"
    (row,) = (line for line in lines if "a network with a long name" in line)
    assert row.count("12.35" if "12.35" in row else "12.34") == 12
    (published,) = (line for line in lines if "published" in line)
    assert "54.87" in published
    assert max(map(len, lines)) > 80


def test_square_brackets_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    answer = {
        "query": "a person [/x] cat",
        "video": "b[red]",
        "duration_seconds": 8.0,
        "known_words": 1.0,
        "moments": [
            {
                "start_seconds": 1.0,
                "end_seconds": 2.5,
                "score": 0.75,
                "objects": [{"label": "cat [/]", "attention": 0.5, "answers": "[bold]cat"}],
            }
        ],
    }
    show_answers([answer])
    out = capsys.readouterr().out
    assert "“a person [/x] cat” in b[red], 8.0 s" in out
    assert "cat [/] 0.50 → “[bold]cat”" in out
    show({"[/b]": {"R1[/]": 12.5}}, {}, "[/] test")
    out = capsys.readouterr().out
    assert [part in out for part in ("[/b]", "R1[/]", "[/] test")] == [True] * 3


def test_json_is_for_people_and_programs(tmp_path: Path) -> None:
    write_json(tmp_path / "out" / "metrics.json", {"R1@0.5": 50.0, "names": ["a"]})
    text = (tmp_path / "out" / "metrics.json").read_text()
    assert json.loads(text) == {"R1@0.5": 50.0, "names": ["a"]}
    assert text.startswith('{\n  "R1@0.5": 50.0,')
    assert text.endswith("}\n")


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    update = progress("checking videos")
    update(1, 2)
    update(2, 2)
    assert capsys.readouterr() == ("", "")


def test_progress_counts_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stderr: Any = sys.stderr
    monkeypatch.setattr(stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    update = progress("checking videos")
    for done in range(1, 4):
        update(done, 3)
    shown = capsys.readouterr().err
    assert "checking videos" in shown
    assert "3/3" in shown


def test_who_interrupts_a_progress_gets_the_cursor_back(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stderr: Any = sys.stderr
    monkeypatch.setattr(stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    at_exit: list[Callable[[], None]] = []
    monkeypatch.setattr(atexit, "register", at_exit.append)
    hidden, shown = "\x1b[?25l", "\x1b[?25h"
    progress("extracting")(1, 3)
    before = capsys.readouterr().err
    assert hidden in before
    assert shown not in before
    for stop in at_exit:
        stop()
    assert shown in capsys.readouterr().err
