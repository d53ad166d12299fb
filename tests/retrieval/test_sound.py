"""What clips sound like, and laying pieces of sound on the grid of their samples."""

from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leorn.features.video import probe
from leorn.records import Moment
from leorn.retrieval.clips import write_clip
from leorn.retrieval.sound import JITTER_SAMPLES, SOUND_RATE, Piece, Samples, lay_out
from tests.retrieval.clips import AUDIO_FRAME_SECONDS, add_sound, assert_beeps, assert_shown, beeps, hear, onsets
from tests.videos import RATE, cut_file, decode_all, write_video

av = pytest.importorskip("av")

FRAMES = 40
"""Of the film."""


def piece(first: int, length: int, value: float = 1.0, channels: int = 1) -> Piece:
    return first, np.full((channels, length), value, np.float32)


def laid_out(pieces: list[Piece], length: int, channels: int = 1) -> Samples:
    return np.concatenate(list(lay_out(pieces, channels, length)), axis=1)


def test_what_is_before_the_start_and_after_the_end_is_cut_off() -> None:
    numbers = np.arange(3000, dtype=np.float32)[None]
    pieces = [(first, numbers[:, first + 1000 : first + 2000]) for first in (-1000, 0, 1000)]
    np.testing.assert_array_equal(laid_out(pieces, 1500), numbers[:, 1000:2500])
    np.testing.assert_array_equal(laid_out([(-500, numbers)], 1500), numbers[:, 500:2000])


def test_gaps_before_between_and_after_pieces_are_silent() -> None:
    samples = laid_out([piece(600, 100), piece(2000, 100, 2.0)], 3000)[0]
    expected = np.zeros(3000)
    expected[600:700], expected[2000:2100] = 1, 2
    np.testing.assert_array_equal(samples, expected)


def test_of_two_pieces_at_the_same_time_the_first_counts() -> None:
    samples = laid_out([piece(0, 2000), piece(1000, 2000, 2.0), piece(0, 500, 3.0)], 3000)[0]
    np.testing.assert_array_equal(samples, [1.0] * 2000 + [2.0] * 1000)


def test_times_that_are_a_little_off_leave_no_gap_and_add_up_to_none() -> None:
    rng = np.random.default_rng(0)
    tone = np.sin(np.arange(100_000)).astype(np.float32)[None]
    # a clock that drifts is followed only once it is off by more than the jitter
    pieces = [(first + int(rng.integers(-20, 21)), tone[:, first : first + 1000]) for first in range(0, 100_000, 1000)]
    pieces[0] = (0, pieces[0][1])
    np.testing.assert_array_equal(laid_out(pieces, 100_000), tone)
    late = [(first + (first > 50_000) * (JITTER_SAMPLES + 1), samples) for first, samples in pieces]
    silent = np.flatnonzero(laid_out(late, 100_000)[0] == 0)
    assert JITTER_SAMPLES - 20 < len(silent) < JITTER_SAMPLES + 25


def test_no_sound_at_all_is_silence_a_second_at_a_time() -> None:
    parts = list(lay_out([], 2, 2 * SOUND_RATE + 7))
    assert [part.shape for part in parts] == [(2, SOUND_RATE), (2, SOUND_RATE), (2, 7)]
    assert not np.concatenate(parts, axis=1).any()


@pytest.mark.parametrize("channels", [1, 2])
def test_nothing_is_read_once_the_end_is_reached(channels: int) -> None:
    pieces = iter([piece(0, 900, channels=channels), piece(900, 900, channels=channels), piece(1800, 900), piece(0, 1)])
    assert sum(part.shape[1] for part in lay_out(pieces, channels, 1000)) == 1000
    assert next(pieces)[0] == 0


@given(
    pieces=st.lists(st.tuples(st.integers(-3000, 6000), st.integers(0, 2000)), max_size=8),
    length=st.integers(1, 5000),
)
def test_there_are_always_as_many_samples_as_asked_for(pieces: list[tuple[int, int]], length: int) -> None:
    assert laid_out([piece(*each) for each in pieces], length).shape == (1, length)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
@pytest.mark.parametrize(
    ("name", "sound"),
    [
        ("pcm.mkv", {}),
        ("aac.mp4", {"codec": "aac", "rate": 44100}),
        ("late.mp4", {"codec": "aac", "shift_seconds": 5.0}),
        ("mp3.mkv", {"codec": "libmp3lame", "rate": 22050, "layout": "mono", "shift_seconds": 5.0}),
        ("opus.mkv", {"codec": "libopus"}),
        ("mp2.ts", {"codec": "mp2"}),
        ("pcm.avi", {"rate": 8000, "layout": "mono"}),
        ("six.mkv", {"codec": "ac3", "layout": "5.1"}),
    ],
)
def test_sound_is_cut_to_the_same_boundaries(
    silent: Path, tmp_path: Path, name: str, sound: dict[str, Any], suffix: str
) -> None:
    # a video whose times AVI can keep
    source = write_video(tmp_path / "mpeg4.avi", FRAMES, codec="mpeg4", options={}) if name == "pcm.avi" else silent
    video = add_sound(source, tmp_path / name, **sound)
    clip = tmp_path / f"clip{suffix}"
    write_clip(video, Moment(0.75, 3.1), clip)
    assert_beeps(clip, [(0.25, 1), (1.25, 2), (2.25, 3)])
    assert len(hear(clip)) / 48000 == pytest.approx(2.35, abs=AUDIO_FRAME_SECONDS)
    assert_shown(clip, [(0.0, 7)] + [(number / RATE - 0.75, number) for number in range(8, 31)], 2.35)
    with av.open(str(clip)) as container:
        assert container.streams.audio[0].layout.name == ("mono" if sound.get("layout") == "mono" else "stereo")
    # no channel is made louder, so that nothing is clipped
    assert np.abs(hear(clip)).max() == pytest.approx(0.5, abs=0.1)


def test_sound_is_cut_to_the_sample(film: Path, tmp_path: Path) -> None:
    # from inside the beep of second 1 to inside that of second 2
    write_clip(film, Moment(1.1, 2.1), tmp_path / "clip.mp4")
    samples = hear(tmp_path / "clip.mp4")
    # the end is coded as silence up to a whole frame, which the file says is not heard
    assert len(samples) == pytest.approx(48000, abs=1024)
    expected = beeps(4, 48000)[52800:100800]
    correlations = [np.dot(samples[9:47000], expected[9 + shift : 47000 + shift]) for shift in range(-9, 10)]
    assert np.argmax(correlations) == 9
    np.testing.assert_allclose(samples[:48000][2000:46000], expected[2000:46000], atol=0.08)


@pytest.mark.parametrize(("name", "codec"), [("v.mkv", "pcm_s16le"), ("sound.mp4", "aac"), ("v.ts", "mp2")])
def test_the_sound_of_a_moment_far_inside_a_video_is_its_own(tmp_path: Path, name: str, codec: str) -> None:
    few = {"preset": "ultrafast", "x264-params": "keyint=8:scenecut=0"}
    video = write_video(tmp_path / "v.mp4", 64, rate=2, options=few)
    film = add_sound(video, tmp_path / name, seconds=(0.0, 32.0), rate=32000, codec=codec)
    for start in (0.0, 25.3, 29.5):
        write_clip(film, Moment(start, start + 2), tmp_path / "clip.mp4")
        assert_beeps(
            tmp_path / "clip.mp4", [(second - start, second) for second in range(ceil(start), ceil(start) + 2)]
        )


def test_where_the_video_has_no_sound_the_clip_is_silent(silent: Path, tmp_path: Path) -> None:
    for name, codec in (("v.mkv", "pcm_s16le"), ("v.mp4", "aac")):
        video = add_sound(silent, tmp_path / name, codec=codec, seconds=(2.0, 2.9))
        write_clip(video, Moment(0.5, 3.9), tmp_path / "clip.mp4")
        assert_beeps(tmp_path / "clip.mp4", [(1.5, 2)])
        assert len(hear(tmp_path / "clip.mp4")) / 48000 == pytest.approx(3.4, abs=AUDIO_FRAME_SECONDS)
        write_clip(video, Moment(0.5, 1.5), tmp_path / "clip.mp4")
        assert np.abs(hear(tmp_path / "clip.mp4")).max() < 0.001


def test_sound_that_changes_its_rate_and_layout_is_followed(tmp_path: Path) -> None:
    content = b""
    for name, first, rate, layout in (("a.ts", 0, 48000, "stereo"), ("b.ts", 20, 32000, "mono")):
        pictures = write_video(tmp_path / f"silent-{name}", 20, first=first, options={"bf": "0"})
        part = add_sound(
            pictures, tmp_path / name, codec="mp2", rate=rate, layout=layout, seconds=(first / RATE, first / RATE + 2)
        )
        content += part.read_bytes()
    (tmp_path / "v.ts").write_bytes(content)
    write_clip(tmp_path / "v.ts", Moment(0.5, 3.5), tmp_path / "clip.mp4")
    assert_beeps(tmp_path / "clip.mp4", [(0.5, 1), (1.5, 2), (2.5, 3)])


def test_broken_sound_is_passed_over(silent: Path, tmp_path: Path) -> None:
    video = add_sound(silent, tmp_path / "v.mp4", codec="aac")
    content = bytearray(video.read_bytes())
    with av.open(str(video)) as container:
        for packet in container.demux(audio=0):
            if packet.size and 0.9 < packet.pts * packet.time_base < 1.4:
                content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    video.write_bytes(content)
    write_clip(video, Moment(0.5, 3.5), tmp_path / "clip.mp4")
    assert [start for start, _ in onsets(hear(tmp_path / "clip.mp4"))][-2:] == pytest.approx([1.5, 2.5], abs=0.02)
    assert_shown(tmp_path / "clip.mp4", [(number / RATE, 5 + number) for number in range(30)], 3)


def test_of_a_file_that_breaks_off_and_announces_no_length_the_part_that_is_there_is_cut(
    silent: Path, tmp_path: Path
) -> None:
    video = cut_file(add_sound(silent, tmp_path / "v.ts", codec="mp2"), 3 / 4)
    left = probe(video).duration_seconds
    assert 2.2 < left < 3.8
    write_clip(video, Moment(0.5, left), tmp_path / "clip.mp4")
    assert [start for start, _ in onsets(hear(tmp_path / "clip.mp4"))][:2] == pytest.approx([0.5, 1.5], abs=0.025)
    expected = [(float(time) - 0.5, number) for time, number in decode_all(video)[5:]]
    assert_shown(tmp_path / "clip.mp4", expected, left - 0.5)


def test_a_video_without_sound_gives_a_clip_without(silent: Path, tmp_path: Path) -> None:
    for name in ("clip.mp4", "clip.webm"):
        write_clip(silent, Moment(1, 2), tmp_path / name)
        with av.open(str(tmp_path / name)) as container:
            assert [stream.type for stream in container.streams] == ["video"]
