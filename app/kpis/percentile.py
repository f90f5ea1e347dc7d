"""Where a value stands among others: median and percentile, exact.

In: fractions. Out: fractions. Never here: rounding, what the values mean.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from app.kpis.evaluate import Figure


class PercentileRank(NamedTuple):
    """A value among others."""

    median: Fraction | None
    """Of the others; the mean of the two in the middle where their number is even. None without any."""
    percentile: Fraction | None
    """0 to 100: how many of the others are lower, those that are equal counted half."""
    known: int
    """The number of the others."""


def exact(figure: Figure) -> Fraction | None:
    """Return a figure as a fraction; None where it is absent."""
    return Fraction(figure[0], figure[1]) if figure[1] else None


def median(values: Sequence[Fraction]) -> Fraction | None:
    """Return the middle value; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile_rank(value: Fraction | None, others: Sequence[Fraction | None]) -> PercentileRank:
    """Return where a value stands among others; absent ones are none."""
    known = [other for other in others if other is not None]
    if value is None or not known:
        return PercentileRank(median(known), None, len(known))
    below = sum(other < value for other in known)
    equal = sum(other == value for other in known)
    return PercentileRank(median(known), Fraction(100 * (2 * below + equal), 2 * len(known)), len(known))
