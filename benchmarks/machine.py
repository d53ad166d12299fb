"""What machine this is, and a name for the file of its results.

python benchmarks/machine.py            # intel-r-xeon-r-processor-2-threads-2026-11-28
"""

import datetime
import platform
import re
import sys
from pathlib import Path

import torch


def machine(device: str = "cpu") -> dict[str, object]:
    """Return what was measured on: nothing in it tells whose machine it is."""
    return {
        "processor": processor(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def processor() -> str:
    """Return the processor's name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


def file_name(device: str = "cpu") -> str:
    """Return a name of this machine and today."""
    found = machine(device)
    what = f"{found['processor']} {found['threads']} threads" if device == "cpu" else f"{found['device']}"
    return f"{re.sub('[^a-z0-9]+', '-', what.lower()).strip('-')}-{datetime.date.today()}"


if __name__ == "__main__":
    print(file_name(*sys.argv[1:]))
