"""Finding, probing and sampling videos whose every frame carries its number in its pixels."""

import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leorn.errors import InputError
from leorn.features import frames as frames_module
from leorn.features.video import VideoInfo, find_video, find_videos, probe, read_frames, sample_frames
from tests.videos import (
    MATRICES,
    RATE,
    as_shown,
    copy_video,
    cut_file,
    decode_all,
    number_of,
    numbered,
    write_video,
)

av = pytest.importorskip("av")

FRAMES = 40
OPEN_GROUPS = {"x264-params": "bframes=3:b-adapt=0:keyint=7:scenecut=0:open-gop=1"}
"""B-frames between two groups of pictures, made from both."""
P_FRAMES = {"x264-params": "bframes=0:keyint=7:scenecut=0"}
B_FRAMES_OF_MPEG = {"g": "9", "bf": "2"}
REFRESHED = {"x264-params": "intra-refresh=1:keyint=10"}
"""No second keyframe: a column of blocks that wanders renews the picture."""
VP9: dict[str, Any] = {"codec": "libvpx-vp9", "options": {"g": "7", "deadline": "realtime", "lag-in-frames": "0"}}
WAYS: dict[str, dict[str, Any]] = {
    "b-frames.mp4": {},
    "b-frames.mkv": {},
    "b-frames.ts": {},
    "b-frames.avi": {},
    "b-frames.m4v": {},
    "b-frames.m2ts": {},
    "b-frames.flv": {},
    "b-frames.3gp": {},
    "late.mp4": {"first": 50},
    "late.mkv": {"first": 50},
    "late.ts": {"first": 50},
    "open.mp4": {"options": OPEN_GROUPS},
    "open.ts": {"options": OPEN_GROUPS},
    "open.avi": {"options": OPEN_GROUPS},
    "refreshed.mp4": {"options": REFRESHED},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": B_FRAMES_OF_MPEG},
    "mpeg4.avi": {"codec": "mpeg4", "options": B_FRAMES_OF_MPEG},
    "dense.avi": {"codec": "mpeg4", "options": {"g": "2", "bf": "2"}},
    "dense-mpeg2.avi": {"codec": "mpeg2video", "options": {"g": "3", "bf": "2"}},
    "wmv2.wmv": {"codec": "wmv2", "options": {}},
    "vp9.webm": VP9,
    "odd-mpeg4.mkv": {"codec": "mpeg4", "options": {}, "size": (63, 47)},
    "odd-ffv1.mkv": {"codec": "ffv1", "options": {}, "size": (63, 47)},
    "odd-png.mov": {"codec": "png", "options": {}, "size": (63, 47), "pixels": "rgb24"},
}
"""Containers, codecs and orders of frames."""


def sampled(path: Path, count: int) -> list[int]:
    """Return the numbers of the frames at the middles of equal parts."""
    return [number_of(picture) for _, picture in sample_frames(path, count)]


def shown(path: Path, times: list[float]) -> list[int]:
    """Return the numbers of the frames at some times."""
    frames = read_frames(path, times)
    assert [time for time, _ in frames] == times
    return [number_of(picture) for _, picture in frames]


def last_before(frames: Sequence[tuple[Fraction, int]], seconds: Fraction) -> int:
    """Return the number of the last frame that does not come after a time: what decoding a whole video gives."""
    return [number for time, number in frames if time <= seconds][-1]


def overwrite(path: Path, broken: Sequence[int]) -> None:
    """Overwrite some packets of an mp4, by their place in it."""
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        for place in broken:
            packet = packets[place]
            content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path.write_bytes(content)


def write_sound(path: Path, *, cover: bool = False) -> Path:
    """Write a tenth of a second of silence, with the picture of a record's cover or without."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        pictures = container.add_stream("png") if cover else None
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 8000, 0
        if pictures is not None:
            pictures.width, pictures.height, pictures.pix_fmt = 48, 32, "rgb24"
            pictures.disposition = av.stream.Disposition.attached_pic
            container.mux(pictures.encode(av.VideoFrame.from_ndarray(numbered(5, (48, 32)), format="rgb24")))
            container.mux(pictures.encode(None))
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", WAYS)
def test_the_frames_at_the_middles_of_equal_parts_are_sampled(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, FRAMES, **WAYS[name])
    for count in (1, 3, 13, 40, 90):
        assert sampled(path, count) == [(2 * part + 1) * FRAMES // (2 * count) for part in range(count)]


@pytest.mark.parametrize("name", WAYS)
def test_probing_tells_what_was_written(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, FRAMES, **WAYS[name])
    info = probe(path)
    width, height = WAYS[name].get("size", (48, 32))
    codec = {"libvpx-vp9": "vp9"}.get(WAYS[name].get("codec", "h264"), WAYS[name].get("codec", "h264"))
    assert info == VideoInfo(path, info.duration_seconds, info.frame_rate, width, height, 0, False, codec)
    assert info.duration_seconds == pytest.approx(FRAMES / RATE)
    assert info.frame_rate == pytest.approx(RATE)


def test_the_times_are_the_middles_in_rising_order(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES, first=50)
    times = [time for time, _ in sample_frames(str(path), 5)]
    assert times == pytest.approx([0.4, 1.2, 2.0, 2.8, 3.6])


@settings(max_examples=25)
@given(
    rate=st.integers(1, 60),
    # FFmpeg does not open an mpegts file of two frames
    frames=st.integers(5, 40),
    group=st.integers(1, 20),
    between=st.integers(0, 3),
    first=st.integers(0, 30),
    count=st.integers(1, 60),
    suffix=st.sampled_from(["mp4", "mkv", "ts"]),
)
def test_sampling_agrees_with_decoding_everything(
    tmp_path_factory: pytest.TempPathFactory,
    rate: int, frames: int, group: int, between: int, first: int, count: int, suffix: str,
) -> None:  # fmt: skip
    options = {"preset": "ultrafast", "x264-params": f"bframes={between}:keyint={group}:scenecut=0"}
    path = tmp_path_factory.mktemp("sampling") / f"v.{suffix}"
    write_video(path, frames, rate=rate, first=first, options=options)
    decoded = decode_all(path)
    assert [number for _, number in decoded] == list(range(frames))
    duration = probe(path).duration_seconds
    # times are to a millisecond in Matroska
    assert duration == pytest.approx(frames / rate, abs=0.0021)
    exact = Fraction(duration).limit_denominator(90000)
    assert sampled(path, count) == [last_before(decoded, exact * (2 * part + 1) / (2 * count)) for part in range(count)]


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_a_variable_frame_rate_is_followed(tmp_path: Path, name: str) -> None:
    ticks = [0, 1, 2, 3, 20, 21, 22, 60, 61, 90, 91, 92, 93, 94, 150, 151]
    path = write_video(tmp_path / name, ticks)
    info = probe(path)
    assert info.duration_seconds == pytest.approx(15.2)
    assert info.frame_rate == pytest.approx(len(ticks) / 15.2)
    written = [(Fraction(tick, RATE), number) for number, tick in enumerate(ticks)]
    middles = [Fraction(152, RATE) * (2 * part + 1) / 80 for part in range(40)]
    assert sampled(path, 40) == [last_before(written, middle) for middle in middles]


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.webm", "v.avi", "v.ts"])
def test_a_single_frame_is_given_at_every_time_as_one_array(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, [0], **(VP9 if name == "v.webm" else {}))
    times, pictures = zip(*sample_frames(path, 4), strict=True)
    assert times == pytest.approx([0.0125, 0.0375, 0.0625, 0.0875])
    assert all(picture is pictures[0] for picture in pictures)
    assert number_of(pictures[0]) == 0


def test_a_frame_of_which_nothing_tells_how_long_it_is_shown_lasts_a_25th_of_a_second(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.wmv", [0], codec="wmv2", options={})
    assert probe(path).duration_seconds == pytest.approx(0.04)
    assert sampled(path, 3) == [0, 0, 0]


def test_a_lossless_frame_is_given_to_the_bit(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mov", 3, codec="png", pixels="rgb24", options={}, size=(63, 47))
    for number, (_, picture) in enumerate(sample_frames(path, 3)):
        np.testing.assert_array_equal(picture, numbered(number, (63, 47)))
        assert picture.dtype == np.uint8


def test_large_frames_are_made_smaller_and_small_ones_left_alone(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", 9, size=(96, 48))
    for max_side, shape in ((None, (48, 96, 3)), (96, (48, 96, 3)), (500, (48, 96, 3)), (50, (25, 50, 3))):
        pictures = [picture for _, picture in sample_frames(path, 9, max_side)]
        assert {picture.shape for picture in pictures} == {shape}
        assert [number_of(picture) for picture in pictures] == list(range(9))


def test_frames_to_look_at_are_320_pixels_at_most(tmp_path: Path) -> None:
    for name, size, shape in (("wide.mp4", (960, 480), (160, 320, 3)), ("tall.mp4", (480, 960), (320, 160, 3))):
        ((_, picture),) = read_frames(write_video(tmp_path / name, 1, size=size), [0])
        assert picture.shape == shape


def test_pixels_are_made_square(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", 2, aspect=Fraction(3, 2))
    info = probe(path)
    assert (info.width, info.height) == (72, 32)
    pictures = [picture for _, picture in sample_frames(path, 2)]
    assert [picture.shape for picture in pictures] == [(32, 72, 3)] * 2
    assert [number_of(picture) for picture in pictures] == [0, 1]


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_a_turned_video_is_given_upright(tmp_path: Path, rotation: int) -> None:
    # stored is what was filmed, turned the other way round
    path = write_video(tmp_path / "v.mp4", FRAMES, size=(64, 48), rotation=rotation)
    info = probe(path)
    assert info.rotation_degrees == rotation % 360
    assert (info.width, info.height) == ((48, 64) if rotation % 180 else (64, 48))
    for number, (_, picture) in enumerate(sample_frames(path, FRAMES)):
        assert picture.shape == (info.height, info.width, 3)
        assert number_of(np.rot90(picture, -rotation // 90)) == number
    ((_, small),) = sample_frames(path, 1, 32)
    assert small.shape == ((32, 24, 3) if rotation % 180 else (24, 32, 3))


@pytest.mark.parametrize("turn", MATRICES)
def test_a_mirrored_or_turned_video_is_given_as_its_display_matrix_says(
    tmp_path: Path, turn: tuple[int, int, int, int]
) -> None:
    way: dict[str, Any] = {"codec": "png", "pixels": "rgb24", "options": {}, "size": (64, 48)}
    path = write_video(tmp_path / "v.mov", 3, matrix=MATRICES[turn], **way)
    info = probe(path)
    assert info.mirrored == (turn[0] * turn[3] < turn[1] * turn[2])
    assert (info.width, info.height) == ((64, 48) if turn[0] else (48, 64))
    for number, (_, picture) in enumerate(sample_frames(path, 3)):
        np.testing.assert_array_equal(picture, as_shown(numbered(number, (64, 48)), turn))


def test_a_size_that_changes_on_the_way_is_made_the_first_ones(tmp_path: Path) -> None:
    small = write_video(tmp_path / "small.ts", 20, first=20)
    large = write_video(tmp_path / "large.ts", 20, first=40, size=(96, 96))
    path = tmp_path / "both.ts"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    pictures = [picture for _, picture in sample_frames(path, 40)]
    assert {picture.shape for picture in pictures} == {(32, 48, 3)}
    assert [number_of(picture) for picture in pictures] == [*range(20), *range(20)]


def test_the_same_file_gives_the_same_pixels_every_time(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES, size=(96, 64))
    once, again = ([picture for _, picture in sample_frames(path, 17, 60)] for _ in range(2))
    np.testing.assert_array_equal(once, again)
    # nor does it matter what was decoded before
    alone = read_frames(path, [2.5])[0][1]
    np.testing.assert_array_equal(alone, read_frames(path, [0.0, 1.3, 2.5])[2][1])


def test_groups_of_pictures_between_two_times_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = Mock(wraps=frames_module.decode_packet)
    monkeypatch.setattr(frames_module, "decode_packet", decoder)
    counts = []
    for group in (10, 400):
        path = write_video(tmp_path / f"{group}.mp4", 400, options={"x264-params": f"keyint={group}:scenecut=0"})
        decoder.reset_mock()
        assert sampled(path, 4) == [50, 150, 250, 350]
        counts.append(decoder.call_count)
    # the first frame and four more, each the first of its group: few packets go in until one comes out
    assert counts[0] < 5 * 10
    assert 350 < counts[1] <= 401
    decoder.reset_mock()
    assert sampled(tmp_path / "10.mp4", 400) == list(range(400))
    assert decoder.call_count == 401


def test_times_come_in_any_order_and_may_lie_outside_the_video(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES)
    assert shown(path, [2.55, 0.72, 99.0, 0.0, -1.0, 0.72]) == [25, 7, 39, 0, 0, 7]
    assert read_frames(path, []) == []


@pytest.mark.parametrize("name", ["b-frames.mp4", "late.mkv", "b-frames.avi", "late.ts"])
def test_the_frame_shown_at_each_time_is_read(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, FRAMES, **WAYS[name])
    for late in (0, 0.03, 0.09):
        assert shown(path, [index / RATE + late for index in range(FRAMES)]) == list(range(FRAMES))


@pytest.mark.parametrize("clip", ["mmaction2_demo.mp4", "flipping_a_pancake.mkv"])
def test_a_real_clip_gives_the_frames_that_decoding_it_whole_gives(shared: Path, clip: str) -> None:
    path = shared / "data" / "videos" / clip
    with av.open(str(path)) as container:
        decoded = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    for time, picture in sample_frames(path, 5):
        expected = [array for seconds, array in decoded if seconds - decoded[0][0] <= time][-1]
        # means over a grid of 4 x 4 do not depend on how a picture is made smaller or wider
        got, wanted = (
            [part.mean() for row in np.array_split(array, 4) for part in np.array_split(row, 4, axis=1)]
            for array in (picture, expected)
        )
        np.testing.assert_allclose(got, wanted, atol=3)


def test_broken_packets_are_passed_over(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES, codec="mjpeg", pixels="yuvj420p", options={})
    broken = {9: 8, 10: 8} | dict.fromkeys(range(20, 30), 19)
    overwrite(path, list(broken))
    expected = [broken.get(number, number) for number in range(FRAMES)]
    assert sampled(path, FRAMES) == expected
    # nor is one started from
    for times in ([1.0], [2.0], [2.9], [2.3, 2.8, 3.0], [0.3, 0.9, 2.5, 3.9]):
        assert shown(path, times) == [expected[round(time * RATE)] for time in times]


def test_a_stretch_without_a_frame_shows_the_one_before_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES, options=P_FRAMES)
    overwrite(path, range(16, FRAMES))
    assert sampled(path, FRAMES) == [*range(16), *[15] * (FRAMES - 16)]
    assert shown(path, [3.9]) == [15]


def test_before_the_first_frame_that_can_be_decoded_that_one_is_shown(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES, codec="mjpeg", pixels="yuvj420p", options={})
    overwrite(path, range(3))
    assert sampled(path, FRAMES) == [3, 3, 3, *range(3, FRAMES)]
    assert shown(path, [0.1]) == [3]


def test_packets_before_the_first_keyframe_do_not_count(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES, options=P_FRAMES)
    # FFmpeg looks into the packet of a keyframe, and no longer calls it one
    overwrite(path, [0])
    assert probe(path).duration_seconds == pytest.approx((FRAMES - 7) / RATE)
    assert sampled(path, FRAMES - 7) == list(range(7, FRAMES))


def test_frames_that_leave_the_decoder_out_of_order_are_left_out(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES)
    # the keyframe whose loss makes FFmpeg give 18 before 12
    overwrite(path, [14])
    assert sampled(path, FRAMES)[:14] == pytest.approx(list(range(14)), abs=2)
    assert sampled(path, FRAMES)[21:] == list(range(21, FRAMES))


def test_a_video_of_broken_packets_only_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", 5)
    overwrite(path, range(5))
    with pytest.raises(InputError, match=r"v\.mp4: none of its 5 frames can be decoded; expected a whole file"):
        probe(path)


@pytest.mark.parametrize("name", ["v.ts", "live.webm"])
@pytest.mark.parametrize("share", [0.4, 0.75])
def test_where_no_length_is_announced_the_part_of_a_truncated_file_that_is_there_is_read(
    tmp_path: Path, name: str, share: float
) -> None:
    path = write_video(tmp_path / name, 120, size=(96, 64), **(VP9 if name == "live.webm" else {}))
    if name == "live.webm":
        path = copy_video(path, tmp_path / "streamed.webm", {"live": "1"})
    left = decode_all(cut_file(path, share))
    assert 20 < len(left) < 115
    duration = probe(path).duration_seconds
    assert duration == pytest.approx((left[-1][1] + 1) / RATE, abs=0.001)
    assert sampled(path, 10) == [last_before(left, Fraction(duration) * (2 * part + 1) / 20) for part in range(10)]


def test_a_webm_without_a_duration_is_measured(tmp_path: Path) -> None:
    path = copy_video(write_video(tmp_path / "whole.webm", 25, **VP9), tmp_path / "live.webm", {"live": "1"})
    with av.open(str(path)) as container:
        assert container.duration is None
    assert probe(path).duration_seconds == pytest.approx(2.5)
    assert sampled(path, 25) == list(range(25))


def test_a_title_that_is_not_unicode_does_not_harm(tmp_path: Path) -> None:
    path = copy_video(write_video(tmp_path / "whole.mkv", 5), tmp_path / "v.mkv", title="café")
    content = path.read_bytes()
    assert "café".encode() in content
    path.write_bytes(content.replace("café".encode(), "café!".encode("latin-1")))
    assert sampled(path, 5) == list(range(5))


def test_sound_that_is_longer_than_the_pictures_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=8000, layout="mono")
        pictures = container.add_stream("libx264", rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt = 48, 32, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(numbered(number, (48, 32)), format="rgb24")
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        for part in range(50):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), dtype=np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts = 8000, 800 * part
            container.mux(sound.encode(silence))
        container.mux(sound.encode(None))
    assert probe(path).duration_seconds == pytest.approx(1)
    assert sampled(path, 10) == list(range(10))


def test_an_mp4_cut_in_half_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "half.mp4", FRAMES)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=r"half\.mp4: cannot be read as a video \(Invalid data.*expected a whole"):
        probe(path)


def test_a_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("not a video\n" * 100)
    with pytest.raises(InputError, match=r"notes\.mp4: cannot be read as a video \(Invalid data.*expected a whole"):
        next(sample_frames(path, 1))


def test_a_playlist_leads_to_no_address(tmp_path: Path) -> None:
    path = tmp_path / "list.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://localhost:9/v.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(InputError, match=r"list\.mp4: cannot be read as a video"):
        probe(path)


@pytest.mark.parametrize(("name", "cover"), [("sound.mp4", False), ("record.mp4", True)])
def test_a_file_of_sound_only_is_refused(tmp_path: Path, name: str, cover: bool) -> None:
    path = write_sound(tmp_path / name, cover=cover)
    with av.open(str(path)) as container:
        assert len(container.streams.video) == cover
    with pytest.raises(InputError, match=rf"{name}: holds no video stream; expected a video"):
        probe(path)


def test_a_codec_that_is_not_known_is_said(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mkv", 3, codec="ffv1", options={})
    path.write_bytes(path.read_bytes().replace(b"V_FFV1", b"V_NEW1"))
    with pytest.raises(InputError, match=r"v\.mkv: FFmpeg has no decoder for its video; expected one it knows"):
        probe(path)


def test_a_stream_without_times_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "bare.h264", 5)
    with pytest.raises(InputError, match=r"bare\.h264: .*no packet with a time"):
        probe(path)


def test_a_video_of_one_time_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "still.mkv", [0, 0, 0], codec="ffv1", options={})
    with pytest.raises(InputError, match=r"still\.mkv: all its 3 frames are shown at the same time; expected a time"):
        probe(path)
    # one frame has but one
    assert probe(write_video(tmp_path / "one.mkv", [0], codec="ffv1", options={})).duration_seconds > 0


def test_a_video_without_a_packet_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "empty.avi", 1)
    whole = path.read_bytes()
    # the name and size of the first frame are still there
    path.write_bytes(whole[: whole.rindex(b"movi") + 12])
    with pytest.raises(InputError, match=r"empty\.avi: cannot be read as a video \(no packet with a time\)"):
        read_frames(path, [0])


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").touch()
    with pytest.raises(InputError, match=r"v\.mp4: the file is empty; expected a video"):
        probe(tmp_path / "v.mp4")


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.mp4: No such file or directory; expected a video"):
        read_frames(tmp_path / "none.mp4", [0])


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r": Is a directory; expected a video"):
        probe(tmp_path)


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "v.mp4", 1)

    def refuse(file: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied", str(file))

    # to the superuser no mode of a file forbids to read it
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"v\.mp4: Permission denied; expected a video"):
        probe(path)


def test_without_pyav_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"v\.mp4: reading a video needs PyAV: pip install leorn\[video\]"):
        read_frames(tmp_path / "v.mp4", [0])


def test_no_frame_at_all_cannot_be_sampled(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"v\.mp4: 0 frames; expected at least 1"):
        next(sample_frames(tmp_path / "v.mp4", 0))


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


def test_videos_are_found_in_folders_at_any_depth_and_files_taken_as_they_are(tmp_path: Path) -> None:
    deep = tmp_path / "in" / "deep"
    deep.mkdir(parents=True)
    for file in (deep / "b.MKV", deep / "notes.txt", tmp_path / "in" / "a.mp4", tmp_path / "c.anything"):
        file.touch()
    (deep / "folder.mp4").mkdir()
    assert find_videos([tmp_path / "in"]) == [tmp_path / "in" / "a.mp4", deep / "b.MKV"]
    assert find_videos([str(tmp_path / "c.anything"), deep, tmp_path / "in"]) == [
        tmp_path / "c.anything", tmp_path / "in" / "a.mp4", deep / "b.MKV",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["v.m4v", "v.MPG", "v.mpeg", "v.ts", "v.MTS", "v.m2ts", "v.flv", "v.wmv", "v.3gp", "v.ogv"]
)
def test_less_usual_suffixes_are_known(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert find_videos([tmp_path]) == [tmp_path / name]
    assert find_video(tmp_path, "v") == tmp_path / name


def test_a_path_without_a_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.mp4: No such file or directory; expected a video or a folder of"):
        find_videos([tmp_path, tmp_path / "none.mp4"])
    with pytest.raises(InputError, match=r": holds no video; expected files ending in \.3gp, \.avi, .*, \.wmv$"):
        find_videos([tmp_path])
    with pytest.raises(InputError, match=r"no path: holds no video"):
        find_videos([])
