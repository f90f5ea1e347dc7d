"""Exact median and percentile rank of a value in a set.

In: fractions. Out: fractions. Never here: rounding, the meaning of the values.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from app.kpis.evaluation.evaluate import Figure


class PercentileRank(NamedTuple):
    """The rank of a value among others."""

    median: Fraction | None
    """The median of the others: the mean of the two middle values if their number is even. None without values."""
    percentile: Fraction | None
    """0 to 100: the share of the others that are lower; equal ones count half."""
    known: int
    """The number of the others."""


def exact(figure: Figure) -> Fraction | None:
    """Return a figure as a fraction; None if it is absent."""
    return Fraction(figure[0], figure[1]) if figure[1] else None


def median(values: Sequence[Fraction]) -> Fraction | None:
    """Return the median; None without values."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile_rank(value: Fraction | None, others: Sequence[Fraction | None]) -> PercentileRank:
    """Return the rank of a value among others; absent values are left out."""
    known = [other for other in others if other is not None]
    if value is None or not known:
        return PercentileRank(median(known), None, len(known))
    below = sum(other < value for other in known)
    equal = sum(other == value for other in known)
    return PercentileRank(median(known), Fraction(100 * (2 * below + equal), 2 * len(known)), len(known))
