"""The rules of hosts, marks, the time after the show, lost viewers and the funnel, each at its threshold."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.insights.document import sentence
from app.insights.evidence import Evidence, Presented, SoldBySource
from app.insights.message_format import MessageFormatter
from app.kpis.comparison.targets import SessionTargets, target_figures
from app.kpis.evaluation.evaluate import Evaluation, evaluate
from app.kpis.windows.effects import Effect, Effects, Window
from app.labels.catalogue import label
from app.storage.kpis.marks import MarkRow
from app.storage.kpis.reads import AfterLive
from app.storage.kpis.sources import Source, SourceSales
from app.storage.kpis.windows import Sales, Sold
from tests.insights.evidence_builders import MINUTES, aired, evidence, found, head, minute

SOLD = {"viewers": 1000, "orders": 40, "buyers": 40, "units_sold": 40, "gmv": 4_000_000, "product_clicks": 2000}


def presented(host: str, minutes: float, orders: int, gmv: int) -> Presented:
    """Return what a host sold."""
    return Presented(host, round(minutes * 60_000_000), Sold(orders, gmv))


@pytest.mark.parametrize(
    ("hosts", "best"),
    [
        ([presented("小林", 20, 10, 240_000), presented("王", 20, 30, 200_000)], "小林"),
        ([presented("小林", 20, 9, 240_000), presented("王", 20, 30, 200_000)], None),
        ([presented("小林", 20, 10, 239_999), presented("王", 20, 30, 200_000)], None),
        ([presented("小林", 20, 10, 240_000), presented("王", 9.9, 30, 1_000)], None),
        ([presented("小林", 60, 30, 300_000), presented("王", 20, 20, 300_000)], "王"),
        ([presented("小林", 20, 10, 240_000)], None),
    ],
    ids=["a fifth more", "few orders", "less than a fifth more", "too short", "per minute, not in all", "one host"],
)
def test_the_host_who_sold_most_per_minute(hosts: list[Presented], best: str | None) -> None:
    """Against the one who sold least, both at least ten minutes on duty."""
    findings = found("host_sales", evidence(SOLD, presented=hosts))
    assert ([best] if best else []) == [one.figures["host"] for one in findings]


def sales(*orders: tuple[float, int], edges: Sequence[datetime]) -> Sales:
    """Return sales of orders (minute, amount)."""
    paid = [sum((Sold(1, gmv) for at, gmv in orders if minute(at) < edge), Sold()) for edge in edges]
    return Sales(list(edges), paid, sum((Sold(1, gmv) for _, gmv in orders), Sold()))


def with_coupon(*orders: tuple[float, int], begin: float = 60, end: float = 70, lasts: bool = False) -> Evidence:
    """Return evidence of a coupon with windows of its own length."""
    length = end - begin
    moments = [minute(at) for at in (begin - length, begin, end, end + length)]
    windows = [Window(moments[n], moments[n + 1]) for n in range(3)]
    mark = MarkRow(minute(begin), "mark", "coupon", None, minute(end), "wechat")
    one = Effect(mark, windows[0], windows[1], windows[2], lasts)
    return evidence(SOLD, effects=Effects(head(), [one], 0, sales(*orders, edges=moments), []))


def wordings(seen: Evidence) -> list[str]:
    """Return the wordings of the findings about marks."""
    return [one.wording.partition(".")[2] for one in found("mark_coincidence", seen)]


def test_what_coincided_with_a_coupon() -> None:
    """From half as much again per minute on, either way; ten orders with the time before it are the fewest."""
    before = [(55.0, 1000)] * 4
    assert ["higher"] == wordings(with_coupon(*before, *[(65.0, 1000)] * 6))
    assert [] == wordings(with_coupon(*before, *[(65.0, 1000)] * 5, (65.0, 999)))
    assert [] == wordings(with_coupon(*before, *[(65.0, 1200)] * 5))
    assert ["lower"] == wordings(with_coupon(*[(55.0, 1000)] * 6, *[(65.0, 1000)] * 4))
    assert ["lasted"] == wordings(with_coupon(*before, *[(65.0, 1000)] * 6, *[(75.0, 1000)] * 6))
    assert [] == wordings(with_coupon(*before, *[(65.0, 1000)] * 6, lasts=True))
    assert [] == wordings(with_coupon(*before, *[(60.5, 1000)] * 9, begin=60, end=61))
    assert [] == wordings(with_coupon(*[(55.0, 0)] * 6, *[(65.0, 0)] * 6))


def test_the_text_claims_no_cause() -> None:
    """In every language the sentence itself says that the two coincided."""
    for wording in ("higher", "lower", "lasted"):
        key = f"insight.mark_coincidence.{wording}"
        assert "原因とは限らない" in label(key, "ja")
        assert "不代表因果" in label(key, "zh")
        assert "coincided" in label(key, "en")


def test_marks_whose_windows_overlap_have_no_finding() -> None:
    """What coincided with both coincided with neither alone."""
    seen = with_coupon(*[(55.0, 1000)] * 4, *[(65.0, 1000)] * 6)
    assert seen.effects is not None
    (one,) = seen.effects.shown
    other = one._replace(during=Window(minute(52), minute(54)))
    assert [] == wordings(replace(seen, effects=seen.effects._replace(shown=[one, other])))


def after(hours: float, sold: AfterLive) -> Evidence:
    """Return evidence of a session so many hours after its end."""
    seen = evidence(SOLD)
    ended = seen.evaluation.head.ended_at
    assert ended is not None
    figures = replace(seen.figures, after_live={"wechat": sold})
    return replace(seen, figures=figures, evaluation=evaluate(figures, ended + timedelta(hours=hours)))


def test_sales_of_the_day_after_the_show() -> None:
    """From two per cent of the GMV and ten orders on, once the day is over."""
    assert [0.02] == [one.figures["share"] for one in found("after_live_sales", after(24, AfterLive(10, 80_000)))]
    assert [] == found("after_live_sales", after(23.9, AfterLive(10, 80_000)))
    assert [] == found("after_live_sales", after(24, AfterLive(9, 80_000)))
    assert [] == found("after_live_sales", after(24, AfterLive(10, 79_999)))


def lost(exits: int, views: int, at: int = 30, *, live: bool = False, shown: bool = True) -> list[str | None]:
    """Return the products of the findings about a minute."""
    on_air = [aired("a", 20, 40)] if shown else []
    seen = evidence(SOLD, live=live, counts={"exits": {at: exits, 0: 1}, "views": {at: views, 0: 900}}, aired=on_air)
    return [one.figures["product"] for one in found("viewers_lost", seen)]


def test_the_minute_that_lost_most_viewers() -> None:
    """From thirty on; not while the session is live, and not in its last ten minutes."""
    assert ["a"] == lost(60, 30)
    assert [None] == lost(60, 30, shown=False)
    assert [] == lost(59, 30)
    assert [] == lost(60, 30, live=True)
    assert [] == lost(60, 30, at=115)


def test_a_lost_minute_names_what_was_marked_then() -> None:
    """In words of the reader's language: what was set in it or lasted into it, each once; not the host."""
    rows = [
        MarkRow(minute(at), "mark", name, None, until, "wechat")
        for at, name, until in (
            (10.0, "note", None),
            (20.0, "speech", minute(31)),
            (25.0, "coupon", minute(30)),
            (30.5, "violation", None),
            (30.6, "speech", None),
            (31.0, "highlight", None),
        )
    ]
    rows.append(MarkRow(minute(30), "host", "王", None, None, "wechat"))
    seen = evidence(SOLD, counts={"exits": {30: 60}, "views": {0: 900}}, marks=rows)
    (one,) = found("viewers_lost", seen)
    assert ("viewers_lost.bare_marked", ["speech", "violation"]) == (one.wording, one.figures["marks"])
    texts = [sentence(one, MessageFormatter(seen.evaluation.head, {}, language)) for language in ("ja", "zh", "en")]
    for text, words in zip(texts, (("トーク", "違反"), ("口播片段", "违规"), ("Speech", "Violation")), strict=True):
        assert all(word in text for word in words), text


def show(viewers: int, clickers: int, buyers: int, number: int, **more: int) -> Evaluation:
    """Return a session's figures."""
    counted = {"viewers": viewers, "clickers": clickers, "buyers": buyers, "orders": buyers, "gmv": 100, **more}
    return evidence(counted, number=number).evaluation


def narrows(value: Evaluation, *earlier: Evaluation) -> list[str]:
    """Return the steps of the findings about the funnel."""
    seen = replace(evidence(SOLD), evaluation=value, earlier=earlier)
    return [one.figures["step"] for one in found("funnel_narrows", seen)]


def test_the_step_that_narrows_most() -> None:
    """A tenth below the median of three earlier sessions or more; steps that nothing supplied are left out."""
    before = [show(1000, 500, 100, number) for number in (2, 3, 4)]
    assert ["clickers"] == narrows(show(1000, 450, 90, 1), *before)
    assert [] == narrows(show(1000, 451, 91, 1), *before)
    assert ["buyers"] == narrows(show(1000, 450, 50, 1), *before)
    assert [] == narrows(show(1000, 450, 90, 1), *before[:2])
    assert [] == narrows(show(199, 50, 5, 1), *before)
    wider = [show(1000, 500, 100, number, impressions=2000) for number in (2, 3, 4)]
    assert ["viewers"] == narrows(show(1000, 500, 100, 1, impressions=4000), *wider)


@pytest.mark.parametrize(
    ("ads", "fans", "best"),
    [
        (SourceSales(10, 10, 30_000), SourceSales(20, 20, 20_000), "ads"),
        (SourceSales(10, 10, 29_999), SourceSales(20, 20, 20_000), None),
        (SourceSales(9, 9, 30_000), SourceSales(20, 20, 20_000), None),
    ],
    ids=["half as much again", "less", "few orders"],
)
def test_the_source_that_pays(ads: SourceSales, fans: SourceSales, best: str | None) -> None:
    """From half as much again per arrival on, of a hundred arrivals each."""
    known = [Source("ads", True), Source("fans", None), Source("few", None), Source(None, None)]
    sales = {known[0]: ads, known[1]: fans, known[2]: SourceSales(50, 50, 900_000), None: SourceSales(1, 1, 100)}
    arrived: dict[Source | None, int] = dict(zip(known, (100, 100, 99, 500), strict=True))
    findings = found("source_pays", evidence(SOLD, sources=SoldBySource(arrived, sales)))
    assert ([best] if best else []) == [one.figures["source"] for one in findings]


@pytest.mark.parametrize(
    ("slug", "target", "live", "wording"),
    [
        ("gmv", "50000.00", False, "missed"),
        ("gmv", "40000.00", False, "reached"),
        ("refunded_orders", 1, False, "exceeded"),
        ("refunded_orders", 2, False, None),
        ("likes", 5, False, None),
        ("gmv", "50000.00", True, "behind"),
        ("gmv", "60000.00", True, "behind"),
    ],
)
def test_targets(slug: str, target: int | str, live: bool, wording: str | None) -> None:
    """Missed, reached or exceeded once it is over, behind while it is on air; an absent figure says nothing."""
    seen = evidence(SOLD | {"refunded_orders": 2}, live=live)
    aims = SessionTargets({slug: target}, MINUTES, shared=False)
    findings = found("target_pace", replace(seen, targets=target_figures(seen.evaluation, aims)))
    assert ([wording] if wording else []) == [one.wording.partition(".")[2] for one in findings]
