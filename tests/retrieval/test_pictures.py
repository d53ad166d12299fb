"""What clips show: at which times, how large, which way up and in which colours."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from leorn.features.video import probe
from leorn.records import Moment
from leorn.retrieval.clips import write_clip
from tests.retrieval.clips import assert_shown
from tests.videos import MATRICES, RATE, as_shown, decode_all, number_of, numbered, write_video

av = pytest.importorskip("av")

FRAMES = 40


def test_a_moment_inside_one_frame_shows_it(silent: Path, tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.webm"):
        write_clip(silent, Moment(1.22, 1.27), tmp_path / name)
        assert_shown(tmp_path / name, [(0, 12)], 0.05)
    write_clip(silent, Moment(1.22, 1.220001), tmp_path / "clip.mp4")
    assert_shown(tmp_path / "clip.mp4", [(0, 12)], 1 / 90_000)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_variable_frame_rate_stays_as_it_is(tmp_path: Path, suffix: str) -> None:
    ticks = [0, 1, 2, 3, 20, 21, 22, 60, 61, 90, 91, 150]
    video = write_video(tmp_path / "v.mkv", ticks)
    clip = tmp_path / f"clip{suffix}"
    # a long frame is shown at the start, another at the end
    write_clip(video, Moment(1.5, 14.25), clip)
    expected = [(0.0, 3)] + [(ticks[number] / RATE - 1.5, number) for number in range(4, 11)]
    assert_shown(clip, expected, 12.75)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_frame_shown_for_less_than_a_tick_keeps_its_place(tmp_path: Path, suffix: str) -> None:
    video = write_video(tmp_path / "v.mp4", [0, 10_000, 20_000], rate=10_000)
    write_clip(video, Moment(0.999_999, 3), tmp_path / f"clip{suffix}")
    with av.open(str(tmp_path / f"clip{suffix}")) as container:
        times = [frame.pts for frame in container.decode(video=0)]
    assert times == {".mp4": [0, 1, 90_000], ".webm": [0, 1, 1000]}[suffix]


def test_odd_sides_are_made_even(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", 20, codec="ffv1", options={}, size=(63, 47))
    for name in ("clip.mp4", "clip.webm"):
        write_clip(video, Moment(0.5, 1), tmp_path / name)
        assert (probe(tmp_path / name).width, probe(tmp_path / name).height) == (64, 48)
        assert_shown(tmp_path / name, [(index / RATE, 5 + index) for index in range(5)], 0.5)


def test_a_picture_of_one_pixel_is_a_clip(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "v.mov"), "w") as container:
        stream = container.add_stream("png", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 1, 1, "rgb24"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((1, 1, 3), 200, np.uint8), format="rgb24")))
        container.mux(stream.encode(None))
    write_clip(tmp_path / "v.mov", Moment(0, 0.04), tmp_path / "clip.mp4")
    ((time, number),) = decode_all(tmp_path / "clip.mp4")
    assert (time, number) == (0, 0xFFF)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_a_turned_video_gives_an_upright_clip(tmp_path: Path, rotation: int, suffix: str) -> None:
    video = write_video(tmp_path / "v.mp4", FRAMES, size=(64, 48), rotation=rotation)
    clip = tmp_path / f"clip{suffix}"
    write_clip(video, Moment(1, 2), clip)
    info = probe(clip)
    assert info.rotation_degrees == 0
    assert (info.width, info.height) == ((48, 64) if rotation % 180 else (64, 48))
    with av.open(str(clip)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [number_of(np.rot90(picture, -rotation // 90)) for picture in pictures] == list(range(10, 20))


@pytest.mark.parametrize("turn", MATRICES)
def test_a_mirrored_or_turned_video_gives_an_upright_clip(tmp_path: Path, turn: tuple[int, int, int, int]) -> None:
    video = write_video(tmp_path / "v.mp4", 20, size=(64, 48), matrix=MATRICES[turn])
    write_clip(video, Moment(0.5, 1), tmp_path / "clip.mp4")
    assert probe(tmp_path / "clip.mp4").mirrored is False
    with av.open(str(tmp_path / "clip.mp4")) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(pictures) == 5
    for number, picture in enumerate(pictures, 5):
        expected = as_shown(numbered(number, (64, 48)), turn)
        assert picture.shape == expected.shape
        # the middles of blocks of 16 pixels, black or white; their edges blur
        assert np.abs(picture.astype(int) - expected)[8::16, 8::16].max() < 40


def test_pixels_are_made_square(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", 10, aspect=Fraction(3, 2))
    write_clip(video, Moment(0, 1), tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (72, 32)
        assert stream.sample_aspect_ratio in (None, 1)
    assert [number for _, number in decode_all(tmp_path / "clip.mp4")] == list(range(10))


def test_a_size_that_changes_on_the_way_is_made_the_first_ones(tmp_path: Path) -> None:
    small = write_video(tmp_path / "small.ts", 20)
    large = write_video(tmp_path / "large.ts", 20, first=25, size=(96, 96))
    video = tmp_path / "both.ts"
    video.write_bytes(small.read_bytes() + large.read_bytes())
    # the container counts the first part from 0.2 s on
    write_clip(video, Moment(1.8, 2.5), tmp_path / "clip.mp4")
    assert_shown(tmp_path / "clip.mp4", [(0, 18), (0.1, 19), (0.5, 0), (0.6, 1)], 0.7)
    assert (probe(tmp_path / "clip.mp4").width, probe(tmp_path / "clip.mp4").height) == (48, 32)


@pytest.mark.parametrize("rotation", [0, 90])
@pytest.mark.parametrize("tags", [(1, 2), (6, 1), (2, 2), (9, 1)], ids=["709", "601", "unspecified", "2020"])
def test_colours_stay_as_they_were(tmp_path: Path, rotation: int, tags: tuple[int, int]) -> None:
    colour, video = np.array([[[200, 60, 90]]], np.uint8), tmp_path / "v.mp4"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "5"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = tags
        if rotation:
            stream.set_display_rotation(rotation)
        for _ in range(5):
            frame = av.VideoFrame.from_ndarray(np.tile(colour, (48, 64, 1)), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    write_clip(video, Moment(0.1, 0.5), tmp_path / "clip.mp4")
    tagged, pictures = [], []
    for path in (video, tmp_path / "clip.mp4"):
        with av.open(str(path)) as container:
            frame = next(container.decode(video=0))
            tagged.append((frame.colorspace, frame.color_range))
            pictures.append(frame.to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0))
    assert tagged[1] == tagged[0]
    np.testing.assert_allclose(pictures[1], pictures[0], atol=3)


@pytest.mark.parametrize("form", ["rgb24", "rgba", "gray", "gray16be"])
def test_colours_that_come_as_red_green_and_blue_are_coded_for_a_player(tmp_path: Path, form: str) -> None:
    colour = np.tile(np.array([[[200, 60, 90]]], np.uint8), (48, 64, 1))
    still = av.VideoFrame.from_ndarray(colour, format="rgb24").reformat(format=form)
    expected = still.to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0)
    with av.open(str(tmp_path / "v.mov"), "w") as container:
        stream = container.add_stream("png", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, form
        container.mux(stream.encode(still))
    write_clip(tmp_path / "v.mov", Moment(0, 0.1), tmp_path / "clip.mp4")
    with av.open(str(tmp_path / "clip.mp4")) as container:
        frame = next(container.decode(video=0))
    # BT.709, 219 steps
    assert (frame.colorspace, frame.color_range) == (1, 1)
    np.testing.assert_allclose(frame.to_ndarray(format="rgb24").reshape(-1, 3).mean(axis=0), expected, atol=4)


def test_a_broken_frame_is_the_one_before_it(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", FRAMES, codec="mjpeg", pixels="yuvj420p", options={})
    content = bytearray(video.read_bytes())
    with av.open(str(video)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        for packet in (packets[12], packets[14]):
            content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    video.write_bytes(content)
    write_clip(video, Moment(1.1, 1.5), tmp_path / "clip.mp4")
    assert_shown(tmp_path / "clip.mp4", [(0, 11), (0.1, 11), (0.2, 13), (0.3, 13)], 0.4)


def test_the_cover_of_a_record_is_not_the_video(silent: Path, tmp_path: Path) -> None:
    video = tmp_path / "record.mp4"
    with av.open(str(silent)) as source, av.open(str(video), "w") as target:
        cover = target.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 96, 96, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        pictures = target.add_stream_from_template(source.streams.video[0])
        target.mux(cover.encode(av.VideoFrame.from_ndarray(np.zeros((96, 96, 3), np.uint8), format="rgb24")))
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = pictures
                target.mux(packet)
    write_clip(video, Moment(1, 1.2), tmp_path / "clip.mp4")
    assert_shown(tmp_path / "clip.mp4", [(0, 10), (0.1, 11)], 0.2)
