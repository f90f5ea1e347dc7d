"""The evaluator against a naive one, in fractions, that follows the glossary word by word."""

from datetime import timedelta
from fractions import Fraction

from hypothesis import given, strategies as st

from app.kpis.evaluation.concurrency import highest_sum, viewers_at
from app.kpis.evaluation.consistency import findings
from app.kpis.evaluation.evaluate import Evaluation, evaluate
from app.kpis.evaluation.metrics import METRICS
from app.storage.kpis.reads import ConcurrencyRow, SessionFigures
from tests.kpis.event_builders import START, figures_of

AUDIENCE = ("viewers", "views", "impressions", "likes", "comments", "shares", "new_followers")
COMMERCE = ("orders", "buyers", "units_sold", "gmv")
COUNTED = (
    *AUDIENCE, *COMMERCE, "watch_ms", "commenters", "gifts", "new_buyers", "gift_units", "refund_amount", "refunded_orders",
    "support_requests", "responses", "response_ms", "slow_responses", "shipped_orders", "ship_ms", "product_clicks",
    "product_impressions",
)  # fmt: skip
REPORTED = (*AUDIENCE, *COMMERCE, "average_watch_ms", "concurrent_viewers")
values = st.integers(min_value=0, max_value=10**6)


def rows(names: tuple[str, ...]) -> st.SearchStrategy[dict[str, int]]:
    """Return some of the figures, each with a value."""
    return st.dictionaries(st.sampled_from(names), values, max_size=len(names))


def naive(figures: SessionFigures, seconds: int) -> dict[str, Fraction | None]:
    """Return the totals as the glossary defines them."""
    sums: dict[str, Fraction] = {}

    def add(slug: str, value: int | None) -> None:
        if value is not None:
            sums[slug] = sums.get(slug, Fraction(0)) + value

    for platform in figures.platforms():
        c, r = figures.counted.get(platform, {}), figures.reported.get(platform, {})
        viewers = r.get("viewers", c.get("viewers"))
        for slug in AUDIENCE:
            add(slug, r.get(slug, c.get(slug)))
        for slug in ("commenters", "gifts", "support_requests", "product_clicks", "product_impressions", "responses", "response_ms",
                     "shipped_orders", "ship_ms"):  # fmt: skip
            add(slug, c.get(slug))
        add("slow_responses", c.get("slow_responses", 0 if "responses" in c else None))
        ledger = c.get("orders", 0) > 0
        for slug in COMMERCE:
            add(slug, c.get(slug, 0) if ledger else r.get(slug))
        for slug in ("refund_amount", "refunded_orders", "new_buyers", "gift_units"):
            add(slug, c.get(slug, 0) if ledger else c.get(slug))
        add("repeat_buyers", c.get("buyers", 0) - c.get("new_buyers", 0) if ledger else None)
        if viewers:
            watch = r["average_watch_ms"] * viewers if "average_watch_ms" in r else c.get("watch_ms")
            add("watch_ms", watch)
            add("watched", viewers if watch is not None else None)

    def over(above: Fraction | None, below: Fraction | None, factor: Fraction | int = 1) -> Fraction | None:
        return above / below * factor if above is not None and below else None

    get = sums.get
    hours = Fraction(seconds, 3600)
    interactions = [sums[slug] for slug in ("comments", "likes", "shares") if slug in sums]
    gmv, refunds = get("gmv"), get("refund_amount")
    derived = {
        "average_watch_seconds": over(get("watch_ms"), get("watched"), Fraction(1, 1000)),
        "average_concurrent_viewers": over(get("watch_ms"), Fraction(seconds), Fraction(1, 1000)),
        "follow_rate": over(get("new_followers"), get("viewers")),
        "engagement_rate": over(get("comments"), get("viewers")),
        "interaction_rate": over(sum(interactions, Fraction(0)) if interactions else None, get("viewers")),
        "entry_rate": over(get("viewers"), get("impressions")),
        "click_rate": over(get("product_clicks"), get("viewers")),
        "product_click_rate": over(get("product_clicks"), get("product_impressions")),
        "click_to_order_rate": over(get("orders"), get("product_clicks")),
        "roi": over(gmv, get("ad_spend")),
        "net_roi": over(gmv - refunds if gmv is not None and refunds is not None else None, get("ad_spend")),
        "refund_rate": over(get("refunded_orders"), get("orders")),
        "net_gmv": gmv - refunds if gmv is not None and refunds is not None else None,
        "conversion_rate": over(get("buyers"), get("viewers")),
        "units_conversion_rate": over(get("units_sold"), get("viewers")),
        "spend_per_buyer": over(gmv, get("buyers")),
        "units_per_buyer": over(get("units_sold"), get("buyers")),
        "average_order_value": over(gmv, get("orders")),
        "gmv_per_viewer": over(gmv, get("viewers")),
        "gmv_per_thousand_views": over(gmv, get("views"), 1000),
        "gmv_per_hour": over(gmv, hours),
        "average_response_seconds": over(get("response_ms"), get("responses"), Fraction(1, 1000)),
        "average_ship_hours": over(get("ship_ms"), get("shipped_orders"), Fraction(1, 3_600_000)),
    }
    wanted = {metric.slug for metric in METRICS}
    return {slug: value for slug, value in (sums | derived).items() if slug in wanted}


platforms = st.dictionaries(st.sampled_from(("direct", "wechat", "weibo")), rows(COUNTED), max_size=3)
reports = st.dictionaries(st.sampled_from(("wechat", "weibo")), rows(REPORTED), max_size=2)


@given(platforms, reports, st.integers(0, 20_000))
def test_every_total_is_what_the_glossary_says(
    counted: dict[str, dict[str, int]], reported: dict[str, dict[str, int]], seconds: int
) -> None:
    """Sums over platforms, and ratios of those sums, exactly."""
    figures = figures_of(counted, reported, seconds)
    evaluation = evaluate(figures, START + timedelta(days=1))
    expected = naive(figures, seconds)
    # What is paid after the end is no sum of these rows (tests/kpis/windows/test_after_live.py).
    checked = {m.slug for m in METRICS if m.after_end is None} - {"concurrent_viewers", "peak_concurrent_viewers"}
    only_averages = expected.get("average_watch_seconds") is None
    for slug in checked:
        numerator, denominator, basis = evaluation.total[slug]
        if slug == "average_watch_seconds" and only_averages and denominator:
            # A single average without viewers is the session's average.
            assert numerator in {r.get("average_watch_ms") for r in reported.values()}
            continue
        actual = Fraction(numerator, denominator) if denominator else None
        assert expected.get(slug) == actual, slug
        assert (actual is None) == (basis == "absent")


@given(platforms, reports)
def test_a_part_has_the_basis_it_says_and_a_total_is_mixed_only_when_its_parts_differ(
    counted: dict[str, dict[str, int]], reported: dict[str, dict[str, int]]
) -> None:
    """Absent parts are no parts."""
    evaluation = evaluate(figures_of(counted, reported, 60), START + timedelta(days=1))
    for slug in (*AUDIENCE, *COMMERCE):
        bases = {values[slug][2] for values in evaluation.by_platform.values()} - {"absent"}
        wanted = "absent" if not bases else bases.pop() if len(bases) == 1 else "mixed"
        assert wanted == evaluation.total[slug][2]


def _minutes(*samples: tuple[int, str, int, int]) -> list[ConcurrencyRow]:
    return [
        ConcurrencyRow(START + timedelta(minutes=m), platform, "", latest, START + timedelta(minutes=m, seconds=30), highest)
        for m, platform, latest, highest in samples
    ]


def test_the_peak_of_two_platforms_is_the_highest_minute_of_their_sum() -> None:
    """Not the sum of their peaks; a platform without a sample carries its latest until it goes off air."""
    minutes = _minutes((0, "a", 10, 50), (1, "b", 5, 70), (2, "a", 60, 60), (4, "b", 90, 95))
    assert 155 == highest_sum(minutes, {})
    assert 95 == highest_sum(minutes, {"a": START + timedelta(minutes=3, seconds=30)})
    assert 0 == highest_sum([], {})


def test_viewers_at_a_moment_come_from_the_last_sample_before_it() -> None:
    """A minute's only sample is used for all of it if there is no earlier one."""
    minutes = _minutes((0, "a", 10, 50), (2, "a", 30, 30), (2, "b", 1, 1))
    moments = [START + timedelta(seconds=second) for second in (-1, 0, 120, 160)]
    assert dict(zip(moments, (None, 10, 11, 31), strict=True)) == viewers_at(minutes, moments)


def test_a_peak_is_never_less_than_what_is_there_now() -> None:
    """Whatever the minutes say."""
    reported = {"wechat": {"concurrent_viewers": 30}, "weibo": {"concurrent_viewers": 40}}
    evaluation: Evaluation = evaluate(figures_of({}, reported, 60, live=True), START + timedelta(minutes=1), ())
    assert (70, 70) == (evaluation.total["concurrent_viewers"][0], evaluation.total["peak_concurrent_viewers"][0])


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_counted_and_reported_may_differ_by_a_tenth(counted: int, reported: int) -> None:
    """Of what the platform reports, and not by more."""
    figures = figures_of({"wechat": {"likes": counted}}, {"wechat": {"likes": reported}}, 60)
    codes = [finding.code for finding in findings(evaluate(figures, START), figures)]
    assert (abs(counted - reported) > Fraction(reported, 10)) == ("counted_and_reported_differ" in codes)
