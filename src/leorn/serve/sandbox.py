"""What a process may take that decodes a file from outside: it has little to lose, and takes nothing else with it."""

import math
import os
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

MEMORY_BYTES = 4 * 2**30
"""Frames of 8K film fit, one that says it has a billion pixels does not."""
NICER = 10
"""Whoever searches meanwhile goes first."""
FAULTS = tuple(-signal.Signals[f"SIG{name}"] for name in ("FPE", "ILL", "SEGV"))
"""How a process ends that a file brings down."""
LIMITS = tuple(-signal.Signals[f"SIG{name}"] for name in ("ABRT", "BUS", "XCPU"))
"""How one ends that meets its limits; one without limits ends so where the machine lacks memory or its disk fails."""
# threads that have nothing to do take addresses, some hundred megabytes on a machine of many cores
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class EndedError(Exception):
    """A process was ended from outside, or its machine failed; no file is to blame."""


def confined_environment() -> dict[str, str]:
    """Return the variables that such a process is started with."""
    return os.environ | ENVIRONMENT


def ended_from_outside(returncode: int) -> bool:
    """Return whether a confined process was ended by somebody, or by a machine that lacks memory, not by its file."""
    return returncode < 0 and returncode not in FAULTS + LIMITS


@contextmanager
def leash() -> Iterator[int]:
    """Give what such a process takes as its standard input, which ends with this block or with this process."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def end_with_leash() -> None:
    """End this process when its `leash` ends: nobody waits for it any more."""

    def wait() -> None:
        os.read(0, 1)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def confine(seconds: float, *, nicer: int = NICER) -> None:
    """Keep this process from taking more memory or time than it is given from now on.

    Args:
        seconds: on every core. Whoever waits for the process ends it after so long; this does where nobody waits any
            more.
        nicer: by how much others go first.
    """
    _lower(resource.RLIMIT_AS, MEMORY_BYTES)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_CPU, math.ceil(time.process_time() + (os.cpu_count() or 1) * seconds))
    os.nice(nicer)


def _lower(limit: int, most: int) -> None:
    """Set a limit that can be set again, up to what whoever started the service has allowed."""
    _, allowed = resource.getrlimit(limit)
    resource.setrlimit(limit, (most if allowed == resource.RLIM_INFINITY else min(most, allowed), allowed))
