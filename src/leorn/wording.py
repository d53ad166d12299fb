"""How a sentence for people counts and measures things."""

import unicodedata


def counted(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it is not one: `1 query`, `2,400 queries`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{number:,} {noun}s"


def spoken_seconds(seconds: float) -> str:
    """Return a length of time in the unit that fits it: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:,.1f} h"


def spoken_bytes(count: int) -> str:
    """Return a size in the unit that fits it: `12 kB`, `340 MB`, `1.2 GB`."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"


def one_line(text: str) -> str:
    """Return text on one line: line ends and other control characters become spaces, and it has none at its ends."""
    return "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text).strip()
