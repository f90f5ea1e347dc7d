"""Amounts in a currency's smallest unit, and the same amounts as decimal text.

In: ISO 4217 codes, integers. Out: the decimals of a currency, exact decimal strings. Never here: floats, rounding, the notation
of a language.
"""

from functools import lru_cache

from babel.numbers import get_currency_precision


@lru_cache(maxsize=256)
def digits_of(currency: str) -> int:
    """Return the decimals of a currency's amounts (CLDR): 2 for CNY, 0 for JPY."""
    return get_currency_precision(currency)


def fixed(scaled: int, digits: int) -> str:
    """Return an integer of 10^-digits as a decimal string.

    >>> fixed(5597723, 2)
    '55977.23'
    """
    if digits == 0:
        return str(scaled)
    sign = "-" if scaled < 0 else ""
    whole, fraction = divmod(abs(scaled), 10**digits)
    return f"{sign}{whole}.{fraction:0{digits}d}"


def decimal_string(minor: int | None, currency: str) -> str | None:
    """Return minor units as an exact decimal string with the currency's digits; None stays None.

    >>> decimal_string(109900, "CNY")
    '1099.00'
    """
    return None if minor is None else fixed(minor, digits_of(currency))
