"""Each rule at its threshold: the figures of one side give a finding, those of the other none."""

from typing import Any
from uuid import UUID

import pytest

from app.insights.evidence import Aired, Evidence
from app.insights.finding import CODES
from app.insights.registry import findings_of
from app.insights.topics import Topic, Topics
from app.storage.kpis.product_reads import PromotionRow
from app.storage.reports.insight_reads import Shipping
from tests.insights.evidence_builders import aired, concurrency, evidence, found, minute

SOLD = {"viewers": 1000, "orders": 40, "buyers": 40, "units_sold": 40, "gmv": 4_000_000, "product_clicks": 2000}


def arrivals(first: int, second: int, metric: str = "viewers") -> dict[str, dict[int, int]]:
    """Return arrivals in the first minute of each half."""
    return {metric: {0: first, 60: second}}


def test_nothing_is_said_of_nothing() -> None:
    """A session without events, one that only counted zeros, and one that has not begun."""
    assert [] == findings_of(evidence())
    assert [] == findings_of(evidence(dict.fromkeys(SOLD, 0), products={"a": {"product_clicks": 0, "stock": 0}}))
    assert [] == findings_of(evidence({}, live=True, counts=arrivals(900, 0)))


@pytest.mark.parametrize(
    ("first", "second", "half"), [(60, 40, "first"), (59, 41, None), (40, 60, "second"), (59, 40, None), (50, 50, None)]
)
def test_the_busier_half(first: int, second: int, half: str | None) -> None:
    """From 60 % of at least a hundred arrivals on."""
    halves = [one.figures["half"] for one in found("audience_over_time", evidence(counts=arrivals(first, second)))]
    assert ([half] if half else []) == halves


def test_comments_join_where_they_lean_the_same_way() -> None:
    """And are left out where they do not, or are few."""
    counts = arrivals(800, 200)
    for comments, share in (
        (arrivals(24, 6, "comments"), 0.8),
        (arrivals(10, 20, "comments"), None),
        (arrivals(20, 2, "comments"), None),
    ):
        (one,) = found("audience_over_time", evidence(counts=counts | comments))
        assert share == one.figures.get("comments_share")


def test_the_height_is_tied_to_what_was_on_air() -> None:
    """The first of the highest minutes; outside every showcase no product is named."""
    samples = concurrency((0, 30, 100), (30, 40, 400), (40, 120, 300))
    seen = evidence(concurrency=samples, aired=[aired("a", 10, 30), aired("b", 30, 50)])
    (one,) = [f for f in found("audience_over_time", seen) if f.subject == "height"]
    assert (400, "b", "2021-09-25T14:30:00+09:00") == (
        one.figures["peak_concurrent_viewers"], one.figures["product"], one.figures["at"],
    )  # fmt: skip
    for shown in ([], [aired("a", 10, 30.2), aired("b", 30.2, 50)]):
        (bare,) = [f for f in found("audience_over_time", evidence(concurrency=samples, aired=shown)) if f.subject == "height"]
        assert "product" not in bare.figures


@pytest.mark.parametrize(("last", "fades"), [(200, True), (201, False), (0, True)])
def test_the_audience_fades(last: int, fades: bool) -> None:
    """Half of the best quarter's viewers or fewer in the last one."""
    seen = evidence(concurrency=concurrency((0, 30, 300), (30, 60, 400), (60, 90, 380), (90, 120, last)))
    fading = [f.figures for f in found("audience_over_time", seen) if f.subject == "fading"]
    assert ([(400, last)] if fades else []) == [(f["average"], f["last_average"]) for f in fading]


def test_a_quarter_that_was_hardly_sampled_is_not_compared() -> None:
    """Fourteen of thirty minutes are not enough."""
    seen = evidence(concurrency=concurrency((0, 90, 400), (106, 120, 10)))
    assert not [f for f in found("audience_over_time", seen) if f.subject == "fading"]


@pytest.mark.parametrize(
    ("shown", "wording"),
    [
        ([aired("a", 50, 55)], "fall_on_air"),
        ([aired("a", 50, 54)], "fall"),
        ([aired("a", 0, 40)], "fall_off_air"),
        ([], "fall"),
    ],
)
def test_a_fall_names_what_was_on_air_for_half_of_it(shown: list[Aired], wording: str) -> None:
    """A finding states that nothing was on air only if there are showcases."""
    seen = evidence(concurrency=concurrency((0, 51, 400), (51, 60, 399), (60, 120, 100)), aired=shown)
    (one,) = [f for f in found("audience_over_time", seen) if f.subject == "fall"]
    assert f"audience_over_time.{wording}" == one.wording


@pytest.mark.parametrize(("at", "after", "falls"), [(60, 280, True), (60, 281, False), (111, 10, False)])
def test_the_steepest_fall(at: int, after: int, falls: bool) -> None:
    """Thirty per cent within ten minutes; at the very end people leave anyway."""
    seen = evidence(concurrency=concurrency((0, at, 400), (at, 120, after)), aired=[aired("a", at - 5, at + 5)])
    assert falls == bool([f for f in found("audience_over_time", seen) if f.subject == "fall"])


@pytest.mark.parametrize(
    ("levels", "wording"),
    [
        ({"fans|4": 50, "|1": 50}, "core_fans_early.many"),
        ({"fans|4": 49, "|1": 51}, None),
        ({"fans|9": 20, "|0": 80}, "core_fans_early.few"),
        ({"fans|5": 50, "|": 51}, None),
        ({"fans|5": 99}, None),
    ],
)
def test_core_fans_come_early(levels: dict[str, int], wording: str | None) -> None:
    """Half or more, a fifth or fewer; of a hundred arrivals, most of them of known level."""
    assert ([wording] if wording else []) == [f.wording for f in found("core_fans_early", evidence(early_arrivals=levels))]


@pytest.mark.parametrize(("units", "gmv", "wins"), [(5, 150_001, True), (4, 150_001, False), (5, 149_999, False)])
def test_the_winner_on_air(units: int, gmv: int, wins: bool) -> None:
    """Five pieces, and a fifth more per minute than all products: 1.5 against 1 makes 1.25."""
    shown = [aired("a", 0, 10, units_sold=units, gmv=gmv), aired("b", 10, 20, units_sold=9, gmv=100_000)]
    assert (["a"] if wins else []) == [f.figures["product"] for f in found("on_air_winners", evidence(SOLD, aired=shown))]
    assert [] == found("on_air_winners", evidence(SOLD, aired=shown[:1]))


@pytest.mark.parametrize(("clicks", "buyers", "says"), [(400, 4, True), (400, 5, False), (199, 0, False), (300, 0, True)])
def test_clicked_and_not_bought(clicks: int, buyers: int, says: bool) -> None:
    """At most half as often as two buyers per hundred clicks."""
    seen = evidence(SOLD, products={"a": {"product_clicks": clicks, "buyers": buyers, "units_sold": buyers, "gmv": buyers}})
    assert says == bool(found("clicked_not_bought", seen))


def test_who_found_it_sold_out_could_not_buy() -> None:
    """A product that sold out is reported once, as sold out."""
    product = {"a": {"product_clicks": 900, "buyers": 1, "units_sold": 1, "gmv": 10_000, "stock": 0}}
    seen = evidence(SOLD, products=product, sold_out={"a": (30, 800, {"product_clicks": 100, "orders": 1})})
    assert [] == found("clicked_not_bought", seen)
    (one,) = found("stock_out_missed_demand", seen)
    assert {
        "product": "a",
        "sold_out_at": "2021-09-25T14:30:00+09:00",
        "clicks_after": 800,
        "missed_gmv_estimate": "800.00",
    } == one.figures


@pytest.mark.parametrize(("after", "says"), [(10, True), (9, False)])
def test_few_clicks_after_a_sell_out_are_nobodys_demand(after: int, says: bool) -> None:
    """Ten of them."""
    seen = evidence(SOLD, products={"a": {"product_clicks": 20, "stock": 0}}, sold_out={"a": (30, after, {})})
    assert says == bool(found("stock_out_missed_demand", seen))
    assert all(f.figures["missed_gmv_estimate"] is None for f in found("stock_out_missed_demand", seen))


def history(*spent: int, currency: str = "CNY") -> list[Any]:
    """Return earlier sessions in which 40 buyers spent this much each."""
    return [
        evidence(SOLD | {"gmv": 40 * each}, number=2 + number, currency=currency).evaluation for number, each in enumerate(spent)
    ]


@pytest.mark.parametrize(
    ("earlier", "wording"),
    [
        (history(50_000, 60_000, 70_000), "highest"),
        (history(150_000, 160_000, 170_000), "lowest"),
        (history(50_000, 60_000, 70_000, 120_000), "high"),
        (history(130_000, 140_000, 150_000, 90_000), "low"),
        (history(50_000, 60_000), None),
        (history(95_000, 95_000, 95_000), None),
        (history(50_000, 60_000, 130_000, 140_000), None),
        (history(50_000, 60_000, 70_000, currency="JPY"), None),
        ([], None),
    ],
)
def test_spend_against_the_brands_own_sessions(earlier: list[Any], wording: str | None) -> None:
    """Three sessions in the same currency, the best or worst quarter, a tenth off the median."""
    findings = [f for f in found("spend_against_history", evidence(SOLD, earlier=earlier)) if f.subject == "spend_per_buyer"]
    assert ([f"spend_against_history.{wording}"] if wording else []) == [f.wording for f in findings]
    assert [] == found("spend_against_history", evidence(SOLD, earlier=earlier, live=True))


@pytest.mark.parametrize(("shown", "wording"), [(2, "slower"), (8, "faster"), (4, None), (1, None)])
def test_the_pace(shown: int, wording: str | None) -> None:
    """Products on air per hour against earlier sessions."""
    earlier = history(100_000, 100_000, 100_000)
    counts = {one.head.id: 4 for one in earlier} | {UUID(int=1): shown}
    findings = found("spend_against_history", evidence(SOLD, earlier=earlier, shown=counts))
    assert ([f"spend_against_history.{wording}"] if wording else []) == [f.wording for f in findings]


@pytest.mark.parametrize(("requests", "slow", "says"), [(15, 3, True), (16, 3, False), (2, 2, False)])
def test_slow_support(requests: int, slow: int, says: bool) -> None:
    """Three slow answers, one in five."""
    figures = {"support_requests": requests, "slow_responses": slow, "responses": requests, "response_ms": requests * 61_000}
    findings = found("slow_support", evidence(figures))
    assert says == bool(findings)
    bunched = found("slow_support", evidence(figures, counts={"slow_responses": {16: 1, 29: slow - 1}}))
    assert ["2021-09-25T14:15:00+09:00"] * says == [f.figures.get("from") for f in bunched]


@pytest.mark.parametrize(("hours", "parcels", "says"), [(72, 5, True), (71, 5, False), (200, 4, False)])
def test_long_shipping(hours: int, parcels: int, says: bool) -> None:
    """Three days on average over five parcels."""
    figures = {"shipped_orders": parcels, "ship_ms": parcels * hours * 3_600_000}
    assert says == bool(found("long_shipping", evidence(figures, shipping=Shipping(parcels, 1))))


def promotion(title: str | None, views: int | None = 1000) -> PromotionRow:
    """Return a promotion."""
    return PromotionRow(None, "https://v.example/1", "video", None, title, None, views, 1, None)


@pytest.mark.parametrize(
    ("arrived", "says"),
    [
        ({"promotion|": 50, "fans|4": 2450}, True),
        ({"promotion|": 50, "fans|4": 2451}, False),
        ({"video|1": 60}, True),
        ({"fans|": 900}, False),
    ],
)
def test_promotion_and_arrivals(arrived: dict[str, int], says: bool) -> None:
    """Fifty arrivals and two per cent, by promotion or a kind of it."""
    seen = evidence(arrivals=arrived, promotions=[promotion("t")])
    assert says == bool(found("promotion_effect", seen))
    assert [] == found("promotion_effect", evidence(arrivals=arrived, promotions=[promotion("t", None)]))


@pytest.mark.parametrize(
    ("title", "at", "says"), [("新作KNIT", 60, True), ("新作KNIT", 61, False), ("新作", 5, False), (None, 5, False)]
)
def test_a_promoted_product_sold_out_soon(title: str | None, at: float, says: bool) -> None:
    """Named in a promotion's title, gone within the first half."""
    seen = evidence(
        SOLD, products={"knit": {"product_clicks": 20, "stock": 0}}, sold_out={"knit": (at, 0, {})}, promotions=[promotion(title)]
    )
    assert says == bool(found("promotion_effect", seen))


@pytest.mark.parametrize(("weibo", "says"), [(1_000_000, True), (1_334_000, False)])
def test_platforms_against_each_other(weibo: int, says: bool) -> None:
    """Half as much again per viewer."""
    part = {"viewers": 1000, "orders": 20, "buyers": 20, "units_sold": 20}
    seen = evidence(by_platform={"wechat": part | {"gmv": 2_000_000}, "weibo": part | {"gmv": weibo}})
    assert says == bool(found("platform_contrast", seen))
    assert [] == found("platform_contrast", evidence(SOLD))


@pytest.mark.parametrize(("people", "of", "says"), [(5, 250, True), (5, 251, False), (4, 20, False), (19, 19, False)])
def test_comment_topics(people: int, of: int, says: bool) -> None:
    """Five people and two per cent, of twenty who commented."""
    topics = Topics(
        [Topic("theme", "price", people), Topic("product", "a", people), Topic("height", "160", people)], of, of, False
    )
    assert says == bool(found("comment_topics", evidence(topics=topics)))


def test_contradictions_are_told_as_the_kpis_warn() -> None:
    """With the same figures."""
    (one,) = found("figures_contradict", evidence(SOLD | {"viewers": 30}))
    assert {"warning": "buyers_exceed_viewers", "buyers": 40, "viewers": 30} == one.figures


def test_money_at_stake_comes_first_and_the_order_is_always_the_same() -> None:
    """A sell-out that missed half of the sales ranks above what merely describes."""
    seen: Evidence = evidence(
        SOLD,
        products={"a": {"product_clicks": 900, "buyers": 10, "orders": 10, "units_sold": 10, "gmv": 1_000_000, "stock": 0}},
        sold_out={"a": (30, 200, {"product_clicks": 100, "orders": 10})},
        counts=arrivals(900, 100),
        concurrency=concurrency((0, 60, 400), (60, 120, 100)),
        early_arrivals={"fans|4": 900, "|0": 100},
    )
    ranked = findings_of(seen)
    assert "stock_out_missed_demand" == ranked[0].code
    assert {"core_fans_early", "audience_over_time"} == {one.code for one in ranked[1:]}
    assert [one.evidence for one in ranked] == [one.evidence for one in findings_of(seen)]
    assert {one.code for one in ranked} <= set(CODES)


def test_a_path_names_the_window_in_full() -> None:
    """So that it answers with the very figures."""
    (one,) = found("core_fans_early", evidence(early_arrivals={"fans|4": 900}))
    begin, end = minute(0), minute(20)
    assert f"/v1/sessions/{UUID(int=1)}/audience?from={begin:%Y-%m-%dT%H:%M:%S}Z&to={end:%Y-%m-%dT%H:%M:%S}Z" == one.evidence[0]
