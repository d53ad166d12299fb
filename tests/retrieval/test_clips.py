"""Clips of videos whose every frame carries its number in its pixels."""

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.records import Moment
from leorn.retrieval import clips
from leorn.retrieval.clips import write_clip
from tests.disks import full_disk
from tests.retrieval.clips import assert_shown, hear
from tests.videos import RATE, copy_video, write_video

av = pytest.importorskip("av")

FRAMES = 40
"""Of the film."""
OPEN_GROUPS = {"x264-params": "bframes=3:b-adapt=0:keyint=7:scenecut=0:open-gop=1"}
VP9: dict[str, Any] = {"codec": "libvpx-vp9", "options": {"g": "7", "deadline": "realtime", "lag-in-frames": "0"}}
WAYS: dict[str, dict[str, Any]] = {
    "b-frames.mp4": {},
    "late.mkv": {"first": 50},
    "late.ts": {"first": 50},
    "open.ts": {"options": OPEN_GROUPS},
    "b-frames.avi": {},
    "vp9.webm": VP9,
    "png.mov": {"codec": "png", "options": {}, "pixels": "rgb24"},
}
"""Containers, codecs, orders of frames and starts."""


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_clip_shows_the_frames_of_its_moment_at_their_times(tmp_path: Path, name: str, suffix: str) -> None:
    video = write_video(tmp_path / name, FRAMES, **WAYS[name])
    clip = tmp_path / f"clip{suffix}"
    write_clip(video, Moment(1.05, 2.52), clip)
    expected = [(0.0, 10)] + [(number / RATE - 1.05, number) for number in range(11, 26)]
    assert_shown(clip, expected, 1.47)


@settings(max_examples=20)
@given(times=st.lists(st.integers(0, 400), min_size=2, max_size=2, unique=True))
def test_any_moment_is_cut_exactly(silent: Path, times: list[int]) -> None:
    start, end = sorted(time / 100 for time in times)
    clip = silent.with_name("clip.mp4")
    write_clip(str(silent), Moment(start, end), str(clip))
    shown = [(max(0.0, number / RATE - start), number) for number in range(FRAMES)]
    first = max(number for number in range(FRAMES) if number * 10 <= min(times))
    assert_shown(clip, [pair for pair in shown[first:] if 10 * pair[1] < max(times)], end - start)


def test_a_moment_of_the_whole_video_is_all_of_it(silent: Path, tmp_path: Path) -> None:
    write_clip(silent, Moment(0, 4), tmp_path / "clip.mp4")
    assert_shown(tmp_path / "clip.mp4", [(number / RATE, number) for number in range(FRAMES)], 4)


def test_a_moment_may_end_a_rounding_after_the_video(silent: Path, tmp_path: Path) -> None:
    write_clip(silent, Moment(3.8, 4.01), tmp_path / "clip.mp4")
    assert_shown(tmp_path / "clip.mp4", [(0, 38), (0.1, 39)], 0.2)


@pytest.mark.parametrize(("suffix", "codecs"), [(".mp4", ["h264", "aac"]), (".WEBM", ["vp9", "opus"])])
def test_the_suffix_says_how_a_clip_is_coded(film: Path, tmp_path: Path, suffix: str, codecs: list[str]) -> None:
    clip = tmp_path / "new" / f"clip{suffix}"
    write_clip(film, Moment(1, 2), clip)
    with av.open(str(clip)) as container:
        assert [stream.codec_context.codec.canonical_name for stream in container.streams] == codecs
        assert container.streams.video[0].pix_fmt == "yuv420p"
    content = clip.read_bytes()
    # an index in front, so that a browser plays while it loads
    assert suffix != ".mp4" or 0 < content.find(b"moov") < content.find(b"mdat")
    assert [path.name for path in clip.parent.iterdir()] == [clip.name]


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_the_same_video_gives_the_same_clip(film: Path, tmp_path: Path, suffix: str) -> None:
    pixels, samples = [], []
    for name in ("once", "again"):
        clip = tmp_path / f"{name}{suffix}"
        write_clip(film, Moment(0.3, 2.9), clip)
        with av.open(str(clip)) as container:
            pixels.append(np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]))
        samples.append(hear(clip))
    np.testing.assert_array_equal(pixels[0], pixels[1])
    np.testing.assert_array_equal(samples[0], samples[1])


def test_a_title_that_is_not_unicode_does_not_harm(tmp_path: Path) -> None:
    video = copy_video(write_video(tmp_path / "whole.avi", 20), tmp_path / "v.avi", title="café")
    content = video.read_bytes()
    assert "café".encode() in content
    video.write_bytes(content.replace("café".encode(), "café ".encode("latin-1")))
    write_clip(video, Moment(1, 1.2), tmp_path / "clip.mp4")
    assert_shown(tmp_path / "clip.mp4", [(0, 10), (0.1, 11)], 0.2)


@pytest.mark.parametrize("moment", [Moment(4, 5), Moment(3, 4.02), Moment(100, 101)])
def test_a_moment_outside_the_video_is_refused(silent: Path, tmp_path: Path, moment: Moment) -> None:
    with pytest.raises(InputError) as caught:
        write_clip(silent, moment, tmp_path / "clip.mp4")
    expected = f"{silent}: moment {moment.span} is not in the video; expected it within 0..4.00 s"
    assert str(caught.value) == expected
    assert not list(tmp_path.iterdir())


def test_a_video_is_not_written_over_by_its_own_clip(silent: Path, tmp_path: Path) -> None:
    video = tmp_path / "moment-1.mp4"
    shutil.copy(silent, video)
    before = video.read_bytes()
    (tmp_path / "link.mp4").symlink_to(video)
    for path in (video, tmp_path / "link.mp4"):
        with pytest.raises(InputError, match=rf"^clip {path}: is the video itself; expected another name or folder$"):
            write_clip(video, Moment(0, 0.5), path)
    assert video.read_bytes() == before


@pytest.mark.parametrize("name", ["clip.avi", "clip", "clip.mp4.txt"])
def test_another_suffix_is_refused_before_the_video_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        InputError, match=rf"^clip .*{name}: its suffix names no known format; expected \.mp4 or \.webm$"
    ):
        write_clip(tmp_path / "missing.mp4", Moment(0, 1), tmp_path / name)


def _text(path: Path) -> None:
    path.write_text("not a video\n" * 100)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_text, r"cannot be read as a video"),
        (Path.touch, r"the file is empty; expected a video"),
        (Path.mkdir, r"Is a directory; expected a video"),
        (lambda path: None, r"No such file or directory; expected a video"),
    ],
)
def test_what_is_no_video_is_refused(tmp_path: Path, make: Callable[[Path], None], message: str) -> None:
    video = tmp_path / "v.mp4"
    make(video)
    with pytest.raises(InputError, match=rf"^{video}: {message}"):
        write_clip(video, Moment(0, 1), tmp_path / "clips" / "clip.mp4")
    assert not (tmp_path / "clips").exists()


def test_a_folder_that_cannot_be_is_one_line(silent: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    clip = tmp_path / "taken" / "clip.mp4"
    with pytest.raises(InputError, match=rf"^cannot write {clip}: (File exists|Not a directory)$"):
        write_clip(silent, Moment(0, 1), clip)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_full_disk_is_one_line_and_leaves_the_old_clip(film: Path, tmp_path: Path, suffix: str) -> None:
    clip = tmp_path / f"clip{suffix}"
    clip.write_text("old")
    with full_disk(), pytest.raises(InputError, match=f"^cannot write {clip}: File too large$"):
        write_clip(film, Moment(0, 4), clip)
    assert clip.read_text() == "old"
    assert list(tmp_path.iterdir()) == [clip]


def test_a_video_that_breaks_between_two_readings_is_one_line(
    silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> Iterator[object]:
        raise av.InvalidDataError(1094995529, "Invalid data found when processing input")
        yield

    monkeypatch.setattr(clips, "cut_pictures", broken)
    clip = tmp_path / "clip.mp4"
    with pytest.raises(InputError) as caught:
        write_clip(silent, Moment(0, 1), clip)
    assert str(caught.value) == f"{silent}: cannot be cut to {clip} (Invalid data found when processing input)"
    assert not list(tmp_path.iterdir())


def test_without_pyav_the_extra_is_named(silent: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"needs PyAV: pip install leorn\[video\]$"):
        write_clip(silent, Moment(0, 1), tmp_path / "clip.mp4")
