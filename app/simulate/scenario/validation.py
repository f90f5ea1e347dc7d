"""Contradictions between the totals of a scenario.

In: a scenario whose fields are valid alone. Out: nothing, or an error that names the field and both figures.
Never here: rates and averages; sheets whose averages contradict their peak exist (2021-09-25) and can be simulated.
"""

from typing import NoReturn

from app.events.money import TooPrecise
from app.simulate.scenario.figures import Figures
from app.simulate.scenario.platform_split import ADDED_UP, filled, split


def _refuse(field: str, detail: str) -> NoReturn:
    raise ValueError(f"{field}: {detail}")


def _at_most(field: str, value: int, limit: int, what: str) -> None:
    if value > limit:
        _refuse(field, f"{value} is more than the {limit} {what}")


def check(scenario: Figures) -> None:
    """Check that the totals do not contradict each other.

    Raises:
        ValueError: they do; the text begins with the field's name.
    """
    _amounts(scenario)
    _products(scenario)
    _session(scenario)
    _remainder(scenario)
    _platforms(scenario)


def _amounts(scenario: Figures) -> None:
    named = [("kpis.gmv", scenario.kpis.gmv)]
    for index, product in enumerate(scenario.products):
        named.append((f"products[{index}].gmv", product.gmv))
        if product.live_price is not None:
            named.append((f"products[{index}].live_price", product.live_price))
    named += [(f"ads[{index}].spend", ad.spend) for index, ad in enumerate(scenario.ads)]
    for field, amount in named:
        try:
            scenario.money(amount)
        except TooPrecise as error:
            _refuse(field, f"{amount} {error} ({scenario.session.currency})")


def _products(scenario: Figures) -> None:
    codes: set[str] = set()
    for index, product in enumerate(scenario.products):
        at = f"products[{index}]"
        if product.product in codes:
            _refuse(f"{at}.product", f"{product.product} occurs twice")
        codes.add(product.product)
        _at_most(f"{at}.buyers", product.buyers, product.units, "units that they bought")
        if product.units and not product.buyers:
            _refuse(f"{at}.buyers", f"is 0, but {product.units} units were sold")
        if not product.units and scenario.money(product.gmv):
            _refuse(f"{at}.gmv", f"{product.gmv} was paid for no units")
        if product.stock is not None:
            _at_most(f"{at}.units", product.units, product.stock, "in stock")
        _at_most(f"{at}.buyers", product.buyers, scenario.kpis.buyers, "buyers of the session (kpis.buyers)")


def _session(scenario: Figures) -> None:
    kpis = scenario.kpis
    _at_most("kpis.buyers", kpis.buyers, kpis.viewers, "viewers")
    _at_most("kpis.buyers", kpis.buyers, kpis.units_sold, "units sold (kpis.units_sold)")
    if kpis.units_sold and not kpis.buyers:
        _refuse("kpis.buyers", f"is 0, but {kpis.units_sold} units were sold")
    if not kpis.units_sold and scenario.money(kpis.gmv):
        _refuse("kpis.gmv", f"{kpis.gmv} was paid for no units")
    _at_most("kpis.buyers", kpis.buyers, filled(scenario, "orders"), "orders (kpis.orders)")
    _at_most("kpis.orders", filled(scenario, "orders"), kpis.units_sold, "units sold (kpis.units_sold)")
    _at_most("kpis.refunded_orders", kpis.refunded_orders, filled(scenario, "orders"), "orders")
    _at_most("kpis.new_followers", kpis.new_followers, kpis.viewers, "viewers")
    _at_most("kpis.peak_concurrent_viewers", kpis.peak_concurrent_viewers or 0, kpis.viewers, "viewers")
    _at_most("kpis.viewers", kpis.viewers, filled(scenario, "views"), "views (kpis.views)")
    if scenario.duration_ms < 60_000:
        _refuse("session.duration_hours_printed", "is less than a minute")
    if scenario.watch_ms > scenario.duration_ms * kpis.viewers:
        minutes = scenario.duration_ms / 60_000
        _refuse("kpis.average_watch_minutes", f"{kpis.average_watch_minutes} is longer than the session ({minutes:g} minutes)")
    support = scenario.support
    if support.requests is not None:
        _at_most("support.slow", support.slow or 0, support.requests, "support requests")


def _remainder(scenario: Figures) -> None:
    units, gmv = scenario.remainder
    if units < 0:
        _refuse("kpis.units_sold", f"{scenario.kpis.units_sold} is {-units} fewer than the products' units together")
    if gmv < 0:
        _refuse("kpis.gmv", f"{scenario.kpis.gmv} is less than the products' gmv together")
    if gmv and not units:
        _refuse("kpis.gmv", f"{scenario.kpis.gmv} is more than the products' gmv together, but all units are theirs")
    buyers = scenario.kpis.buyers
    elsewhere = sum(product.buyers for product in scenario.products)
    _at_most("kpis.buyers", buyers, elsewhere + min(buyers, units), "buyers that the products and the remaining units can have")
    outside = scenario.outside.buyers
    if outside is not None:
        _at_most("outside.buyers", outside, min(buyers, units), "buyers that the remaining units can have")
        _at_most("kpis.buyers", buyers, elsewhere + outside, "buyers of products and outside together")
        if units and not outside:
            _refuse("outside.buyers", f"is 0, but {units} units were sold outside the line-up")


def _platforms(scenario: Figures) -> None:
    named = [(f"promotions[{index}]", one.platform) for index, one in enumerate(scenario.promotions)]
    named += [(f"ads[{index}]", one.platform) for index, one in enumerate(scenario.ads)]
    for at, platform in named:
        if platform is not None and platform not in scenario.platforms:
            _refuse(f"{at}.platform", f"{platform} is not among the platforms")
    parts = {name: split(scenario, name) for name in ADDED_UP}
    for platform, viewers in parts["viewers"].items():
        at = f"platforms.{platform}"
        for name in ("buyers", "new_followers", "peak_concurrent_viewers"):
            _at_most(f"{at}.{name}", parts[name][platform], viewers, "viewers of that platform")
        _at_most(f"{at}.viewers", viewers, parts["views"][platform], "views of that platform")
        for name in ("comments", "likes", "shares", "gifts"):
            if parts[name][platform] and not viewers:
                _refuse(f"{at}.{name}", "that platform has no viewers")
