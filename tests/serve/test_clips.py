"""Clips that the service cuts, in processes that end with whoever asked, with numbered frames for the truth."""

import asyncio
import sys
from pathlib import Path

import pytest
from fastapi import HTTPException

from leorn.errors import InputError
from leorn.records import Moment
from leorn.serve.clips import Cutter
from leorn.serve.settings import Settings
from tests.disks import full_disk
from tests.serve.asking import Asking
from tests.videos import decode_all, write_video

MOMENT = Moment(1.0, 2.0)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "library/uploads").mkdir(parents=True)
    return tmp_path / "library"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "v.mp4", range(40))


def cut(cutter: Cutter, video: Path, asking: Asking | None = None, kind: str = "mp4") -> bytes:
    async def read() -> bytes:
        with await cutter.cut(asking or Asking(), video, MOMENT, kind) as clip:  # type: ignore[arg-type]
            return clip.read()

    return asyncio.run(read())


@pytest.mark.parametrize("kind", ["mp4", "webm"])
def test_a_clip_holds_the_moment_and_leaves_no_file(library: Path, video: Path, tmp_path: Path, kind: str) -> None:
    content = cut(Cutter(Settings(library)), video, kind=kind)
    (tmp_path / f"clip.{kind}").write_bytes(content)
    assert [number for _, number in decode_all(tmp_path / f"clip.{kind}")] == list(range(10, 20))
    assert list((library / "uploads").iterdir()) == []


def test_what_cannot_be_cut_is_said_in_a_line(library: Path, video: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(video.read_bytes()[:300])
    for settings, file, reason in (
        (Settings(library), broken, r"broken\.mp4: "),
        (Settings(library), tmp_path / "gone.mp4", r"gone\.mp4: "),
        (Settings(library, clip_seconds=0.01), video, "cutting it takes more than 0 s; expected a shorter clip"),
    ):
        with pytest.raises(InputError, match=reason) as refused:
            cut(Cutter(settings), file)
        assert "\n" not in str(refused.value)
    assert list((library / "uploads").iterdir()) == []


def test_a_disk_that_is_full_is_not_the_video_s_fault(library: Path, video: Path) -> None:
    with pytest.raises(HTTPException) as refused, full_disk():
        cut(Cutter(Settings(library)), video)
    assert refused.value.status_code == 503
    assert refused.value.detail.startswith("cannot write uploads/")
    assert list((library / "uploads").iterdir()) == []


def test_who_has_gone_gets_no_clip_and_their_process_ends(
    library: Path, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # takes as long as it is let
    program, begun = tmp_path / "program", tmp_path / "begun"
    program.write_text(f"#!/bin/sh\necho $$ > {begun}.part\nmv {begun}.part {begun}\nexec sleep 600\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with pytest.raises(HTTPException) as refused:
        cut(Cutter(Settings(library)), video, Asking(begun.exists))
    assert refused.value.status_code == 499
    assert not Path(f"/proc/{begun.read_text().strip()}").exists()
    assert list((library / "uploads").iterdir()) == []


def test_a_line_that_is_full_turns_others_away(library: Path, video: Path) -> None:
    cutter = Cutter(Settings(library, clips=2))

    async def ask() -> list[object]:
        asked = (cutter.cut(Asking(), video, MOMENT, "mp4") for _ in range(3))  # type: ignore[arg-type]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    *cut_ones, refused = asyncio.run(ask())
    for clip in cut_ones:
        clip.close()  # type: ignore[attr-defined]
    assert isinstance(refused, HTTPException)
    assert (refused.status_code, refused.headers) == (503, {"Retry-After": "30"})
    assert cut(cutter, video)
