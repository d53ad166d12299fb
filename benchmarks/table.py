"""Print results of `make bench` as a table in Markdown.

python benchmarks/table.py benchmarks/results/*.json
"""

import argparse
import json
from pathlib import Path
from typing import Any

COLUMNS = ("benchmark", "time", "against", "its time", "times faster", "floor", "share of the matmul rate", "GB")


def main() -> None:
    """Print a table for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="what make bench wrote")
    for path in parser.parse_args().files:
        found = json.loads(path.read_text())
        if "benchmarks" not in found:
            continue
        print(f"\n{', '.join(f'{key} {value}' for key, value in found['machine_info'].items())}\n")
        print(f"| {' | '.join(COLUMNS)} |\n|---|{'---:|' * (len(COLUMNS) - 1)}")
        for benchmark in found["benchmarks"]:
            print(f"| {' | '.join(cells(benchmark))} |")


def cells(benchmark: dict[str, Any]) -> list[str]:
    """Return a row: seconds are medians, of one example where a run does several."""
    info = benchmark["extra_info"]
    examples = info.get("examples", 1)
    name = benchmark["fullname"].removeprefix("benchmarks/").replace(".py::test_", ": ").removeprefix("test_")
    share = info.get("share of the matmul rate")
    return [
        name.replace("_", " "),
        "" if "peak_gigabytes" in info else seconds(benchmark["stats"]["median"] / examples),
        info.get("against", ""),
        seconds(info["plain_seconds"] / examples) if "plain_seconds" in info else "",
        f"{info['times faster']:.2f}" if "times faster" in info else "",
        seconds(info["floor_seconds"] / examples) if "floor_seconds" in info else "",
        f"{100 * share:.0f}%" if share else "",
        f"{info['peak_gigabytes']:.1f}" if "peak_gigabytes" in info else "",
    ]


def seconds(value: float) -> str:
    """Write a time with three digits."""
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


if __name__ == "__main__":
    main()
