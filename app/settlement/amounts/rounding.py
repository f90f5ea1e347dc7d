"""Rounding to the yen, by the rule of a contract.

In: exact fractions. Out: integers. Never here: floats.

The rules apply to the magnitude: what is taken back is rounded as it was when it was given.
"""

from fractions import Fraction

from app.settlement.contracts.terms import Rounding


def rounded(value: Fraction, rule: Rounding) -> int:
    """Return the value in whole units.

    >>> [rounded(Fraction(5, 2), rule) for rule in ("floor", "half_up", "ceil")]
    [2, 3, 3]
    >>> rounded(Fraction(-5, 2), "floor")
    -2
    """
    magnitude = abs(value)
    whole, rest = divmod(magnitude.numerator, magnitude.denominator)
    if rule == "ceil":
        whole += rest > 0
    elif rule == "half_up":
        whole += 2 * rest >= magnitude.denominator
    return -whole if value < 0 else whole
