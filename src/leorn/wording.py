"""How a sentence for people counts things."""


def counted(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural where it is not one: `1 query`, `2,400 queries`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun.removesuffix('y')}ies" if noun.endswith("y") else f"{number:,} {noun}s"
