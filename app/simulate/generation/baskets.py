"""Purchases of a simulated session: orders whose sums equal the scenario's totals exactly.

In: a scenario, random numbers. Out: the orders of each buyer, each a list of lines. Never here: times, viewers, floats.
"""

from itertools import pairwise
from random import Random
from typing import NamedTuple

from app.simulate.scenario.apportion import apportion
from app.simulate.scenario.scenario import Scenario

_COUPONS = (100, 100, 100, 95, 90, 88)
"""Per cent of the list price that a buyer pays."""


class Line(NamedTuple):
    """Pieces of one product in one order; `amount` in minor units."""

    product: str
    quantity: int
    amount: int


Order = list[Line]


def outside_codes(scenario: Scenario) -> list[str]:
    """Return the codes of products that sell outside the line-up; by default about one per twenty units."""
    units, _ = scenario.remainder
    if not units:
        return []
    given = scenario.outside.products
    count = max(1, min(12, units // 20)) if given is None else min(given, units)
    taken = {product.product for product in scenario.products}
    codes = (f"outside-{number:02d}" for number in range(1, count + len(taken) + 1))
    return [code for code in codes if code not in taken][:count]


def outside_buyers(scenario: Scenario) -> int:
    """Return the number of buyers outside the line-up.

    Default: a third of the way from the smallest to the largest possible number.
    """
    if scenario.outside.buyers is not None:
        return scenario.outside.buyers
    units, _ = scenario.remainder
    buyers = scenario.kpis.buyers
    most = min(buyers, units)
    fewest = min(most, max(1, buyers - sum(product.buyers for product in scenario.products)))
    return fewest + (most - fewest) // 3


def outside_clicks(scenario: Scenario) -> int:
    """Return the clicks outside the line-up; by default eight per unit."""
    units, _ = scenario.remainder
    return units * 8 if scenario.outside.clicks is None else scenario.outside.clicks * bool(units)


def fill(scenario: Scenario, rng: Random) -> list[list[Order]]:
    """Return each buyer's orders: every buyer has at least one, and every total of the scenario is met."""
    buyers = scenario.kpis.buyers
    bought: list[list[Line]] = [[] for _ in range(buyers)]
    circle = rng.sample(range(buyers), buyers)
    place = 0
    for product in scenario.products:
        chosen = [circle[(place + step) % buyers] for step in range(product.buyers)]
        place += product.buyers
        _sell([product.product], chosen, product.units, scenario.money(product.gmv), bought, rng)
    units, amount = scenario.remainder
    if units:
        # Continue the rotation after the products, so that buyers without a line come first.
        chosen = [circle[(place + step) % buyers] for step in range(outside_buyers(scenario))]
        _sell(outside_codes(scenario), chosen, units, amount, bought, rng)
    return _into_orders(bought, scenario.filled("orders"), rng)


def _sell(codes: list[str], buyers: list[int], units: int, amount: int, bought: list[list[Line]], rng: Random) -> None:
    quantities = [1] * len(buyers)
    for _ in range(units - len(buyers)):
        quantities[rng.randrange(len(buyers))] += 1
    prices = {code: rng.randint(60, 180) if len(codes) > 1 else 100 for code in codes}
    chosen = [rng.choice(codes) for _ in buyers]
    weights = [quantity * prices[code] * rng.choice(_COUPONS) for quantity, code in zip(quantities, chosen, strict=True)]
    for buyer, code, quantity, paid in zip(buyers, chosen, quantities, apportion(amount, weights), strict=True):
        bought[buyer].append(Line(code, quantity, paid))


def _into_orders(bought: list[list[Line]], orders: int, rng: Random) -> list[list[Order]]:
    missing = orders - sum(len(lines) for lines in bought)
    divisible = [lines for lines in bought if any(line.quantity > 1 for line in lines)]
    while missing > 0:
        # More orders than lines: split a line, as if the buyer ordered the product twice.
        lines = divisible[rng.randrange(len(divisible))]
        at = next(index for index, line in enumerate(lines) if line.quantity > 1)
        product, quantity, amount = lines[at]
        lines[at] = Line(product, quantity - 1, amount - amount // quantity)
        lines.append(Line(product, 1, amount // quantity))
        missing -= 1
        if all(line.quantity == 1 for line in lines):
            divisible.remove(lines)
    places = [buyer for buyer, lines in enumerate(bought) for _ in lines[1:]]
    counts = [1] * len(bought)
    for buyer in rng.sample(places, orders - len(bought)):
        counts[buyer] += 1
    found = []
    for lines, count in zip(bought, counts, strict=True):
        rng.shuffle(lines)
        cuts = [0, *sorted(rng.sample(range(1, len(lines)), count - 1)), len(lines)]
        found.append([lines[begins:ends] for begins, ends in pairwise(cuts)])
    return found
