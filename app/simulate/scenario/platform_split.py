"""A scenario's totals with defaults, and their division among platforms.

In: a scenario and a figure's name. Out: the figure, and the same per platform, adding up to the total. Never here: randomness.
"""

from app.simulate.scenario.apportion import apportion
from app.simulate.scenario.figures import Figures

ADDED_UP = (
    "viewers",
    "views",
    "impressions",
    "comments",
    "likes",
    "shares",
    "gifts",
    "new_followers",
    "buyers",
    "peak_concurrent_viewers",
)
"""Figures of a session that are the sum of its platforms'."""


def split(scenario: Figures, name: str) -> dict[str, int]:
    """Return a figure per platform: the stated one, else a part of the remainder.

    Viewers are divided by `share`, all other figures by viewers, so that no platform has more buyers than viewers.

    Raises:
        ValueError: the platforms' own figures do not add up to the total; the text begins with the field's name.
    """
    total = filled(scenario, name)
    own: dict[str, int | None] = {key: getattr(platform, name) for key, platform in scenario.platforms.items()}
    silent = [key for key, value in own.items() if value is None]
    found = {key: value for key, value in own.items() if value is not None}
    left = total - sum(found.values())
    if left < 0 or (left and not silent):
        raise ValueError(f"kpis.{name}: {total} is not the sum of the platforms' {name} ({total - left})")
    if name == "viewers":
        shares = [scenario.platforms[key].share for key in silent]
        # Decimal shares as integers: a power of ten makes them whole without rounding.
        weights = [int(share * 10**9) for share in shares]
        found |= zip(silent, apportion(left, weights), strict=True)
    else:
        viewers = split(scenario, "viewers")
        atleast = {key: viewers[key] if name == "views" else 0 for key in silent}
        spare = left - sum(atleast.values())
        if spare < 0:
            raise ValueError(f"kpis.{name}: {total} leaves platforms with fewer {name} than viewers")
        parts = apportion(spare, [viewers[key] for key in silent])
        found |= {key: atleast[key] + part for key, part in zip(silent, parts, strict=True)}
    return {key: found[key] for key in scenario.platforms}


def filled(scenario: Figures, name: str) -> int:
    """Return a total, or its default.

    Defaults: 1.3 views, 6 impressions and 2 likes per viewer, a share per 60 viewers, a gift per 150,
    an order in 20 cancelled unpaid, a tenth more orders than buyers as far as units allow.
    """
    given: int | None = getattr(scenario.kpis, name)
    if given is not None:
        return given
    own: list[int | None] = [getattr(platform, name, None) for platform in scenario.platforms.values()]
    known: int = sum(value for value in own if value is not None)
    if own and None not in own:
        return known
    kpis = scenario.kpis
    if name == "views":
        silent = [key for key, platform in scenario.platforms.items() if platform.views is None]
        return known + sum(viewers * 13 // 10 for key, viewers in split(scenario, "viewers").items() if key in silent)
    defaults: dict[str, int] = {
        "impressions": 0 if known else kpis.viewers * 6,
        "likes": kpis.viewers * 2,
        "shares": kpis.viewers // 60,
        "gifts": kpis.viewers // 150,
        "orders": min(kpis.units_sold, kpis.buyers + kpis.buyers // 10),
        "cancelled_orders": kpis.buyers // 20,
    }
    return max(defaults.get(name, 0), known)
