"""Exact division of integers: parts add up to the total.

In: a total and weights. Out: integer parts. Never here: floats, because totals can be money.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Return parts of `total` in proportion to `weights`, which add up to it (largest remainder, Hamilton's method).

    No part exceeds its proportion rounded up, so parts stay within `weights` when `total` is at most their sum.
    Weights that are all zero count as equal.
    """
    whole = sum(weights)
    if not weights:
        return []
    if whole == 0:
        return apportion(total, [1] * len(weights))
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    if missing:
        by_remainder = sorted(range(len(weights)), key=lambda index: (-(total * weights[index] % whole), index))
        for index in by_remainder[:missing]:
            parts[index] += 1
    return parts


def rounded(value: Decimal, decimals: int = 0) -> Decimal:
    """Return the value rounded half up, as on results sheets."""
    return value.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
