"""Work in processes of their own, which come to an end with the one that asked for it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.features.processes import in_processes
from tests.workers import make_counter, make_nothing, make_victim

SLEEPERS = """
from leorn.features.processes import in_processes
from tests.workers import make_sleeper

if __name__ == "__main__":
    with in_processes(make_sleeper, range(4), 2) as results:
        list(results)
"""


def test_results_come_in_the_order_of_the_items_from_workers_that_are_made_once() -> None:
    items = [5, 3, 8, 1, 7, 2]
    with in_processes(partial(make_counter, 100), items, 2) as results:
        found = list(results)
    assert [value for *_, value in found] == [105, 103, 108, 101, 107, 102]
    workers = {process for process, *_ in found}
    assert 1 <= len(workers) <= 2
    assert os.getpid() not in workers
    for worker in workers:
        asked = [count for process, count, _ in found if process == worker]
        assert sorted(asked) == list(range(1, len(asked) + 1))


@pytest.mark.parametrize("make", [make_victim, make_nothing])
def test_a_process_that_was_killed_or_has_no_worker_is_one_line(make: Callable[[], Callable[[int], int]]) -> None:
    received = []
    with (
        pytest.raises(InputError, match=r"^a process was killed, .* run again, with fewer jobs$"),
        in_processes(make, range(4), 1) as results,
    ):
        received.extend(results)
    assert received == list(range(len(received)))
    assert len(received) <= 2


def lose(results: Iterator[object]) -> None:
    next(results)
    raise KeyError("mine")


def test_what_fails_where_the_results_are_used_is_not_hidden() -> None:
    with pytest.raises(KeyError, match="mine"), in_processes(partial(make_counter, 0), range(3), 1) as results:
        lose(results)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_processes_end_with_the_one_that_asked_for_them(end: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SLEEPERS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        start_new_session=True,
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"at work\n"
    # Ctrl-C on a terminal reaches all of them, kill only the one
    if end == signal.SIGINT:
        os.killpg(parent.pid, end)
    else:
        parent.kill()
    # stdout ends when the last process that could write to it has ended
    parent.communicate(timeout=30)
    assert parent.returncode == -end
