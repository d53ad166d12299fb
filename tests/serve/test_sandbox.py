"""What a process may take that decodes a file from outside, tried in processes that take more."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from leorn.serve.sandbox import MEMORY_BYTES, NICER, confined_environment, ended_from_outside


def run(code: str) -> "subprocess.CompletedProcess[str]":
    begin = "from leorn.serve.sandbox import confine; import os, resource, time\n"
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


def test_others_go_first() -> None:
    assert run("before = os.nice(0); confine(60); print(os.nice(0) - before)").stdout == f"{NICER}\n"
    assert run("confine(60, nicer=0); print(resource.getrlimit(resource.RLIMIT_CORE)[0])").stdout == "0\n"


@pytest.mark.parametrize(("limit", "most"), [("RLIMIT_AS", 2**30), ("RLIMIT_CPU", 50)])
def test_a_limit_that_is_set_from_outside_stays(limit: str, most: int) -> None:
    set_before = f"resource.setrlimit(resource.{limit}, ({most}, {most}))"
    said = run(f"{set_before}; confine(60); print(*resource.getrlimit(resource.{limit}))").stdout
    soft, hard = map(int, said.split())
    assert soft <= hard == most


def is_running(process: str) -> bool:
    try:
        return "zombie" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def test_a_process_ends_with_who_holds_its_leash() -> None:
    child = "from leorn.serve.sandbox import end_with_leash; import time; end_with_leash(); print('on'); time.sleep(60)"
    holder = f"""
import subprocess, sys, time
from leorn.serve.sandbox import leash
with leash() as held:
    child = subprocess.Popen([sys.executable, "-uc", {child!r}], stdin=held, stdout=subprocess.PIPE)
    print(child.pid, child.stdout.readline().decode(), end="", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        number, said = process.stdout.readline().split()
        assert (said, is_running(number)) == ("on", True)
        process.kill()
    end = time.monotonic() + 30
    while is_running(number):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(("signal", "outside"), [(0, False), (9, True), (15, True), (11, False), (6, False)])
def test_what_a_file_may_be_blamed_for(signal: int, outside: bool) -> None:
    done = run(f"os.kill(os.getpid(), {signal})")
    assert ended_from_outside(done.returncode) == outside
    assert not ended_from_outside(run("raise SystemExit(3)").returncode)
