"""Work in processes of their own, which come to an end with the one that asked for it."""

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.features.processes import in_processes
from tests.commands import heed_interrupts
from tests.workers import make_counter, make_nothing, make_victim, make_waiter

SLEEPERS = """
from leorn.features.processes import in_processes
from tests.workers import make_sleeper

if __name__ == "__main__":
    with in_processes(make_sleeper, range(4), 2) as results:
        list(results)
"""

UNGUARDED = """
from leorn.features.processes import in_processes
from tests.workers import make_victim

with in_processes(make_victim, range(2), 2) as results:
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


def test_a_process_that_was_killed_is_one_line() -> None:
    received = []
    with (
        pytest.raises(InputError, match=r"^a process was killed, .* run again, with fewer jobs$"),
        in_processes(make_victim, range(4), 1) as results,
    ):
        received.extend(results)
    assert received == list(range(len(received)))
    assert len(received) <= 2


def test_a_process_that_cannot_make_its_worker_says_why() -> None:
    with pytest.raises(InputError) as caught, in_processes(make_nothing, range(4), 2) as results:
        list(results)
    assert str(caught.value) == (
        "a process could not make ready for its work (MemoryError: no room for a detector); run again, with fewer jobs"
    )


def test_a_script_that_does_not_guard_its_work_is_told_how(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(UNGUARDED)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    # what multiprocessing has to say of its own may come after it
    (said,) = (line for line in ended.stderr.splitlines() if line.startswith("leorn.errors.InputError: "))
    assert said.startswith("leorn.errors.InputError: a process ended before it could begin")
    assert said.endswith('expected the script to ask for several only below `if __name__ == "__main__":`')


def test_items_are_taken_as_results_are() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(20):
            taken.append(item)
            yield item

    with in_processes(partial(make_counter, 0), items(), 2) as results:
        for number, (*_, value) in enumerate(results, start=1):
            assert value == number - 1
            # four are asked for at a time, and one more in the place of that which was taken
            assert taken == list(range(min(4 + number, 20)))


def stop_at_first(results: Iterator[int]) -> None:
    assert next(results) == 0
    raise KeyboardInterrupt


def test_an_interruption_does_not_wait_for_work_that_is_under_way() -> None:
    # it would take an hour
    with pytest.raises(KeyboardInterrupt), in_processes(make_waiter, range(4), 2) as results:
        stop_at_first(results)
    assert multiprocessing.active_children() == []


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
        preexec_fn=heed_interrupts,
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
