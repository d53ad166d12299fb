"""What a file is, and who is to blame that nobody knows."""

import sys
from pathlib import Path

import pytest

from leorn.errors import InputError
from leorn.serve.sandbox import EndedError
from leorn.serve.sniff import Sniffed, sniff
from tests.videos import write_video


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi", ".ts"])
def test_a_file_is_what_is_in_it(tmp_path: Path, suffix: str) -> None:
    video = write_video(tmp_path / f"v{suffix}", range(40), size=(96, 64)).rename(tmp_path / "a.txt")
    found = sniff(video, 60)
    assert found == Sniffed(suffix, found.duration_seconds, 96, 64)
    assert found.duration_seconds == pytest.approx(4.0)


def test_a_file_that_the_disk_does_not_give_is_not_to_blame() -> None:
    with pytest.raises(EndedError, match="Input/output error"):
        sniff(Path("/proc/self/mem"), 60)


@pytest.mark.parametrize(
    ("ending", "error", "reason"),
    [
        ("kill -9 $$", EndedError, "looking at it was ended from outside"),
        ("kill -15 $$", EndedError, "looking at it was ended from outside"),
        ("kill -11 $$", InputError, "decoding it brought the decoder down; expected an ordinary video"),
        ("exit 1", InputError, "decoding it brought the decoder down; expected an ordinary video"),
        ("exec sleep 60", InputError, "looking at it took more than 0 s; expected an ordinary video"),
    ],
)
def test_only_a_file_that_brings_the_process_down_is_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, error: type[Exception], reason: str
) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n{ending}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(error, match=f"^{reason}$"):
        sniff(tmp_path / "v.mp4", 0.4 if "sleep" in ending else 60)
