"""The one kind of error that is meant for the person at the keyboard, and which errors are the machine's."""

import errno

MEMORY = frozenset({errno.ENOMEM})
MACHINE = frozenset(
    {errno.EACCES, errno.EAGAIN, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOSPC}
    | {errno.EPERM, errno.EROFS, errno.ESTALE}
)
"""Errors of a machine that is short of something, that fails, or that forbids."""


class InputError(ValueError):
    """Something from outside is wrong: a file, a value, an option.

    The message is one line that says what is wrong, where (file, line, video, key) and what would be right.
    The command line prints it on stderr and exits with status 2; a caller of the library may catch it.
    """


def machine_failed(error: BaseException, *, memory: bool = True) -> bool:
    """Return whether an error, or what it came of, is the machine's: the same may go well another time.

    Args:
        error: what was raised.
        memory: whether a lack of memory is the machine's; not where a process was given little on purpose.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in (MACHINE | MEMORY if memory else MACHINE):
            return True
        if memory and isinstance(cause, MemoryError):
            return True
        cause = cause.__cause__
    return False
