"""What packets tell of a video, where a container is damaged."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from leorn.errors import InputError
from leorn.features.packets import Timeline, read_packets, read_timeline
from tests.videos import B_FRAMES, write_video

av = pytest.importorskip("av")

TICK = 1024
"""Ticks of an mp4 of ten frames a second, for one frame."""


def timeline(path: Path) -> Timeline:
    with av.open(str(path)) as container:
        return read_timeline(container, container.streams.video[0], "v")


def test_the_timeline_is_the_packets_in_ticks(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", 30, first=50)
    starts = tuple((50 + number) * TICK for number in range(0, 30, 7))
    assert timeline(path) == Timeline(50 * TICK, 80 * TICK, 48 * TICK, 30, starts, by_order=False)


def test_only_fresh_starts_are_keyframes_where_frames_are_known_by_their_order(tmp_path: Path) -> None:
    closed = timeline(write_video(tmp_path / "closed.avi", 30))
    assert (closed.keyframes, closed.by_order) == ((0, 7, 14, 21, 28), True)
    options = {"x264-params": B_FRAMES["x264-params"] + ":open-gop=1"}
    opened = timeline(write_video(tmp_path / "open.avi", 30, options=options))
    assert (opened.keyframes, opened.by_order) == ((0,), True)


def test_a_stream_that_marks_no_keyframe_starts_at_its_first_packet() -> None:
    packets = [
        SimpleNamespace(pts=pts, dts=pts, duration=10, size=1, is_keyframe=False, is_discard=False)
        for pts in (30, 60, 40, 50)
    ]
    container = Mock(format=Mock(), demux=Mock(return_value=packets))
    assert read_timeline(container, Mock(), "v") == Timeline(30, 70, 30, 4, (30,), by_order=False)


def test_packets_that_an_edit_list_cuts_off_are_not_shown() -> None:
    packets = [
        SimpleNamespace(pts=pts, dts=pts, duration=10, size=1, is_keyframe=pts == -20, is_discard=pts < 0)
        for pts in (-20, -10, 0, 10)
    ]
    container = Mock(format=Mock(), demux=Mock(return_value=packets))
    assert read_timeline(container, Mock(), "v") == Timeline(0, 20, -20, 2, (-20,), by_order=False)


@pytest.mark.parametrize("error", [av.InvalidDataError(1, "broken"), IndexError("list index out of range")])
def test_packets_are_read_up_to_where_the_file_breaks_off(error: Exception) -> None:
    def demux(stream: object) -> Iterator[SimpleNamespace]:
        yield from (SimpleNamespace(size=size) for size in (3, 0, 2))
        raise error

    assert [packet.size for packet in read_packets(Mock(demux=demux), Mock())] == [3, 2]


def test_a_stream_that_appears_on_the_way_does_not_harm(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.flv", 120)
    content = bytearray(path.read_bytes())
    # 13 bytes of header, then tags: a kind, three bytes of size, seven more, the content, four bytes of size again
    tag = 13
    for _ in range(115):
        tag += 15 + int.from_bytes(content[tag + 1 : tag + 4], "big")
    content[tag] = 8  # sound in place of pictures
    path.write_bytes(content)
    read = timeline(path)
    assert (read.start, read.end, read.frames) == (200, 12200, 119)


def test_a_device_that_fails_is_not_taken_for_the_end() -> None:
    def demux(stream: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(size=1)
        raise av.error.OSError(5, "Input/output error")

    with pytest.raises(av.FFmpegError, match="Input/output error"):
        list(read_packets(Mock(demux=demux), Mock()))


def test_no_packet_at_all_is_refused() -> None:
    container = Mock(format=Mock(), demux=Mock(return_value=[]))
    with pytest.raises(
        InputError, match=r"a\.mp4: cannot be read as a video \(no packet with a time\); expected a whole"
    ):
        read_timeline(container, Mock(), "a.mp4")
