"""The oracle: a session's figures, computed by one plain loop per figure from the definitions of the KPIs.

In: the records of a session. Out: the values that the documents must contain. Never here: SQL, optimization, code of `app`.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from typing import Any

from tests.pipeline.after_live_oracle import AFTER_LIVE, after_live
from tests.pipeline.reference_records import Happening, Reading, Story

Exact = int | Fraction | None
Figures = dict[str, Exact]

AUDIENCE = (
    "viewers", "views", "impressions", "new_followers", "comments", "likes", "shares", "replay_views", "product_viewers", "clickers",
)  # fmt: skip
COMMERCE = ("orders", "buyers", "units_sold", "gmv")
COUNTED_ONLY = ("commenters", "gifts", "support_requests")
MONEY = {
    "gmv", "refund_amount", "net_gmv", "spend_per_buyer", "average_order_value", "gmv_per_viewer", "gmv_per_thousand_views",
    "gmv_per_hour", "ad_spend", "after_live_gmv_24h", "after_live_net_gmv_24h", "after_live_gmv_7d", "after_live_net_gmv_7d",
}  # fmt: skip
SLOW_MS = 180_000


def printed(value: Exact, slug: str, digits: int) -> float | str | None:
    """Return a figure as a document prints it: money with the currency's digits, other numbers with six decimals."""
    if value is None:
        return None
    money = slug in MONEY
    value = Fraction(value) / (10**digits if money else 1)
    with localcontext() as context:
        context.prec = 100
        rounded = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(
            Decimal(1).scaleb(-(digits if money else 6)), ROUND_HALF_UP
        )
        return str(rounded) if money else float(rounded)


def counted(story: Story, what: str, *, platform: str | None = None, product: str = "") -> int | None:
    """Return the sum of the occurrences; None without any. An occurrence of zero likes is one: the sum is 0."""
    found = [
        one.amount for one in story.happenings if one.what == what and one.product == product and platform in {None, one.platform}
    ]
    return sum(found) if found else None


def told(story: Story, what: str, platform: str, of: str = "") -> int | None:
    """Return a platform's latest reported figure: the sum of its rooms, or the session's own if that is later."""
    last = _last_by_room(story, what, platform, of)
    return sum(one.value for one in last) if last else None


def _last_by_room(story: Story, what: str, platform: str, of: str = "") -> list[Reading]:
    rooms = {one.room: one for one in readings(story, what, platform, of)}
    whole = rooms.pop("", None)
    if whole is not None and all(whole.at >= one.at for one in rooms.values()):
        return [whole]
    return list(rooms.values())


def concurrent(story: Story, platform: str) -> int | None:
    """Return the current viewers: of several rooms, those that have not ended and sampled within five minutes."""
    last = _last_by_room(story, "concurrent_viewers", platform)
    if len(last) > 1:
        newest = max(one.at for one in last)
        states = {one.of: one.value for one in story.readings if one.what == "broadcast" and one.platform == platform}
        last = [one for one in last if newest - one.at < timedelta(minutes=5) and states.get(one.room) != 0]
        return sum(one.value for one in last)
    return last[0].value if last else None


def average_watch_ms(story: Story, platform: str) -> int | None:
    """Return the average over rooms, each weighing as much as its viewers where all rooms told both."""
    last = _last_by_room(story, "average_watch_ms", platform)
    viewers = {one.room: one.value for one in readings(story, "viewers", platform)}
    total = sum(viewers.get(one.room, 0) for one in last)
    if len(last) > 1 and total and all(one.room in viewers for one in last):
        return round(sum(one.value * viewers[one.room] for one in last) / total)
    return max(last, key=lambda one: (one.at, one.room)).value if last else None


def highest_by_room(story: Story) -> list[int]:
    """Return the highest sample of viewers in each room."""
    highest: dict[tuple[str, str], int] = {}
    for one in story.readings:
        if one.what == "concurrent_viewers":
            highest[one.platform, one.room] = max(one.value, highest.get((one.platform, one.room), 0))
    return list(highest.values())


def readings(story: Story, what: str, platform: str, of: str = "") -> list[Reading]:
    """Return what a platform reported of a figure, in order of time."""
    return [one for one in story.readings if (one.what, one.platform, one.of) == (what, platform, of)]


def on_air(story: Story) -> set[tuple[str, str]]:
    """Return the rooms, as (platform, room), whose latest state is on air."""
    last = {(one.platform, one.of): one.value for one in story.readings if one.what == "broadcast"}
    return {room for room, value in last.items() if value == 1}


def status(story: Story) -> str:
    """Return the status of the figures."""
    if on_air(story):
        return "live"
    return "provisional" if story.starts or story.ends else "scheduled"


def duration_us(story: Story, now: datetime) -> int | None:
    """Return the time from the first start to the last end, or to now while live, in microseconds."""
    end = now if on_air(story) else max(story.ends, default=None)
    if not story.starts or end is None or end < min(story.starts):
        return None
    return (end - min(story.starts)) // timedelta(microseconds=1)


def platform_figures(story: Story, platform: str, now: datetime) -> Figures:
    """Return every KPI of one platform."""
    figures: Figures = {}
    for slug in AUDIENCE:
        reported = told(story, slug, platform)
        figures[slug] = counted(story, slug, platform=platform) if reported is None else reported
    for slug in COUNTED_ONLY:
        figures[slug] = counted(story, slug, platform=platform)
    ledger = counted(story, "orders", platform=platform) is not None
    for slug in COMMERCE:
        figures[slug] = (counted(story, slug, platform=platform) or 0) if ledger else told(story, slug, platform)
    for slug in ("refunded_orders", "refund_amount", "new_buyers", "gift_units"):
        figures[slug] = counted(story, slug, platform=platform)
        if ledger:
            figures[slug] = figures[slug] or 0
    figures |= after_live(story, platform, None if on_air(story) or not ledger else max(story.ends, default=None))
    figures["repeat_buyers"] = None
    if ledger:
        figures["repeat_buyers"] = (counted(story, "buyers", platform=platform) or 0) - (figures["new_buyers"] or 0)
    figures["product_clicks"] = _of_products(story, platform, "product_clicks", "product_clicks")
    figures["product_impressions"] = _of_products(story, platform, "impressions", "product_impressions")
    figures["ad_spend"], figures["lacking_rates"] = _ad_spend(story, platform)
    room_states = [one for one in story.readings if one.what == "broadcast" and one.platform == platform]
    dark = bool(room_states) and platform not in {name for name, _ in on_air(story)}
    live = status(story) == "live" and not dark
    figures["concurrent_viewers"] = concurrent(story, platform) if live else None
    samples = readings(story, "concurrent_viewers", platform)
    if len({one.room for one in samples}) <= 1:
        figures["peak_concurrent_viewers"] = max((one.value for one in samples), default=None)
    average = average_watch_ms(story, platform)
    watched = counted(story, "watch_ms", platform=platform)
    if average is not None and figures["viewers"]:
        watched = average * int(figures["viewers"])
    known = figures["viewers"] and watched is not None
    figures["watch_ms"], figures["watched_viewers"] = (watched, figures["viewers"]) if known else (None, None)
    figures["responses"], figures["response_ms"], figures["slow_responses"] = _responses(story, platform)
    figures["shipped"], figures["ship_ms"] = _shipping(story, platform)
    formulas(figures, duration_us(story, now))
    if figures["average_watch_seconds"] is None and average is not None:
        figures["average_watch_seconds"] = Fraction(average, 1000)
    return figures


def _ad_spend(story: Story, platform: str) -> tuple[int | None, int | None]:
    """Return the sum over campaigns, and how many are paid in another currency: there is no rate, so nothing is known of the sum."""
    latest = {one.of: one.value for one in story.readings if (one.what, one.platform) == ("ad_spend", platform)}
    if lacking := sum(value > 0 for of, value in latest.items() if "\n" in of):
        return None, lacking
    return (sum(latest.values()) if latest else None), None


def _of_products(story: Story, platform: str, reported: str, occurrence: str) -> int | None:
    total = None
    for product in products(story):
        value = told(story, reported, platform, product)
        if value is None:
            value = counted(story, occurrence, platform=platform, product=product)
        if value is not None:
            total = (total or 0) + value
    return total


def products(story: Story) -> list[str]:
    """Return every product that an event names."""
    others = ("broadcast", "promotion_", "ad_", "source_", "benchmark_")
    readings = {one.of for one in story.readings if not one.what.startswith(others)}
    return sorted((readings | {one.product for one in story.happenings}) - {""})


def _responses(story: Story, platform: str) -> tuple[Exact, Exact, Exact]:
    times = []
    for (of, _), ticket in story.tickets.items():
        if of == platform and ticket.answered is not None:
            if ticket.given_ms is not None:
                times.append(ticket.given_ms)
            elif ticket.asked is not None:
                times.append(_ms(ticket.answered - ticket.asked))
    return (len(times), sum(times), sum(one > SLOW_MS for one in times)) if times else (None, None, None)


def _shipping(story: Story, platform: str) -> tuple[Exact, Exact]:
    times = [
        _ms(order.moments["shipped"] - order.moments["paid"])
        for (of, _), order in story.orders.items()
        if of == platform and {"shipped", "paid"} <= order.moments.keys()
    ]
    return (len(times), sum(times)) if times else (None, None)


def _ms(length: timedelta) -> int:
    return max(0, round(length / timedelta(milliseconds=1)))


def formulas(figures: Figures, duration: int | None) -> None:
    """Add every KPI that is a formula over others; absent where a part is absent or would divide by nothing."""
    hours = None if duration is None else Fraction(duration, 3_600_000_000)

    def over(above: Exact, below: Exact, times: Exact = 1) -> Exact:
        return Fraction(above) * (times or 0) / below if above is not None and below else None

    interactions = [figures[slug] for slug in ("comments", "likes", "shares")]
    known = [one for one in interactions if one is not None]
    watched = figures["watch_ms"]
    figures |= {
        "average_watch_seconds": over(watched, figures["watched_viewers"], Fraction(1, 1000)),
        "average_concurrent_viewers": over(watched, duration, 1000),
        "follow_rate": over(figures["new_followers"], figures["viewers"]),
        "engagement_rate": over(figures["comments"], figures["viewers"]),
        "interaction_rate": over(sum(known), figures["viewers"]) if known else None,
        "click_rate": over(figures["product_clicks"], figures["viewers"]),
        "entry_rate": over(figures["viewers"], figures["impressions"]),
        "product_click_rate": over(figures["product_clicks"], figures["product_impressions"]),
        "click_to_order_rate": over(figures["orders"], figures["product_clicks"]),
        "roi": over(figures["gmv"], figures["ad_spend"]),
        "refund_rate": over(figures["refunded_orders"], figures["orders"]),
        "conversion_rate": over(figures["buyers"], figures["viewers"]),
        "units_conversion_rate": over(figures["units_sold"], figures["viewers"]),
        "spend_per_buyer": over(figures["gmv"], figures["buyers"]),
        "units_per_buyer": over(figures["units_sold"], figures["buyers"]),
        "average_order_value": over(figures["gmv"], figures["orders"]),
        "gmv_per_viewer": over(figures["gmv"], figures["viewers"]),
        "gmv_per_thousand_views": over(figures["gmv"], figures["views"], 1000),
        "gmv_per_hour": over(figures["gmv"], hours),
        "average_response_seconds": over(figures["response_ms"], figures["responses"], Fraction(1, 1000)),
        "average_ship_hours": over(figures["ship_ms"], figures["shipped"], Fraction(1, 3_600_000)),
    }
    gmv, refunds = figures["gmv"], figures["refund_amount"]
    figures["net_gmv"] = None if gmv is None or refunds is None else gmv - refunds
    figures["net_roi"] = over(figures["net_gmv"], figures["ad_spend"])


def total_figures(parts: Iterable[Figures], duration: int | None) -> Figures:
    """Return the KPIs of the session: sums of its platforms, formulas over the sums. Peaks do not add up."""
    parts = list(parts)
    if len(parts) == 1:
        return parts[0]
    summed = {*AUDIENCE, *COMMERCE, *COUNTED_ONLY, "refunded_orders", "refund_amount", "new_buyers", "gift_units", "repeat_buyers",
              "product_clicks", "product_impressions", "ad_spend", "concurrent_viewers", "watch_ms", "watched_viewers", "responses", "response_ms",
              "slow_responses", "shipped", "ship_ms",
              *(f"after_live_{figure}_{name}" for figure in ("orders", "gmv", "net_gmv") for name in AFTER_LIVE)}  # fmt: skip
    total: Figures = {}
    for slug in summed:
        known = [part[slug] for part in parts if part[slug] is not None]
        total[slug] = sum(one for one in known if one is not None) if known else None
    if any(part["lacking_rates"] for part in parts):
        total["ad_spend"] = None
    formulas(total, duration)
    averages = [part["average_watch_seconds"] for part in parts if part["average_watch_seconds"] is not None]
    if total["average_watch_seconds"] is None and len(averages) == 1:
        total["average_watch_seconds"] = averages[0]
    return total


def arrivals(story: Story, begin: datetime, end: datetime) -> list[Happening]:
    """Return the arrivals in a half-open window."""
    return [one for one in story.happenings if one.what == "viewers" and begin <= one.at < end]


def shares(found: list[Happening], by: Callable[[Happening], object]) -> dict[Any, int]:
    """Return how many arrivals there are of each kind."""
    kinds: dict[Any, int] = {}
    for one in found:
        kinds[by(one)] = kinds.get(by(one), 0) + 1
    return kinds


def in_window(story: Story, what: str, begin: datetime, end: datetime, product: str = "") -> int:
    """Return what was counted in a half-open window."""
    return sum(one.amount for one in story.happenings if (one.what, one.product) == (what, product) and begin <= one.at < end)
