"""A line that has an end, with work that says when it was begun and goes on when it is told to."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from fastapi import HTTPException

from leorn.serve.bounded_queue import BoundedQueue
from tests.serve.asking import Asking


class Work:
    """Takes until it is told to go on."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.go_on.wait(30)
        return "done"


def in_line(test: Callable[[BoundedQueue], Coroutine[Any, Any, None]], limit: int, workers: int = 1) -> None:
    """Run a test with a queue, which is empty in the end."""

    async def run() -> None:
        queue = BoundedQueue("things", limit, workers)
        try:
            await asyncio.wait_for(test(queue), 60)
            while queue.length:
                await asyncio.sleep(0.01)
        finally:
            queue.close()

    asyncio.run(run())


def ask(queue: BoundedQueue, work: Callable[[], Any], gone: Callable[[], bool] = lambda: False) -> "asyncio.Task[Any]":
    return asyncio.create_task(queue.ask(Asking(gone), work))  # type: ignore[arg-type]


def test_work_is_done_in_turn_and_its_errors_are_those_of_who_asked() -> None:
    async def test(queue: BoundedQueue) -> None:
        order = list[int]()
        asked = [ask(queue, lambda number=number: order.append(number) or number / (2 - number)) for number in range(4)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert order == [0, 1, 2, 3]
        assert (answers[:2], type(answers[2]), answers[3]) == ([0.0, 1.0], ZeroDivisionError, -3.0)

    in_line(test, limit=4)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_line_has_an_end_and_as_much_work_at_a_time_as_workers(workers: int) -> None:
    async def test(queue: BoundedQueue) -> None:
        works = [Work() for _ in range(3)]
        asked = [ask(queue, work) for work in works]
        for work in works[:workers]:
            await asyncio.to_thread(work.begun.wait, 30)
        assert [work.begun.is_set() for work in works] == [number < workers for number in range(3)]
        with pytest.raises(HTTPException) as refused:
            await ask(queue, Work())
        assert (refused.value.status_code, queue.length) == (503, 3)
        # a second each at first, divided among the workers
        assert refused.value.headers == {"Retry-After": str({1: 3, 2: 2}[workers])}
        assert refused.value.detail.startswith("3 things wait already; ")
        for work in works:
            work.go_on.set()
        assert await asyncio.gather(*asked) == ["done"] * 3

    in_line(test, limit=3, workers=workers)


def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    async def test(queue: BoundedQueue) -> None:
        first, second, third = Work(), Work(), Work()
        asked = ask(queue, first)
        await asyncio.to_thread(first.begun.wait, 30)
        leaving = ask(queue, second, gone=lambda: True)
        staying = ask(queue, third)
        with pytest.raises(HTTPException) as gone:
            await leaving
        assert (gone.value.status_code, queue.length) == (499, 2)
        first.go_on.set()
        third.go_on.set()
        assert await asyncio.gather(asked, staying) == ["done", "done"]
        assert not second.begun.is_set()

    in_line(test, limit=3)


def test_work_that_goes_on_without_who_asked_keeps_its_place() -> None:
    async def test(queue: BoundedQueue) -> None:
        work = Work()
        asked = ask(queue, work, gone=work.begun.is_set)
        with pytest.raises(HTTPException):
            await asked
        assert queue.length == 1
        work.go_on.set()

    in_line(test, limit=1)
