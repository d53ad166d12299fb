"""Frames of videos whose every frame has a grey level of its own."""

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import UInt8

from leorn.errors import InputError
from leorn.features.video import find_video, read_frames
from tests.videos import RATE, level, write_video

av = pytest.importorskip("av")
PictureType = av.video.frame.PictureType

FRAMES = 30


def shown(path: Path, times: list[float]) -> list[int]:
    """Return the indices of the frames that are read, from their grey levels."""
    frames = read_frames(path, times)
    assert [time for time, _ in frames] == times
    return [round((float(picture.mean()) - 20) / 7) for _, picture in frames]


@pytest.mark.parametrize(("name", "first"), [("v.mp4", 0), ("v.mp4", 50), ("v.mkv", 50)])
def test_the_frame_shown_at_each_time_is_read(tmp_path: Path, name: str, first: int) -> None:
    path = write_video(tmp_path / name, FRAMES, first=first)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.start_time * stream.time_base == Fraction(first, RATE)
        assert {PictureType(frame.pict_type).name for frame in container.decode(stream)} == {"I", "P", "B"}
    for late in (0, 0.03, 0.09):
        assert shown(path, [index / RATE + late for index in range(FRAMES)]) == list(range(FRAMES))


def test_times_come_in_any_order_and_may_lie_outside_the_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES)
    assert shown(path, [2.55, 0.72, 99.0, 0.0, -1.0, 0.72]) == [25, 7, 29, 0, 0, 7]
    assert read_frames(path, []) == []


def test_wide_frames_are_made_smaller_and_small_ones_left_alone(tmp_path: Path) -> None:
    wide = write_video(tmp_path / "wide.mp4", 1, size=(960, 480))
    small = write_video(tmp_path / "small.mp4", 1, size=(48, 32))
    for path, shape in ((wide, (160, 320, 3)), (small, (32, 48, 3))):
        ((_, picture),) = read_frames(path, [0])
        assert picture.shape == shape
        assert picture.dtype == np.uint8


def test_pixels_are_made_square(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", 1, aspect=Fraction(3, 2))
    ((_, picture),) = read_frames(path, [0])
    assert picture.shape == (32, 72, 3)


@pytest.mark.parametrize("rotation", [0, 90, -90, 180])
def test_a_turned_video_is_read_upright(tmp_path: Path, rotation: int) -> None:
    if not hasattr(av.video.stream.VideoStream, "set_display_rotation"):
        pytest.skip("this PyAV cannot write a turned video")
    path = write_video(tmp_path / "v.mp4", 1, size=(960, 480), top=220, rotation=rotation)
    ((_, picture),) = read_frames(path, [0])
    height, width = picture.shape[:2]
    # the light half is on top of what was filmed, and turns counterclockwise
    light: dict[int, UInt8[np.ndarray, "h w 3"]] = {
        0: picture[: height // 2 - 8],
        90: picture[:, : width // 2 - 8],
        -90: picture[:, width // 2 + 8 :],
        180: picture[height // 2 + 8 :],
    }
    assert light[rotation].min() > 200
    assert picture.mean() == pytest.approx((220 + level(0)) / 2, abs=4)
    assert (height, width) == ((640, 320) if rotation in (90, -90) else (160, 320))


def test_a_real_clip_gives_the_frames_that_decoding_it_whole_gives(shared: Path) -> None:
    path = shared / "data" / "videos" / "mmaction2_demo.mp4"
    times = [0.0, 3.3, 9.9]
    with av.open(str(path)) as container:
        decoded = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    for time, picture in read_frames(path, times):
        expected = [array for shown_seconds, array in decoded if shown_seconds <= time][-1]
        # 340 pixels of 64:51 are 426.7 wide
        assert picture.shape == (192, 320, 3)
        # means over a grid of 4 x 4 do not depend on how a picture is made smaller
        coarse, fine = picture.reshape(4, 48, 4, 80, 3), expected.reshape(4, 64, 4, 85, 3)
        np.testing.assert_allclose(coarse.mean(axis=(1, 3)), fine.mean(axis=(1, 3)), atol=3)


def test_a_video_is_found_by_the_stem_of_its_file(tmp_path: Path) -> None:
    for name in ("a.txt", "a.MP4", "b.c.webm", "d.mov"):
        (tmp_path / name).touch()
    (tmp_path / "folder.mp4").mkdir()
    assert find_video(tmp_path, "a") == tmp_path / "a.MP4"
    assert find_video(tmp_path, "b.c") == tmp_path / "b.c.webm"
    assert [find_video(tmp_path, video) for video in ("b", "A", "", "e", "d.mov")] == [None] * 5


def test_an_id_is_never_taken_for_a_path(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "v.mp4").touch()
    (inside / "w.mp4").touch()
    assert find_video(inside, "../v") is None
    assert find_video(inside, str(tmp_path / "v")) is None
    assert find_video(tmp_path, "inside/w") is None
    assert find_video(inside, "?") is None


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none: No such file or directory; expected a folder of videos"):
        find_video(tmp_path / "none", "v")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.mp4: no such file; expected a video"):
        read_frames(tmp_path / "none.mp4", [0])


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.mp4"
    path.write_bytes(bytes(1000))
    with pytest.raises(InputError, match=r"broken\.mp4: cannot be read as a video \(Invalid data .*expected a whole"):
        read_frames(path, [0])


def test_a_video_without_a_frame_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "empty.avi", 1)
    whole = path.read_bytes()
    # the name and size of the first frame are still there
    path.write_bytes(whole[: whole.rindex(b"movi") + 12])
    with pytest.raises(InputError, match=r"empty\.avi: cannot be read as a video \(no frame at 0 s\)"):
        read_frames(path, [0])


def test_a_file_of_sound_only_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sound.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(InputError, match=r"sound\.mkv: holds no video stream; expected a video"):
        read_frames(path, [0])


def test_without_pyav_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"v\.mp4: reading a video needs PyAV: pip install leorn\[video\]"):
        read_frames(tmp_path / "v.mp4", [0])
