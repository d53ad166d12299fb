"""Work that several processes share."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait
from threading import Thread
from typing import Any, TypeVar

from leorn.errors import InputError

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def in_processes(make: Callable[[], Callable[[T], R]], items: Iterable[T], jobs: int) -> Iterator[Iterator[R]]:
    """Work on items in processes of their own, which end with this one however it ends.

    Args:
        make: makes the worker, once in each process; it is pickled, as are the items and the results.
        items: what to work on.
        jobs: how many processes, at least 1.

    Yields:
        What the worker returns for each item, in the order of the items.

    Raises:
        InputError: a process was killed, or could not make its worker.
    """
    # spawned and not forked: what OpenCV and torch start in this process does not survive a fork
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _start, (make,))
    try:
        yield pool.map(_work, items)
    except BrokenProcessPool as error:
        raise InputError(
            "a process was killed, perhaps because memory ran out; what it was to do is not done: run again, "
            "with fewer jobs"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


_worker: Callable[[Any], Any] | None = None


def _start(make: Callable[[], Callable[[T], R]]) -> None:
    global _worker
    # Ctrl-C reaches every process; this one has nothing to say about it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with_parent, daemon=True).start()
    _worker = make()


def _end_with_parent() -> None:
    """Leave when the process that wants the results is gone: a pool's processes would wait for it for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


def _work(item: T) -> Any:  # noqa: ANN401 - whatever the worker returns
    assert _worker is not None
    return _worker(item)
