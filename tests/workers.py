"""Work for processes of their own, which import it from here."""

import os
import signal
import time
from collections.abc import Callable


def make_counter(start: int) -> Callable[[int], tuple[int, int, int]]:
    """Make a worker that says who it is, how often it was asked before, and the item more than `start`."""
    asked = 0

    def work(item: int) -> tuple[int, int, int]:
        nonlocal asked
        asked += 1
        time.sleep(0.01 * (item % 3))
        return os.getpid(), asked, start + item

    return work


def make_victim() -> Callable[[int], int]:
    """Make a worker that is killed at item 2."""

    def work(item: int) -> int:
        if item == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    return work


def make_sleeper() -> Callable[[int], int]:
    """Make a worker that never comes to an end, and says on stdout when it begins."""

    def work(item: int) -> int:
        print("at work", flush=True)
        time.sleep(3600)
        return item

    return work


def make_waiter() -> Callable[[int], int]:
    """Make a worker that gives item 0 back at once, and never comes to an end with another."""

    def work(item: int) -> int:
        if item:
            time.sleep(3600)
        return item

    return work


def make_nothing() -> Callable[[int], int]:
    """Fail to make a worker."""
    raise MemoryError("no room for a detector")
