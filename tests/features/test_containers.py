"""What is no video by its format, and files that are shorter than they announce."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leorn.errors import InputError
from leorn.features.video import probe, sample_frames
from tests.videos import copy_video, cut_file, number_of, numbered, write_video

av = pytest.importorskip("av")

VP9: dict[str, Any] = {"codec": "libvpx-vp9", "options": {"g": "7", "deadline": "realtime", "lag-in-frames": "0"}}
MPEG4: dict[str, Any] = {"codec": "mpeg4", "options": {"g": "9", "bf": "2"}}
ANNOUNCING: dict[str, dict[str, Any]] = {
    "v.mp4": {},
    "v.mov": {},
    "v.mkv": {},
    "late.mkv": {"first": 50},
    "v.webm": VP9,
    "v.flv": {},
    "v.avi": {},
    "mpeg4.avi": MPEG4,
}


def write_whole(path: Path, way: dict[str, Any]) -> Path:
    """Write twelve seconds, the index of an mp4 in front."""
    whole = write_video(path.with_stem("whole"), 120, size=(96, 64), **way)
    return copy_video(whole, path, {"movflags": "faststart"} if path.suffix in (".mp4", ".mov") else None)


def write_with_sound(path: Path, seconds: float) -> Path:
    """Write four seconds of numbered frames and some seconds of silence."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=10, options={"bf": "0"})
        pictures.width, pictures.height, pictures.pix_fmt = 96, 64, "yuv420p"
        sound = container.add_stream("aac", rate=11025, layout="mono")
        for tenth in range(round(10 * max(4, seconds))):
            if tenth < 40:
                frame = av.VideoFrame.from_ndarray(numbered(tenth, (96, 64)), format="rgb24")
                container.mux(pictures.encode(frame))
            if tenth < 10 * seconds:
                silence = av.AudioFrame.from_ndarray(np.zeros((1, 1102), np.float32), format="fltp", layout="mono")
                silence.sample_rate, silence.pts = 11025, 1102 * tenth
                container.mux(sound.encode(silence))
        container.mux(pictures.encode(None))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("name", ANNOUNCING)
def test_a_truncated_file_that_announces_its_length_is_refused(tmp_path: Path, name: str) -> None:
    path = write_whole(tmp_path / name, ANNOUNCING[name])
    assert probe(path).duration_seconds == pytest.approx(12)
    cut_file(path, 0.75)
    with pytest.raises(
        InputError, match=rf"^{path}: truncated: (\d+\.\d) of (\d+\.\d) s are there; expected a whole file$"
    ) as caught:
        next(sample_frames(path, 4))
    there, announced = (float(word) for word in str(caught.value).split() if word[:1].isdigit())
    start = 5 if name == "late.mkv" else 0
    assert announced == pytest.approx(start + 12, abs=0.2)
    assert 6 < there - start < 11


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv"])
def test_less_than_a_second_may_be_missing(tmp_path: Path, name: str) -> None:
    path = write_whole(tmp_path / name, {})
    content = path.read_bytes()
    with av.open(str(path)) as container:
        ends = sorted(packet.pos + packet.size for packet in container.demux(video=0) if packet.size)
    path.write_bytes(content[: ends[-1 - 5]])
    assert probe(path).duration_seconds == pytest.approx(11.5, abs=0.3)
    path.write_bytes(content[: ends[-1 - 20]])
    with pytest.raises(InputError, match=r"truncated: (9|10)\.\d of 12\.0 s are there"):
        probe(path)


@pytest.mark.parametrize("name", ["v.mp4", "v.mkv", "v.flv"])
@pytest.mark.parametrize("seconds", [1, 9])
def test_sound_may_be_longer_or_shorter_than_the_pictures(tmp_path: Path, name: str, seconds: float) -> None:
    path = write_with_sound(tmp_path / name, seconds)
    assert probe(path).duration_seconds == pytest.approx(4, abs=0.001)
    assert [number_of(picture) for _, picture in sample_frames(path, 40)] == list(range(40))


def test_where_only_sound_is_missing_the_file_is_truncated_all_the_same(tmp_path: Path) -> None:
    path = cut_file(write_with_sound(tmp_path / "v.mkv", 60), 0.8)
    with pytest.raises(InputError, match=r"v\.mkv: truncated: [2-5]\d\.\d of [56]\d\.\d s are there; expected a whole"):
        probe(path)


def test_an_avi_that_ends_in_repeated_pictures_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "v.avi"
    with (
        av.open(str(write_video(tmp_path / "whole.avi", 20, **MPEG4))) as source,
        av.open(str(path), "w") as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0])
        packets = [packet for packet in source.demux(video=0) if packet.size]
        repeated = av.Packet(0)
        repeated.pts = repeated.dts = 60
        repeated.time_base = packets[0].time_base
        for packet in (*packets, repeated):
            packet.stream = stream
            target.mux(packet)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames > 60
    assert [number_of(picture) for _, picture in sample_frames(path, 20)] == list(range(20))


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.bmp", "still.mp4"])
def test_a_picture_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    still = av.VideoFrame.from_ndarray(numbered(1234, (64, 48)), format="rgb24").to_image()
    still.save(path, format="PNG" if path.suffix == ".mp4" else None)
    with pytest.raises(InputError, match=rf"^{path}: is no video but a picture or a text \(.*\); expected a video$"):
        probe(path)


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("list.mp4", "concat", "ffconcat version 1.0\nfile part.ts\n"),
        ("list.m3u8", "hls", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\npart.ts\n#EXT-X-ENDLIST\n"),
    ],
)
def test_a_list_of_files_is_refused(tmp_path: Path, name: str, kind: str, text: str) -> None:
    write_video(tmp_path / "part.ts", 20)
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(InputError, match=rf"^{path}: is a list of other files \({kind}\); expected the video itself$"):
        probe(path)
