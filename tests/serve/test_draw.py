"""Pictures of videos from a process of its own, with the videos' numbered frames for the truth."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from leorn.errors import InputError
from leorn.serve.draw import Drawer
from tests.videos import number_of, write_video

TOO_MUCH = "making a picture of it takes too much; expected an ordinary video"


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    drawer = Drawer(60)
    yield drawer
    drawer.close()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return write_video(tmp_path / "v.mp4", range(40), size=(96, 64))


def number_in(content: bytes) -> tuple[int, int]:
    """Read the number and the width of a picture."""
    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return number_of(np.asarray(picture).astype(np.uint8)), picture.shape[1]


def process_of(drawer: Drawer) -> int:
    assert drawer._process is not None
    return drawer._process.pid


def test_one_process_draws_one_picture_after_the_other(drawer: Drawer, video: Path, tmp_path: Path) -> None:
    assert number_in(drawer.draw(video, 1.25, 48)) == (12, 48)
    first = process_of(drawer)
    (tmp_path / "broken.mp4").write_bytes(video.read_bytes()[:300])
    with pytest.raises(InputError, match=r"broken\.mp4: "):
        drawer.draw(tmp_path / "broken.mp4", 0, 48)
    with pytest.raises(InputError, match=r"gone\.mp4: "):
        drawer.draw(tmp_path / "gone.mp4", 0, 48)
    # never larger than it is
    assert number_in(drawer.draw(video, 99, 300)) == (39, 96)
    assert process_of(drawer) == first


def test_after_a_process_that_is_brought_down_another_draws(drawer: Drawer, video: Path) -> None:
    drawer.draw(video, 0, 48)
    first = process_of(drawer)
    os.kill(first, signal.SIGKILL)
    assert number_in(drawer.draw(video, 0.5, 48))[0] == 5
    assert process_of(drawer) != first


def test_a_picture_that_is_cut_off_is_asked_for_again(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture, begun = b"a whole picture", tmp_path / "begun"
    told = f'{{"bytes": {len(picture)}}}'
    # the first process ends in the middle of its answer
    program = tmp_path / "program"
    program.write_text(
        f"""#!/bin/sh
read asked
echo '{told}'
if [ -e {begun} ]; then printf '{picture.decode()}'; cat > /dev/null; else touch {begun}; printf 'a who'; fi
"""
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    drawer = Drawer(60)
    assert drawer.draw(video, 0, 48) == picture
    drawer.close()


def test_a_picture_that_takes_too_long_is_given_up(video: Path) -> None:
    drawer = Drawer(0.01)
    with pytest.raises(InputError, match=TOO_MUCH):
        drawer.draw(video, 0, 48)
    drawer.close()
    drawer.close()


def test_a_process_ends_with_who_started_it(video: Path) -> None:
    drawer = Drawer(60)
    drawer.draw(video, 0, 48)
    process = drawer._process
    assert process is not None
    assert process.stdin is not None
    # as the system does for one that is killed
    process.stdin.close()
    process.stdin = None
    assert process.wait(30) == 0
    drawer.close()


def test_a_name_of_many_lines_is_a_name(drawer: Drawer, video: Path) -> None:
    odd = video.with_name('a\n{"file": "b"}\u2028.mp4')
    video.rename(odd)
    assert number_in(drawer.draw(odd, 1.0, 48))[0] == 10
