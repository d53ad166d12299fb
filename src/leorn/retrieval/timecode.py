"""Times as an editor counts them: frames, and the timecodes that name them (SMPTE ST 12-1)."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from leorn.errors import InputError
from leorn.records import Moment


@dataclass(frozen=True)
class FrameRate:
    """How many frames a second has, and which timecodes they get.

    29.97 frames a second are counted as 30, so that timecodes fall behind the clock by 3.6 s an hour. Drop-frame
    timecodes leave out the first 2 numbers (of 59.94: 4) of every minute but each tenth. No frame is left out.
    """

    frames_per_second: Fraction
    drop_frame: bool = False

    @property
    def counted(self) -> int:
        """The numbers that a second of timecode has for its frames."""
        return round(self.frames_per_second)

    @property
    def frames_of_a_day(self) -> int:
        """How many frames have timecodes of their own: those before 24:00:00:00."""
        return 24 * 6 * self._frames_of_ten_minutes

    def timecode(self, frame: int) -> str:
        """Return the timecode of a frame, `HH:MM:SS:FF`, with `;` before the frames where numbers are left out.

        Args:
            frame: its number; the first frame has 0 and `00:00:00:00`.

        Raises:
            InputError: the frame has none, for it is negative or 24 hours or more from the first.
        """
        if not 0 <= frame < self.frames_of_a_day:
            raise InputError(
                f"frame {frame} at {float(self.frames_per_second):.3f} frames a second has no timecode; "
                "expected one before 24:00:00:00"
            )
        tens, rest = divmod(frame, self._frames_of_ten_minutes)
        minute = self.counted * 60
        minutes = 0 if rest < minute else 1 + (rest - minute) // (minute - self._left_out)
        number = frame + self._left_out * (9 * tens + minutes)
        seconds, frames = divmod(number, self.counted)
        separator = ";" if self.drop_frame else ":"
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{separator}{frames:02}"

    @property
    def an_hour(self) -> int:
        """The frame with the timecode 01:00:00:00."""
        return 6 * self._frames_of_ten_minutes

    def frames_of(self, moment: Moment) -> tuple[int, int]:
        """Return a moment's first frame, and the one after its last.

        Both are the nearest to the moment's times. A moment so short that they are the same is the frame that is
        shown at its start.
        """
        start, end = (Fraction(seconds) * self.frames_per_second for seconds in moment.span)
        first, after = (floor(time + Fraction(1, 2)) for time in (start, end))
        return (first, after) if first < after else (floor(start), floor(start) + 1)

    @property
    def _left_out(self) -> int:
        """Numbers that a minute has no frames for."""
        return self.counted // 15 if self.drop_frame else 0

    @property
    def _frames_of_ten_minutes(self) -> int:
        return self.counted * 600 - 9 * self._left_out


FRAME_RATES = {
    "23.976": FrameRate(Fraction(24000, 1001)),
    "24": FrameRate(Fraction(24)),
    "25": FrameRate(Fraction(25)),
    "29.97": FrameRate(Fraction(30000, 1001), drop_frame=True),
    "29.97ndf": FrameRate(Fraction(30000, 1001)),
    "30": FrameRate(Fraction(30)),
    "48": FrameRate(Fraction(48)),
    "50": FrameRate(Fraction(50)),
    "59.94": FrameRate(Fraction(60000, 1001), drop_frame=True),
    "59.94ndf": FrameRate(Fraction(60000, 1001)),
    "60": FrameRate(Fraction(60)),
}
"""Rates that editors count in, by name; 29.97 and 59.94 leave timecodes out, as is usual, unless `ndf` says no."""
WRITTEN = re.compile(r"([0-9]{1,7}(?:\.[0-9]{1,20})?)(?:/([0-9]{1,7}))?(df|ndf)?")
NEAR = 0.005
"""23.98 and 23.976023976 mean 24000/1001."""


def read_frame_rate(written: str | float | None, what: str = "a timecode") -> FrameRate:
    """Return the frame rate that was written, such as `25`, `29.97`, `29.97ndf`, `30000/1001`.

    Args:
        written: one of `FRAME_RATES`, in any usual spelling.
        what: what needs it.

    Raises:
        InputError: it is missing, or none of `FRAME_RATES`.
    """
    expected = f"expected {', '.join(list(FRAME_RATES)[:-1])} or {list(FRAME_RATES)[-1]}"
    if written is None:
        raise InputError(f"{what} counts frames and needs a frame rate, that of the timeline to edit in; {expected}")
    match = WRITTEN.fullmatch(str(written).strip().lower())
    if match and int(match[2] or 1):
        value = float(match[1]) / int(match[2] or 1)
        for name, rate in FRAME_RATES.items():
            meant = match[3] is None or rate.drop_frame == (match[3] == "df")
            if meant and abs(float(rate.frames_per_second) - value) < NEAR:
                # `25ndf` is 25; of 29.97 the one that leaves timecodes out comes first
                return FRAME_RATES[name]
    raise InputError(f"frame rate {str(written)[:40]!r}; {expected}")
