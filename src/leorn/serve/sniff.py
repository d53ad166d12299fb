"""What a file from outside is, found out by decoding it, in a process of its own that has little to lose.

`python -m leorn.serve.sniff FILE SECONDS` prints one line of JSON: its suffix, duration and size of a frame, or a
reason.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE

from leorn.errors import InputError, machine_failed
from leorn.serve.sandbox import (
    EndedError,
    confine,
    confined_environment,
    end_with_leash,
    ended_from_outside,
    leash,
)

# fmt: off
SUFFIXES = {
    "asf": ".wmv", "avi": ".avi", "flv": ".flv", "matroska": ".mkv", "mov": ".mp4", "mpeg": ".mpg", "mpegts": ".ts",
    "ogg": ".ogv", "webm": ".webm",
}
# fmt: on
"""By FFmpeg's names of containers, the first of several that are one; players go by the suffix."""
WEBM_CODECS = frozenset({"vp8", "vp9", "av1"})
"""FFmpeg has one name for Matroska and WebM; browsers play the latter, which holds these."""


@dataclass(frozen=True)
class Sniffed:
    """What a file turned out to be."""

    suffix: str
    duration_seconds: float
    width: int
    height: int


def sniff(path: Path, seconds: float) -> Sniffed:
    """Find out what a file is.

    Args:
        path: the file.
        seconds: how long that may take.

    Raises:
        InputError: no video, or one that takes too much to look at.
        EndedError: the process was ended from outside, or the machine failed.
    """
    command = [sys.executable, "-m", "leorn.serve.sniff", str(path), str(seconds)]
    try:
        with leash() as held:
            done = subprocess.run(
                command, env=confined_environment(), stdin=held, stdout=PIPE, stderr=DEVNULL, text=True,
                timeout=seconds, check=False, start_new_session=True,
            )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise InputError(f"looking at it took more than {seconds:.0f} s; expected an ordinary video") from error
    if ended_from_outside(done.returncode):
        raise EndedError("looking at it was ended from outside")
    if done.returncode:
        raise InputError("decoding it brought the decoder down; expected an ordinary video")
    told = json.loads(done.stdout.splitlines()[-1])
    if "failed" in told:
        raise EndedError(told["failed"])
    if "reason" in told:
        raise InputError(told["reason"])
    return Sniffed(**told)


def main(path: Path, seconds: float) -> None:
    """Look at a file and print what it is."""
    end_with_leash()
    confine(seconds)
    from leorn.features.containers import open_container
    from leorn.features.video import probe

    try:
        info = probe(path)
        with open_container(path) as container:
            kind = container.format.name.split(",")[0]
        if kind not in SUFFIXES:
            raise InputError(f"a video in a container of {kind}; expected one of {', '.join(sorted(SUFFIXES))}")
        suffix = ".webm" if kind == "matroska" and info.codec in WEBM_CODECS else SUFFIXES[kind]
        told: dict[str, object] = {
            "suffix": suffix, "duration_seconds": info.duration_seconds, "width": info.width, "height": info.height,
        }  # fmt: skip
    except InputError as error:
        # of the file's name, which was generated, nobody needs to hear
        name = "failed" if machine_failed(error, memory=False) else "reason"
        told = {name: str(error).removeprefix(f"{path}: ")}
    except MemoryError:
        told = {"reason": "decoding it takes more memory than there is for it; expected an ordinary video"}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
