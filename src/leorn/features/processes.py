"""Work that several processes share."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.synchronize import Event
from threading import Thread
from typing import Any, NoReturn, TypeVar

from leorn.errors import InputError

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 2
"""Items that are worked on or wait to be taken at a time, for each process: results are as large as videos."""


@contextmanager
def in_processes(make: Callable[[], Callable[[T], R]], items: Iterable[T], jobs: int) -> Iterator[Iterator[R]]:
    """Work on items in processes of their own, which end with this one however it ends.

    Each process imports the script that runs, so that a script calls this below `if __name__ == "__main__":`. When the
    block is left with an error, the processes are ended at once, in the middle of their work.

    Args:
        make: makes the worker, once in each process; it is pickled, as are the items and the results.
        items: what to work on; they are taken as results are, `AHEAD` for each process before.
        jobs: how many processes, at least 1.

    Yields:
        What the worker returns for each item, in the order of the items.

    Raises:
        InputError: a process was killed, could not begin, or could not make its worker.
    """
    # spawned and not forked: what OpenCV and torch start in this process does not survive a fork
    context = multiprocessing.get_context("spawn")
    # nothing is ever sent: its other end closes when this process wants no more, or is no more
    wanted, keep_wanting = context.Pipe(duplex=False)
    begun = context.Event()
    pool = ProcessPoolExecutor(jobs, context, _start, (make, wanted, begun))
    try:
        yield _in_order(pool, items, AHEAD * jobs)
    except BaseException as error:
        keep_wanting.close()
        if isinstance(error, BrokenProcessPool):
            raise InputError(_why_broken(begun)) from error
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        keep_wanting.close()
        wanted.close()


def _in_order(pool: ProcessPoolExecutor, items: Iterable[T], most: int) -> Iterator[Any]:
    """Give results in the order of the items, `most` of which are asked for at a time."""
    remaining = iter(items)
    asked = deque(pool.submit(_work, item) for item in islice(remaining, most))
    while asked:
        result = asked.popleft().result()
        asked.extend(pool.submit(_work, item) for item in islice(remaining, 1))
        yield result


def _why_broken(begun: Event) -> str:
    if begun.is_set():
        return (
            "a process was killed, perhaps because memory ran out; what it was to do is not done: run again, "
            "with fewer jobs"
        )
    return (
        "a process ended before it could begin: each imports the script that runs; expected the script to ask for "
        'several only below `if __name__ == "__main__":`'
    )


_worker: Callable[[Any], Any] | None = None


def _start(make: Callable[[], Callable[[T], R]], wanted: Connection, begun: Event) -> None:
    global _worker
    begun.set()
    # Ctrl-C reaches every process; this one has nothing to say about it
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    Thread(target=_end_with, args=(wanted,), daemon=True).start()
    try:
        _worker = make()
    except Exception as error:
        # raised here it would be lost: a pool only says that a process has ended
        _worker = partial(_refuse, " ".join(f"{type(error).__name__}: {error}".split()))


def _refuse(reason: str, item: object) -> NoReturn:
    del item
    raise InputError(f"a process could not make ready for its work ({reason}); run again, with fewer jobs")


def _end_with(wanted: Connection) -> None:
    """Leave in the middle of whatever is done when nobody wants it: a pool's processes would go on for ever."""
    wait([wanted])
    os._exit(1)


def _work(item: T) -> Any:  # noqa: ANN401 - whatever the worker returns
    assert _worker is not None
    return _worker(item)
