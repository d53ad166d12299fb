"""Decoding where seeking does not land as asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leorn.features.frames import FrameReader
from leorn.features.packets import read_timeline
from tests.videos import number_of, write_video

av = pytest.importorskip("av")

FRAMES = 200
TICK = 1024
"""Ticks of an mp4 of ten frames a second, for one frame."""


class Clumsy:
    """A container whose seeks land late unless they go to the start, and of which some after the first fail."""

    def __init__(self, container: "av.container.InputContainer", late: int, failing: int) -> None:
        self._container, self._late, self._failing = container, late, failing
        self.sought: list[int] = []

    def seek(self, place: int, stream: "av.VideoStream") -> None:
        self.sought.append(place)
        if 1 < len(self.sought) <= 1 + self._failing:
            raise av.error.PermissionError(1, "Operation not permitted")
        self._container.seek(place + self._late if place > 0 else 0, stream=stream)

    def demux(self, stream: "av.VideoStream") -> "Iterator[av.Packet]":
        return self._container.demux(stream)


@pytest.mark.parametrize(("late", "failing"), [(0, 0), (8, 0), (40, 0), (150, 0), (300, 0), (0, 3), (40, 3)])
def test_a_seek_that_lands_after_the_time_goes_further_back(tmp_path: Path, late: int, failing: int) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        timeline = read_timeline(container, stream, "v")
        clumsy = Clumsy(container, late * TICK, failing)
        reader = FrameReader(clumsy, stream, timeline)  # pyrefly: ignore[bad-argument-type]
        for number in (3, 50, 51, 120, 199):
            frame = reader.at(number * TICK)
            assert frame is not None
            assert number_of(frame.to_ndarray(format="rgb24")) == number
        # one seek is enough where seeks land as asked: to the start, to 49, 119 and 196
        assert (len(clumsy.sought) == 4) == (late == failing == 0)


def test_no_seek_is_needed_for_every_frame_in_turn(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.mp4", FRAMES)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        timeline = read_timeline(container, stream, "v")
        clumsy = Clumsy(container, 0, 100)
        reader = FrameReader(clumsy, stream, timeline)  # pyrefly: ignore[bad-argument-type]
        frames = [reader.at(number * TICK) for number in range(FRAMES)]
    assert [number_of(frame.to_ndarray(format="rgb24")) for frame in frames if frame] == list(range(FRAMES))
