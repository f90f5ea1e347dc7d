"""Conversion of an event's amounts to the minor units of its session's currency.

In: decimal strings. Out: integers, or an error that names the field. Never here: floats.
"""

from typing import overload

from app.events.contributions import FoldContext
from app.events.payload import Unfoldable


class TooPrecise(ValueError):
    """An amount has more decimals than its currency."""


def minor_units(amount: str, digits: int) -> int:
    """Return a decimal string as an integer of the currency's smallest unit.

    >>> minor_units("55977.23", 2)
    5597723

    Raises:
        TooPrecise: the amount has non-zero decimals beyond the currency's digits.
    """
    whole, _, fraction = amount.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > digits:
        raise TooPrecise(f"has more than the {digits} decimals of its currency")
    return int(whole + fraction.ljust(digits, "0"))


@overload
def in_minor_units(amount: str, context: FoldContext, pointer: str) -> int: ...
@overload
def in_minor_units(amount: None, context: FoldContext, pointer: str) -> None: ...
@overload
def in_minor_units(amount: str | None, context: FoldContext, pointer: str) -> int | None: ...


def in_minor_units(amount: str | None, context: FoldContext, pointer: str) -> int | None:
    """Return an amount as an integer of the session currency's smallest unit.

    Raises:
        Unfoldable: it has more decimals than the currency.
    """
    if amount is None:
        return None
    try:
        return minor_units(amount, context.digits)
    except TooPrecise as error:
        raise Unfoldable(pointer, f"{error} ({context.currency})") from None
