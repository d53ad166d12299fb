"""Which errors are the machine's, and which those of what is read."""

import errno
import os
from pathlib import Path

import pytest

from leorn.errors import InputError, machine_failed
from leorn.files import sha256


@pytest.mark.parametrize("code", ["EMFILE", "ENOSPC", "EIO", "EROFS", "EACCES"])
def test_a_machine_that_fails_is_to_blame_however_it_is_told(code: str) -> None:
    number = getattr(errno, code)
    error = OSError(number, os.strerror(number))
    told = InputError("cannot read it")
    told.__cause__ = error
    again = InputError("cannot be taken")
    again.__cause__ = told
    assert [machine_failed(one) for one in (error, told, again)] == [True, True, True]


def test_what_is_missing_or_wrong_is_not_the_machine_s_fault() -> None:
    for error in (InputError("no video"), FileNotFoundError(errno.ENOENT, "none"), TimeoutError(), OSError("odd")):
        assert not machine_failed(error)


def test_little_memory_is_the_machine_s_fault_unless_it_was_given_on_purpose() -> None:
    for error in (MemoryError(), OSError(errno.ENOMEM, "none left")):
        assert machine_failed(error)
        assert not machine_failed(error, memory=False)


def test_a_file_that_a_disk_does_not_give_is_the_disk_s_fault() -> None:
    with pytest.raises(InputError, match="Input/output error") as caught:
        sha256(Path("/proc/self/mem"))
    assert machine_failed(caught.value)
