"""What 1,000 hours of video cost in seconds, bytes and money, and what a million: measured, then multiplied.

    python benchmarks/scale.py
    python benchmarks/scale.py --network none --vcpu-hour 0.05 --gb-month 0.02 --machines 100 --vcpus 16

The street video of the assets, over and over, makes videos of `--seconds`; they are indexed into a library in this
process. Prints Markdown: first what was measured on this machine, then the arithmetic, which assumes that time and
bytes grow with the hours of video, that an exact search reads every vector, and the prices and machines of the options.
"""

import argparse
import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path

import av
from machine import machine
from recall_windows import measure

from leorn.assets import asset
from leorn.features.store_index import StoreIndex, VideoEntry, read_index, write_index
from leorn.retrieval.indexing import index_videos
from leorn.retrieval.manifest import read_manifest, write_manifest

HOURS = (1, 1_000, 10_000, 100_000, 1_000_000)
SIZES = (25_000, 50_000, 100_000)
"""Windows of the tables that are searched: the last two say how an exact search grows."""
ENTRIES = 20_000
"""Videos of the index and the manifest whose writing is timed."""
WIDTH, QUERIES = 384, 20


@dataclass
class Clock:
    """Wall and processor seconds of each phase of indexing."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)

    def __call__(self, what: str) -> Callable[[int, int], None]:
        """Begin a phase, whose last call of the progress ends it."""
        wall, cpu = time.perf_counter(), time.process_time()

        def told(done: int, of: int) -> None:
            self.wall[what], self.cpu[what] = time.perf_counter() - wall, time.process_time() - cpu

        return told


@dataclass(frozen=True)
class Measured:
    """What an hour of video, a video and a window cost."""

    cpu_seconds: float
    """To find objects and make windows of an hour of video, of all threads together."""
    wall_seconds: float
    store_bytes: float
    table_bytes: float
    """Of an hour, in the window table without an index."""
    windows: float
    index_bytes: float
    """Of a window in the table's index."""
    exact_seconds: tuple[float, float]
    """Of an exact search: fixed, and of a window."""
    by_index_seconds: float
    """Of a search of the largest measured table by its index."""
    entry_bytes: float
    """Of a video in `objects/index.json`, which is written anew for each video."""
    entry_seconds: float
    manifest_bytes: float
    """Of a video in `library.json`, which is written anew for each 64 videos."""
    videos: float
    """Of an hour."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="demo", help="as leorn index takes it")
    parser.add_argument("--seconds", type=int, default=120, help="of a video")
    parser.add_argument("--videos", type=int, default=4, help="that are indexed")
    parser.add_argument("--vcpu-hour", type=float, default=0.04, help="price of a virtual processor for an hour, in $")
    parser.add_argument("--gb-month", type=float, default=0.023, help="price of 10^9 bytes for a month, in $")
    parser.add_argument("--vcpus", type=int, default=16, help="of a machine")
    parser.add_argument("--machines", type=int, default=50)
    options = parser.parse_args()
    found = _measure(options.network, options.seconds, options.videos)
    _print_measured(found, options)
    _print_arithmetic(found, options)


def _measure(network: str, seconds: int, videos: int) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        clip = _write_clip(Path(folder) / "clip.mp4", seconds)
        named = {f"camera 01/2026-11-28/{number:06}": clip for number in range(videos)}
        clock = Clock()
        index_videos(named, Path(folder) / "library", network=network, progress=clock)
        library = Path(folder) / "library"
        manifest = read_manifest(library)
        hours = sum(entry.duration_seconds for entry in manifest.videos.values()) / 3600
        windows = sum(entry.windows for entry in manifest.videos.values())
        shards = sum(path.stat().st_size for path in (library / "objects").glob("*.h5"))
        index = read_index(library / "objects" / "index.json")
        entry_bytes, entry_seconds = _time_index(Path(folder) / "index.json", index)
        # many of them: what is said once does not count
        many = {f"{number}/{video}": entry for number in range(1_000) for video, entry in manifest.videos.items()}
        write_manifest(folder, manifest.with_videos(many))
        manifest_bytes = (Path(folder) / "library.json").stat().st_size / (len(many) + len(manifest.videos))
    with redirect_stdout(None):
        tables = [measure(size, WIDTH, QUERIES) for size in SIZES]
    grown, last = tables[-2:]
    slope = (last["exact_seconds"] - grown["exact_seconds"]) / (last["windows"] - grown["windows"])
    return Measured(
        cpu_seconds=sum(clock.cpu.values()) / hours,
        wall_seconds=sum(clock.wall.values()) / hours,
        store_bytes=shards / hours,
        table_bytes=last["table_bytes"] / last["windows"] * windows / hours,
        windows=windows / hours,
        index_bytes=last["index_bytes"] / last["windows"],
        exact_seconds=(max(0.0, last["exact_seconds"] - slope * last["windows"]), max(0.0, slope)),
        by_index_seconds=last["index_seconds"],
        entry_bytes=entry_bytes,
        entry_seconds=entry_seconds,
        manifest_bytes=manifest_bytes,
        videos=videos / hours,
    )


def _write_clip(path: Path, seconds: int) -> Path:
    """Encode the street video over and over."""
    with av.open(str(asset("bikes.mp4"))) as source:
        rate = source.streams.video[0].average_rate or Fraction(25)
        pictures = [frame.reformat(format="yuv420p") for frame in source.decode(video=0)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = pictures[0].width, pictures[0].height, "yuv420p"
        for number, picture in enumerate(islice(cycle(pictures), round(seconds * rate))):
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def _time_index(path: Path, index: StoreIndex) -> tuple[float, float]:
    """Return bytes and seconds of a video in an index of many."""
    (video, entry), *_ = index.videos.items()
    entries = {f"{video}/{number:06}": _moved(entry, number) for number in range(ENTRIES)}
    start = time.perf_counter()
    write_index(path, StoreIndex(index.fingerprint, index.label_names, entries))
    return path.stat().st_size / ENTRIES, (time.perf_counter() - start) / ENTRIES


def _moved(entry: VideoEntry, shard: int) -> VideoEntry:
    return VideoEntry(shard, 0, entry.shape, entry.duration_seconds, entry.source_sha256)


def _print_measured(found: Measured, options: argparse.Namespace) -> None:
    told = ", ".join(f"{key} {value}" for key, value in machine().items())
    command = f"python benchmarks/scale.py --network {options.network} --seconds {options.seconds}"
    print(f"Measured ({command} --videos {options.videos}; {told}, {os.cpu_count()} processors seen):\n")
    print("| of an hour of video | |\n|---|---:|")
    print(f"| videos of {options.seconds} s | {found.videos:,.0f} |")
    print(f"| processor seconds, all threads | {found.cpu_seconds:,.0f} |")
    print(f"| seconds on this machine, one process | {found.wall_seconds:,.0f} |")
    print(f"| store | {_bytes(found.store_bytes)} |")
    print(f"| windows | {found.windows:,.0f} |")
    print(f"| table of windows, {WIDTH} numbers each | {_bytes(found.table_bytes)} |")
    print(f"| its index | {_bytes(found.index_bytes * found.windows)} |")
    print(
        f"\n| of others | |\n|---|---:|\n| exact search of {SIZES[-1]:,} windows | {_time(_exact(found, SIZES[-1]))} |"
    )
    print(f"| each further million | {_time(1e6 * found.exact_seconds[1])} |")
    print(f"| search of {SIZES[-1]:,} by the index | {_time(found.by_index_seconds)} |")
    print(f"| a video in objects/index.json | {_bytes(found.entry_bytes)}, {1e6 * found.entry_seconds:.1f} µs |")
    print(f"| a video in library.json | {_bytes(found.manifest_bytes)} |")


def _print_arithmetic(found: Measured, options: argparse.Namespace) -> None:
    print(
        f"\nArithmetic, not run. Assumed: ${options.vcpu_hour} for a processor for an hour, ${options.gb_month} for "
        f"10⁹ bytes for a month, machines of {options.vcpus} processors, all busy, each as fast as one of these.\n"
    )
    columns = ["", *(f"{hours:,} h" for hours in HOURS)]
    print(f"| {' | '.join(columns)} |\n|---|{'---:|' * len(HOURS)}")
    for name, of in _rows(found, options):
        print(f"| {name} | {' | '.join(of(hours) for hours in HOURS)} |")


def _rows(found: Measured, options: argparse.Namespace) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Give the name of each row, and what makes its cell of the hours of video."""

    def size(hours: int) -> float:
        return hours * (found.store_bytes + found.table_bytes + found.index_bytes * found.windows)

    def busy(hours: int) -> float:
        return hours * found.cpu_seconds

    yield "processor hours", lambda hours: f"{busy(hours) / 3600:,.1f}"
    yield "once, for processors", lambda hours: _money(busy(hours) / 3600 * options.vcpu_hour)
    yield "one machine", lambda hours: _time(busy(hours) / options.vcpus)
    yield f"{options.machines} machines", lambda hours: _time(busy(hours) / options.vcpus / options.machines)
    yield "store", lambda hours: _bytes(hours * found.store_bytes)
    yield "windows", lambda hours: f"{hours * found.windows:,.0f}"
    yield "table", lambda hours: _bytes(hours * found.table_bytes)
    yield "its index", lambda hours: _bytes(hours * found.windows * found.index_bytes)
    yield "each month, for disks", lambda hours: _money(size(hours) / 1e9 * options.gb_month)
    yield "exact search", lambda hours: _time(_exact(found, hours * found.windows))
    yield "by the index, as √windows", lambda hours: _time(_by_index(found, hours * found.windows))
    yield "`objects/index.json`", lambda hours: _bytes(hours * found.videos * found.entry_bytes)
    yield "written anew for a video", lambda hours: _time(hours * found.videos * found.entry_seconds)
    yield "all that, video by video", lambda hours: _time((hours * found.videos) ** 2 / 2 * found.entry_seconds)
    yield "`library.json`", lambda hours: _bytes(hours * found.videos * found.manifest_bytes)


def _exact(found: Measured, windows: float) -> float:
    fixed, each = found.exact_seconds
    return fixed + each * windows


def _by_index(found: Measured, windows: float) -> float:
    """As many parts are looked into as ever, of √windows windows each (leorn.retrieval.window_index)."""
    return found.by_index_seconds * max(1.0, math.sqrt(windows / SIZES[-1]))


def _bytes(count: float) -> str:
    for unit, of in (("PB", 1e15), ("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= of:
            return f"{count / of:,.3g} {unit}"
    return f"{count:.0f} B"


def _time(seconds: float) -> str:
    for unit, of in (("years", 365 * 86400), ("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= of:
            return f"{seconds / of:,.3g} {unit}" if seconds < 1000 * of else f"{seconds / of:,.0f} {unit}"
    return f"{1000 * seconds:.3g} ms"


def _money(dollars: float) -> str:
    return f"${dollars:,.2f}" if dollars < 100 else f"${dollars:,.0f}"


if __name__ == "__main__":
    main()
