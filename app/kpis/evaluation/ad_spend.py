"""What campaigns cost, in the session's currency.

In: sums by currency, entered rates. Out: a figure, the rates of its conversion, the missing rates. Never here: I/O, a default
rate.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from app.events.traffic import FOREIGN_DIGITS
from app.kpis.evaluation.rounding import half_up
from app.storage.kpis.ad_rates import AdRate, Rates

_ABSENT = (0, 0, "absent")
CONVERTED = ("ad_spend", "roi", "net_roi")
"""The KPIs that rest on a conversion."""
_FOREIGN = "ad_spend:"


def ad_spend(parts: Mapping[str, tuple[int, int]], rates: Rates, digits: int) -> tuple[int, int, str]:
    """Return a platform's ad spend as a figure in minor units: each currency is converted in one step and rounded half up.

    Without the rate of one currency the sum is unknown.
    """
    own = parts.get("ad_spend")
    foreign = {slug.removeprefix(_FOREIGN): amount for slug, (amount, _) in parts.items() if slug.startswith(_FOREIGN)}
    if not foreign:
        return _ABSENT if own is None else (own[0], 1, "reported")
    total = own[0] if own else 0
    for currency, amount in foreign.items():
        rate = rates[currency]
        if isinstance(rate, date):
            return _ABSENT
        worth = Fraction(amount, 10**FOREIGN_DIGITS) * price_of(rate, currency) * 10**digits
        total += half_up(worth.numerator, worth.denominator)
    return (total, 1, "derived")


def price_of(rate: AdRate, currency: str) -> Fraction:
    """Return the price of one unit of a currency, of a rate from it or to it."""
    price = Fraction(rate.rate)
    return price if rate.source == currency else 1 / price


def used_rates(rates: Rates) -> list[dict[str, Any]]:
    """Return the entered rates with which ad spend was converted."""
    return [
        {"from": one.source, "to": one.target, "date": one.date.isoformat(), "kind": one.kind, "rate": one.rate}
        for one in rates.values()
        if isinstance(one, AdRate)
    ]


def missing_rates(rates: Rates, target: str) -> list[dict[str, str]]:
    """Return the missing rates: from which currency, to which, and the day."""
    return [{"from": currency, "to": target, "date": one.isoformat()} for currency, one in rates.items() if isinstance(one, date)]
