"""Work that a thread does ahead of who needs it."""

from collections.abc import Generator, Iterable
from queue import SimpleQueue
from threading import Event, Semaphore, Thread
from typing import TypeVar

from leorn.errors import InputError

T = TypeVar("T")


def ahead(items: Iterable[T], size: int) -> Generator[T, None, None]:
    """Run an iterator in a thread, at most `size` items before the consumer, and give its items in their order.

    The thread starts when the first item is asked for. It has ended when the items have, when an error was raised, and
    when the consumer is closed: that waits for the item that is being made, at most. A generator is closed in the
    thread that ran it.

    Args:
        items: what to iterate; only the thread touches it.
        size: items made and not yet taken, at least 1.

    Yields:
        The items. What the iterator raises comes out where its item would have.

    Raises:
        InputError: `size` is below 1.
    """
    if size < 1:
        raise InputError(f"{size} items ahead; expected at least 1")
    room = Semaphore(size)
    closed = Event()
    # an item in a tuple of one, the error that ended the items, or None at their end
    made: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    thread = Thread(target=_make, args=(items, room, closed, made), daemon=True)
    thread.start()
    try:
        while (result := made.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            room.release()
            yield result[0]
    finally:
        closed.set()
        room.release()
        thread.join()


def _make(
    items: Iterable[T], room: Semaphore, closed: Event, made: "SimpleQueue[tuple[T] | BaseException | None]"
) -> None:
    """Make items as long as there is room, and say how it ended."""
    try:
        source = iter(items)
        try:
            # waiting for room comes before making an item: what is made and not taken never exceeds the room
            while _may_go_on(room, closed):
                made.put((next(source),))
        finally:
            if isinstance(source, Generator):
                source.close()
    except StopIteration:
        made.put(None)
    except BaseException as error:
        # even an exit: the consumer would wait for ever
        made.put(error)


def _may_go_on(room: Semaphore, closed: Event) -> bool:
    room.acquire()
    return not closed.is_set()
