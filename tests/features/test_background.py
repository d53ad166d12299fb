"""Items that a thread makes ahead."""

import threading
from collections.abc import Iterator
from threading import Event, Semaphore

import pytest

from leorn.errors import InputError
from leorn.features.background import ahead

WAIT_SECONDS = 30
"""A test that waits longer has failed."""


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_items_come_in_their_order(size: int) -> None:
    assert list(ahead(range(20), size)) == list(range(20))
    assert list(ahead(iter([None, (), ValueError]), size)) == [None, (), ValueError]
    assert list(ahead([], size)) == []


def test_an_item_may_be_an_error_that_is_not_raised() -> None:
    error = ValueError("an item")
    assert list(ahead([error], 1)) == [error]


def test_as_many_items_are_made_ahead_as_asked_for_and_no_more() -> None:
    made, made_one = [], Semaphore(0)

    def items() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            made_one.release()
            yield number

    taken = ahead(items(), 3)
    for number in range(10):
        assert next(taken) == number
        # the three after the one that was taken come without being asked for
        while len(made) < number + 4:
            assert made_one.acquire(timeout=WAIT_SECONDS)
    # nothing more is made while nothing is taken: the thread waited for room, and ended where it stood
    taken.close()
    assert made == list(range(13))


def test_the_thread_makes_an_item_while_the_one_before_is_used() -> None:
    used, made = Event(), Event()

    def items() -> Iterator[int]:
        yield 0
        assert used.wait(WAIT_SECONDS)
        made.set()
        yield 1

    taken = ahead(items(), 1)
    assert next(taken) == 0
    used.set()
    assert made.wait(WAIT_SECONDS)
    assert next(taken) == 1


def test_an_error_comes_out_where_its_item_would_have() -> None:
    def items() -> Iterator[int]:
        yield 0
        yield 1
        raise InputError("broken at 2")

    taken = ahead(items(), 5)
    assert [next(taken), next(taken)] == [0, 1]
    with pytest.raises(InputError, match="broken at 2"):
        next(taken)
    assert list(taken) == []


def test_what_cannot_be_iterated_raises_in_the_consumer() -> None:
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        next(ahead(5, 1))  # pyrefly: ignore[bad-argument-type]


def test_an_exit_in_the_thread_reaches_the_consumer() -> None:
    def items() -> Iterator[int]:
        raise SystemExit(3)
        yield 0

    with pytest.raises(SystemExit, match="3"):
        next(ahead(items(), 1))


def test_closing_the_consumer_ends_the_thread_and_closes_the_generator_there() -> None:
    threads = []

    def items() -> Iterator[int]:
        try:
            while True:
                yield 0
        finally:
            threads.append(threading.current_thread())

    before = threading.active_count()
    source = items()
    taken = ahead(source, 2)
    assert next(taken) == 0
    assert threading.active_count() == before + 1
    taken.close()
    assert threading.active_count() == before
    (thread,) = threads
    assert thread is not threading.current_thread()
    assert next(source, "closed") == "closed"


def test_a_consumer_that_fails_leaves_no_thread() -> None:
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        sum(1 // item for item in ahead(range(3), 1))
    assert threading.active_count() == before


def test_nothing_starts_before_the_first_item_is_asked_for() -> None:
    before = threading.active_count()
    taken = ahead(iter([1]), 1)
    assert threading.active_count() == before
    assert list(taken) == [1]
    assert threading.active_count() == before


def test_a_size_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="0 items ahead; expected at least 1"):
        next(ahead([1], 0))
