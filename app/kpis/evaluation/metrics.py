"""The registry of KPIs: one entry per slug, the source of evaluation, responses and documentation.

In: definitions. Out: `METRICS` and lookups compiled from it. Never here: figures, SQL.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.labels.catalogue import CATALOGUE


class Unit(StrEnum):
    """The unit of a value. Money is a decimal string, any other unit a number."""

    PEOPLE = "people"
    COUNT = "count"
    RATIO = "ratio"
    MONEY = "money"
    SECONDS = "seconds"
    PIECES = "pieces"
    HOURS = "hours"


class Rule(StrEnum):
    """The source of a platform's figure."""

    AUDIENCE = "reported, else counted"
    COMMERCE = "counted as soon as one order was counted, else reported"
    LEDGER = "counted; zero as soon as one order was counted"
    COUNTED = "counted"
    BY_PRODUCT = "per product reported, else counted"
    BY_CAMPAIGN = "the latest of each campaign"
    AFTER_LIVE = "counted, once it has ended and one order was counted"
    LATEST = "reported, while live"
    HIGHEST = "reported"
    FORMULA = "formula"


class Combine(StrEnum):
    """How the platforms' figures become the session's."""

    SUM = "sum of the platforms"
    SUM_OF_LATEST = "sum of the platforms' latest samples"
    PEAK_OF_SUM = "highest minute of the platforms' sum"
    FORMULA = "formula over the sums"


@dataclass(frozen=True, slots=True)
class Quotient:
    """A ratio: sum of numerators × times ÷ (denominator × per); never an average of ratios."""

    numerators: tuple[str, ...]
    denominator: str
    times: int = 1
    per: int = 1
    from_parts: bool = False
    """True if the parts are not published: the result has the basis of its numerator."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One KPI."""

    slug: str
    unit: Unit
    rule: Rule
    combine: Combine = Combine.SUM
    quotient: Quotient | None = None
    formula: str = ""
    """What it counts, or its formula: for the documentation and the API document."""
    after_end: timedelta | None = None
    """The time after the end that it covers: until then it grows, and is compared with nothing."""

    @property
    def labels(self) -> dict[str, str]:
        """Return the label in ja, zh and en."""
        return dict(CATALOGUE[f"metric.{self.slug}"])


WATCH_MS, WATCHED_VIEWERS, DURATION_US = "watch_ms", "watched_viewers", "duration_us"
RESPONSE_MS, RESPONSES, SHIP_MS, SHIPPED = "response_ms", "responses", "ship_ms", "shipped_orders"
_HOUR_US = 3_600_000_000


def _audience(slug: str, formula: str, unit: Unit = Unit.COUNT) -> Metric:
    return Metric(slug, unit, Rule.AUDIENCE, formula=formula)


def _counted(slug: str, formula: str, unit: Unit = Unit.COUNT) -> Metric:
    return Metric(slug, unit, Rule.COUNTED, formula=formula)


def _quotient(slug: str, unit: Unit, quotient: Quotient, formula: str) -> Metric:
    return Metric(slug, unit, Rule.FORMULA, Combine.FORMULA, quotient, formula)


def _ratio(slug: str, numerator: str, denominator: str) -> Metric:
    return _quotient(slug, Unit.RATIO, Quotient((numerator,), denominator), f"{numerator} ÷ {denominator}")


def _money(slug: str, denominator: str) -> Metric:
    return _quotient(slug, Unit.MONEY, Quotient(("gmv",), denominator), f"gmv ÷ {denominator}")


DAY, WEEK = timedelta(hours=24), timedelta(days=7)
"""Times after the end; the queries `session_figures` and `after_live` have the same."""


def _after_live(slug: str, unit: Unit, after_end: timedelta, formula: str) -> Metric:
    return Metric(f"after_live_{slug}", unit, Rule.AFTER_LIVE, formula=formula, after_end=after_end)


METRICS: tuple[Metric, ...] = (
    _audience("viewers", "distinct viewers that entered, per platform; platforms add up", Unit.PEOPLE),
    _audience("views", "entries"),
    _audience("impressions", "reported by platforms"),
    _ratio("entry_rate", "viewers", "impressions"),
    Metric("concurrent_viewers", Unit.PEOPLE, Rule.LATEST, Combine.SUM_OF_LATEST, formula="last known, while live"),
    Metric("peak_concurrent_viewers", Unit.PEOPLE, Rule.HIGHEST, Combine.PEAK_OF_SUM, formula="highest over the session"),
    _quotient(
        "average_concurrent_viewers",
        Unit.PEOPLE,
        Quotient((WATCH_MS,), DURATION_US, times=1000),
        "watch seconds ÷ duration",
    ),
    _quotient(
        "average_watch_seconds",
        Unit.SECONDS,
        Quotient((WATCH_MS,), WATCHED_VIEWERS, per=1000, from_parts=True),
        "watch seconds ÷ viewers",
    ),
    _audience("new_followers", "distinct viewers that followed", Unit.PEOPLE),
    _ratio("follow_rate", "new_followers", "viewers"),
    _audience("comments", "comments"),
    _counted("commenters", "distinct viewers that commented", Unit.PEOPLE),
    _audience("likes", "likes"),
    _audience("shares", "shares"),
    _counted("gifts", "gifts"),
    _ratio("engagement_rate", "comments", "viewers"),
    _quotient(
        "interaction_rate",
        Unit.RATIO,
        Quotient(("comments", "likes", "shares"), "viewers"),
        "(comments + likes + shares) ÷ viewers",
    ),
    Metric("product_impressions", Unit.COUNT, Rule.BY_PRODUCT, formula="reported by platforms, or counted"),
    _audience("product_viewers", "distinct viewers of `live.product.displayed`, or reported", Unit.PEOPLE),
    Metric("product_clicks", Unit.COUNT, Rule.BY_PRODUCT, formula="clicks on product cards"),
    _audience("clickers", "distinct viewers that clicked, or reported; absent if clicks name no viewer", Unit.PEOPLE),
    _ratio("click_rate", "product_clicks", "viewers"),
    _ratio("product_click_rate", "product_clicks", "product_impressions"),
    Metric("orders", Unit.COUNT, Rule.COMMERCE, formula="distinct paid orders"),
    Metric("buyers", Unit.PEOPLE, Rule.COMMERCE, formula="distinct buyers with a paid order"),
    Metric("units_sold", Unit.PIECES, Rule.COMMERCE, formula="sum of quantities of paid orders, without free gifts"),
    Metric("gift_units", Unit.PIECES, Rule.LEDGER, formula="free gifts of paid orders"),
    Metric("gmv", Unit.MONEY, Rule.COMMERCE, formula="paid amount, refunds not taken off"),
    Metric("refunded_orders", Unit.COUNT, Rule.LEDGER, formula="distinct refunded orders"),
    Metric("refund_amount", Unit.MONEY, Rule.LEDGER, formula="amount paid back"),
    _ratio("refund_rate", "refunded_orders", "orders"),
    Metric("net_gmv", Unit.MONEY, Rule.FORMULA, Combine.FORMULA, formula="gmv − refund_amount"),
    _ratio("conversion_rate", "buyers", "viewers"),
    _ratio("click_to_order_rate", "orders", "product_clicks"),
    _ratio("units_conversion_rate", "units_sold", "viewers"),
    _money("spend_per_buyer", "buyers"),
    _quotient("units_per_buyer", Unit.PIECES, Quotient(("units_sold",), "buyers"), "units_sold ÷ buyers"),
    _money("average_order_value", "orders"),
    _money("gmv_per_viewer", "viewers"),
    _quotient("gmv_per_thousand_views", Unit.MONEY, Quotient(("gmv",), "views", times=1000), "gmv × 1000 ÷ views"),
    _quotient("gmv_per_hour", Unit.MONEY, Quotient(("gmv",), DURATION_US, times=_HOUR_US), "gmv ÷ hours of duration"),
    Metric(
        "ad_spend", Unit.MONEY, Rule.BY_CAMPAIGN, formula="the latest of `live.ad.sampled` of each campaign and currency, summed"
    ),
    _ratio("roi", "gmv", "ad_spend"),
    _ratio("net_roi", "net_gmv", "ad_spend"),
    Metric("new_buyers", Unit.PEOPLE, Rule.LEDGER, formula="buyers whose first paid order with the brand this is"),
    Metric("repeat_buyers", Unit.PEOPLE, Rule.FORMULA, Combine.SUM, formula="buyers − new_buyers"),
    _counted("support_requests", "distinct tickets"),
    _quotient(
        "average_response_seconds",
        Unit.SECONDS,
        Quotient((RESPONSE_MS,), RESPONSES, per=1000, from_parts=True),
        "response seconds ÷ answered requests",
    ),
    _counted("slow_responses", "answers slower than `TALLYLIGHT_SLOW_RESPONSE_SECONDS`"),
    _quotient(
        "average_ship_hours",
        Unit.HOURS,
        Quotient((SHIP_MS,), SHIPPED, per=_HOUR_US // 1000, from_parts=True),
        "hours from paid to shipped ÷ shipped orders",
    ),
    _audience("replay_views", "reported by platforms"),
    _after_live("orders_24h", Unit.COUNT, DAY, "orders paid within 24 hours after the end"),
    _after_live("gmv_24h", Unit.MONEY, DAY, "gmv of after_live_orders_24h"),
    _after_live("net_gmv_24h", Unit.MONEY, DAY, "after_live_gmv_24h − refunds of these orders"),
    _after_live("orders_7d", Unit.COUNT, WEEK, "orders paid within 7 days after the end"),
    _after_live("gmv_7d", Unit.MONEY, WEEK, "gmv of after_live_orders_7d"),
    _after_live("net_gmv_7d", Unit.MONEY, WEEK, "after_live_gmv_7d − refunds of these orders"),
)

BY_SLUG: dict[str, Metric] = {metric.slug: metric for metric in METRICS}


def of_rule(rule: Rule) -> tuple[str, ...]:
    """Return the slugs whose figures come from this source, in the registry's order."""
    return tuple(metric.slug for metric in METRICS if metric.rule is rule)


HIDDEN_SUMS: tuple[str, ...] = (WATCH_MS, WATCHED_VIEWERS, RESPONSE_MS, RESPONSES, SHIP_MS, SHIPPED)
"""Sums that only formulas read."""

SUMMED: tuple[str, ...] = (
    *(m.slug for m in METRICS if m.combine in {Combine.SUM, Combine.SUM_OF_LATEST}),
    *HIDDEN_SUMS,
)
"""Figures whose platforms add up."""
