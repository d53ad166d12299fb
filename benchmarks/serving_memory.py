"""What memory a service takes over thousands of requests: `python benchmarks/serving_memory.py LIBRARY`.

Starts `leorn serve` on the library, asks different questions, for evidence, pictures and ranges of files, and prints
the memory of the service and of the processes that make its pictures as it goes. At last it prints by how much a
request makes it grow, of the second half of them: what is kept on purpose is there by then.
"""

import argparse
import itertools
import re
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np

SENTENCES = [
    f"{who} {does} {what}"
    for who, does, what in itertools.product(
        ("a person", "a man", "somebody", "the woman"),
        ("takes", "holds", "rides", "walks by", "puts down"),
        ("a cup", "a bicycle", "a car", "the bottle", "a chair"),
    )
]
SHOWN_EVERY = 100


def main() -> None:
    """Ask and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library")
    parser.add_argument("--requests", type=int, default=2000)
    options = parser.parse_args()
    command = [sys.executable, "-m", "leorn", "serve", options.library, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        try:
            assert service.stdout is not None
            found = re.search(r"http://\S+", service.stdout.readline())
            assert found is not None
            with httpx.Client(base_url=found.group(), timeout=60) as client:
                measure(client, service.pid, options.requests)
        finally:
            service.terminate()


def measure(client: httpx.Client, process: int, requests: int) -> None:
    """Send requests, and print what memory the process takes."""
    while True:
        try:
            videos = client.get("/api/videos", params={"limit": 1000}).json()["videos"]
            break
        except httpx.ConnectError:
            continue
    taken = []
    for number in range(requests):
        ask(client, videos[number % len(videos)], SENTENCES[number % len(SENTENCES)], number)
        taken.append(megabytes(process))
        if (number + 1) % SHOWN_EVERY == 0:
            print(f"{number + 1:6,} requests: {taken[-1]:8.1f} MB", flush=True)
    half = taken[len(taken) // 2 :]
    slope = np.polyfit(np.arange(len(half)), half, 1)[0]
    print(
        f"in the second half a request makes it grow by {1000 * slope:.2f} kB; {half[0]:.1f} MB, then {half[-1]:.1f} MB"
    )


def ask(client: httpx.Client, video: dict[str, object], sentence: str, number: int) -> None:
    """Send one of four kinds of requests."""
    place = f"/api/videos/{video['id']}"
    kinds = [
        lambda: client.get("/api/search", params={"query": sentence}),
        lambda: client.get(f"{place}/evidence", params={"query": sentence}),
        lambda: client.get(f"{place}/thumbnail", params={"time_seconds": number % 100 / 10}),
        lambda: client.get(f"{place}/stream", headers={"Range": f"bytes={number * 100}-{number * 100 + 65535}"}),
    ]
    answer = kinds[number % len(kinds)]()
    # a range may begin after the end of a short file, and a library of objects has no files
    assert answer.status_code in (200, 206, 404, 416), answer.text


def megabytes(process: int) -> float:
    """Return the memory that a process and those it has started hold now."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            threads = Path(f"/proc/{process}/task").glob("*/children")
            started = [int(child) for thread in threads for child in thread.read_text().split()]
            return int(line.split()[1]) / 1000 + sum(map(megabytes, started))
    raise AssertionError("no VmRSS")


if __name__ == "__main__":
    main()
