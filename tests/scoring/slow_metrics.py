"""The metrics once more: slow, in plain Python with exact fractions, straight from their definitions.

A case is one query: what somebody answered, as whole seconds with a score, and the true moments.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

Span = tuple[int, int]
Answer = tuple[int, int, int]
Case = tuple[list[Answer], list[Span]]


@cache
def slow_iou(a: Span | Answer, b: Span) -> Fraction:
    """Count the seconds that lie in both spans and in either."""
    seconds_a, seconds_b = (set(range(*span[:2])) for span in (a, b))
    return Fraction(len(seconds_a & seconds_b), len(seconds_a | seconds_b))


def best_first(answers: Sequence[Answer]) -> list[Answer]:
    """Take out the first of those with the highest score, again and again."""
    left, ranked = list(answers), []
    while left:
        highest = max(score for _, _, score in left)
        ranked.append(left.pop([score for _, _, score in left].index(highest)))
    return ranked


def slow_recall(cases: Sequence[Case], n: int, threshold: Fraction, strict: bool) -> Fraction:
    """Percentage of queries of which one of the first n answers meets any moment."""
    found = 0
    for answers, moments in cases:
        ious = [slow_iou(answer, moment) for answer in best_first(answers)[:n] for moment in moments]
        found += any(value > threshold or (value == threshold and not strict) for value in ious)
    return Fraction(100 * found, len(cases))


def slow_mean_iou(cases: Sequence[Case]) -> Fraction:
    """Mean IoU of the first answers, in percent."""
    total = Fraction(0)
    for answers, moments in cases:
        for answer in best_first(answers)[:1]:
            total += max(slow_iou(answer, moment) for moment in moments)
    return 100 * total / len(cases)


def slow_average_precision(case: Case, threshold: Fraction, strict: bool) -> Fraction:
    """For each moment that could be found, the best precision of any number of answers that find so many."""
    answers, moments = case
    unfound = list(moments)
    precisions: list[tuple[int, Fraction]] = []
    for count, answer in enumerate(best_first(answers)[:10], start=1):
        met = [
            (slow_iou(answer, moment), place)
            for place, moment in enumerate(unfound)
            if slow_iou(answer, moment) > threshold or (slow_iou(answer, moment) == threshold and not strict)
        ]
        if met:
            unfound.pop(max(met)[1])
        found = len(moments) - len(unfound)
        precisions.append((found, Fraction(found, count)))
    best = [
        max((precision for found, precision in precisions if found >= wanted), default=Fraction(0))
        for wanted in range(1, len(moments) + 1)
    ]
    return sum(best, Fraction(0)) / len(moments)


def slow_map(cases: Sequence[Case], thresholds: Sequence[Fraction], strict: bool) -> Fraction:
    """Mean over queries and thresholds, in percent."""
    values = [slow_average_precision(case, threshold, strict) for case in cases for threshold in thresholds]
    return 100 * sum(values, Fraction(0)) / len(values)


def of_lengths(cases: Sequence[Case], longer_than: int, at_most: int) -> list[Case]:
    """Return the queries with a moment of such a length, with those moments alone."""
    kept = [
        (answers, [(start, end) for start, end in moments if longer_than < end - start <= at_most])
        for answers, moments in cases
    ]
    return [(answers, moments) for answers, moments in kept if moments]
