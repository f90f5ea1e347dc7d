"""Exact quotients in the format of a response: numbers with six decimals, money with its currency's digits.

In: integers. Out: ints, floats whose shortest text is the rounded decimal, decimal strings. Never here: float arithmetic.

All rounding is half up, away from zero, from the exact quotient: nothing is rounded twice.
"""

from app.currency import digits_of, fixed

__all__ = ["digits_of", "fixed", "half_up", "money", "number"]

_DECIMALS = 1_000_000


def half_up(numerator: int, denominator: int) -> int:
    """Return the quotient as the nearest integer; halves round away from zero. The denominator is positive."""
    if numerator < 0:
        return -((2 * -numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def number(numerator: int, denominator: int) -> int | float:
    """Return the quotient with six decimals; an int if it is whole.

    >>> number(938, 18052)
    0.051961
    """
    if numerator % denominator == 0:
        return numerator // denominator
    # The division of two integers returns the float that is nearest to the decimal, and its shortest text is the decimal.
    return half_up(numerator * _DECIMALS, denominator) / _DECIMALS


def money(numerator: int, denominator: int, digits: int) -> str:
    """Return a quotient of minor units as a decimal string, rounded half up to the currency's digits."""
    return fixed(numerator if denominator == 1 else half_up(numerator, denominator), digits)
