"""The notation of numbers and money in each language: 302,438.02; 481,888元, ¥481,888, CN¥481,888.

In: decimal strings. Out: text. Never here: rounding, floats, figures of a session.
"""

from app.labels.catalogue import CATALOGUE, Language

NOTHING = "—"
"""Shown where a figure is absent."""


def grouped(number: str) -> str:
    """Return a decimal string with thousands separators.

    >>> grouped("-302438.02")
    '-302,438.02'
    """
    whole, point, fraction = number.partition(".")
    sign = "-" if whole.startswith("-") else ""
    return f"{sign}{int(whole.removeprefix('-')):,}{point}{fraction}"


def file_size(count: int) -> str:
    """Return a number of bytes in the largest unit of which there is one.

    >>> file_size(12_345_678)
    '12.3 MB'
    """
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count // (size // 10) / 10:,} {unit}"
    return f"{count} B"


def shortened(amount: str) -> str:
    """Return an amount without decimals if it is whole: the results sheet prints 67967 and 55977.23."""
    whole, _, fraction = amount.partition(".")
    return amount if fraction.strip("0") else whole


def money_pattern(currency: str, language: Language) -> str:
    """Return the notation of a currency, with `{amount}` in the place of the number."""
    known = f"money.{currency}"
    return (
        CATALOGUE[known][language] if known in CATALOGUE else CATALOGUE["money.other"][language].replace("{currency}", currency)
    )


def money_text(amount: str, currency: str, language: Language) -> str:
    """Return an amount in the notation of a language; a negative amount has its sign in front.

    >>> money_text("481888.00", "CNY", "zh")
    '¥481,888'
    """
    text = grouped(shortened(amount))
    sign = "-" if text.startswith("-") else ""
    return sign + money_pattern(currency, language).replace("{amount}", text.removeprefix("-"))
