"""Printed figures of a results sheet, computed from a scenario's totals.

In: a scenario. Out: figure → text, rounded half up as printed. Never here: events, the server.
Keys are those of the scenario's JSON (`scenarios/2021-09-25.json`).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from app.simulate.generation.purchases import major
from app.simulate.scenario.apportion import rounded
from app.simulate.scenario.figures import ProductTotals
from app.simulate.scenario.scenario import Scenario


class Quotient(NamedTuple):
    """A derived figure: numerator ÷ denominator × factor, printed with `decimals`."""

    slug: str
    numerator: str
    denominator: str
    factor: int
    decimals: int | None
    """None: the decimals of the session's currency."""

    def printed(self, values: Mapping[str, Decimal], digits: int) -> str | None:
        """Return the figure as printed; None if its denominator is 0 or absent."""
        if not values[self.denominator]:
            return None
        exact = values[self.numerator] * self.factor / values[self.denominator]
        return str(rounded(exact, digits if self.decimals is None else self.decimals))


COUNTS = ("viewers", "buyers", "units_sold", "gmv", "peak_concurrent_viewers", "new_followers", "comments")
"""Printed without a formula."""
STATED = ("orders", "refunded_orders", "views", "impressions", "likes", "shares", "gifts")
"""Printed only if the scenario states them."""
QUOTIENTS: dict[str, Quotient] = {
    "follow_rate_percent": Quotient("follow_rate", "new_followers", "viewers", 100, 2),
    "engagement_rate_percent": Quotient("engagement_rate", "comments", "viewers", 100, 2),
    "conversion_rate_percent": Quotient("conversion_rate", "buyers", "viewers", 100, 2),
    "units_conversion_rate_percent": Quotient("units_conversion_rate", "units_sold", "viewers", 100, 2),
    "spend_per_buyer": Quotient("spend_per_buyer", "gmv", "buyers", 1, None),
    "units_per_buyer": Quotient("units_per_buyer", "units_sold", "buyers", 1, 2),
    "gmv_per_viewer": Quotient("gmv_per_viewer", "gmv", "viewers", 1, None),
}
"""Formulas: docs/reference/kpis.md."""


def kpis(scenario: Scenario) -> dict[str, str]:
    """Return the session's figures as printed."""
    found: dict[str, str] = {}
    for key in COUNTS:
        if key == "gmv":
            found[key] = money(scenario, scenario.kpis.gmv)
        elif key != "peak_concurrent_viewers" or scenario.filled(key):
            found[key] = str(scenario.filled(key))
    for key in STATED:
        if getattr(scenario.kpis, key):
            found[key] = str(getattr(scenario.kpis, key))
    watch = Decimal(scenario.watch_ms) / 60_000 / scenario.kpis.viewers
    found["average_watch_minutes"] = str(rounded(watch, 2))
    values = {key: Decimal(text) for key, text in found.items()}
    for key, quotient in QUOTIENTS.items():
        printed = quotient.printed(values, scenario.digits)
        if printed is not None:
            found[key] = printed
    return found


def product(scenario: Scenario, one: ProductTotals) -> dict[str, str]:
    """Return a product's row as printed."""
    return {
        "clicks": str(scenario.clicks(one)),
        "buyers": str(one.buyers),
        "units": str(one.units),
        "gmv": money(scenario, one.gmv),
    }


def outside(scenario: Scenario) -> dict[str, str]:
    """Return the row of sales outside the line-up."""
    units, amount = scenario.remainder
    return {"units": str(units), "gmv": major(amount, scenario.digits)}


def promotion_views(scenario: Scenario) -> str:
    """Return the views of all promotions together."""
    return str(sum(promotion.views for promotion in scenario.promotions))


def money(scenario: Scenario, amount: str) -> str:
    """Return an amount with all the digits of its currency."""
    return major(scenario.money(amount), scenario.digits)
