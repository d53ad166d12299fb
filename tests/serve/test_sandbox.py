"""What a process may take that decodes a file from outside, tried in processes that take more."""

import subprocess
import sys

import pytest

from leorn.serve.sandbox import MEMORY_BYTES, NICER, confined_environment


def run(code: str) -> "subprocess.CompletedProcess[str]":
    begin = "from leorn.serve.sandbox import confine; import os, resource, signal, time\n"
    command = [sys.executable, "-c", begin + code]
    return subprocess.run(command, env=confined_environment(), capture_output=True, text=True, timeout=60, check=False)


def test_it_may_not_take_more_memory() -> None:
    done = run(f"confine(60)\ntry: bytearray({MEMORY_BYTES})\nexcept MemoryError: print('refused')")
    assert done.stdout == "refused\n"
    assert run(f"confine(60); print(len(bytearray({MEMORY_BYTES // 4})))").stdout == f"{MEMORY_BYTES // 4}\n"


def test_it_may_not_compute_for_longer() -> None:
    assert run("confine(0.1 / os.cpu_count())\nwhile True: pass").returncode < 0


def test_it_may_compute_anew_when_it_is_given_time_anew() -> None:
    code = """for _ in range(3):
        confine(1 / os.cpu_count())
        end = time.process_time() + 0.7
        while time.process_time() < end: pass"""
    assert run(code).returncode == 0


def test_others_go_first_and_the_keys_of_a_terminal_do_not_end_it() -> None:
    done = run("before = os.nice(0); confine(60); os.kill(os.getpid(), signal.SIGINT); print(os.nice(0) - before)")
    assert done.stdout == f"{NICER}\n"
    assert run("confine(60, nicer=0); print(resource.getrlimit(resource.RLIMIT_CORE)[0])").stdout == "0\n"


@pytest.mark.parametrize(("limit", "most"), [("RLIMIT_AS", 2**30), ("RLIMIT_CPU", 50)])
def test_a_limit_that_is_set_from_outside_stays(limit: str, most: int) -> None:
    set_before = f"resource.setrlimit(resource.{limit}, ({most}, {most}))"
    said = run(f"{set_before}; confine(60); print(*resource.getrlimit(resource.{limit}))").stdout
    soft, hard = map(int, said.split())
    assert soft <= hard == most
