"""Assertions: the API's documents equal the oracle's figures.

In: a service, sessions, the events that were sent. Out: nothing, or an assertion error that names the figure. Never here: figures
of its own.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.ingest.rebuilding.rebuild import compare
from app.kpis.audience.audience import read_audience
from app.kpis.audience.sources import read_sources
from app.kpis.documents.kpi_reader import read_kpis
from app.kpis.products import product_reader
from app.kpis.reading.session_reader import SessionQuery
from app.kpis.timeline.orders_and_events import read_orders
from app.kpis.timeline.timeline_reader import TimelineQuery, read_timeline
from app.service import Service
from app.storage.event_log.log_reads import OrderFilter
from tests.pipeline import oracle, product_oracle, traffic_oracle
from tests.pipeline.reference_model import tell
from tests.pipeline.reference_records import Order, Show, Story
from tests.pipeline.reference_values import total_of
from tests.pipeline.strategies import START, Event
from tests.pipeline.window_assertions import assert_windows

_MINUTES = ("viewers", "views", "exits", "comments", "likes", "orders", "units_sold", "gmv", "buyers", "product_clicks")
_ORDER_MOMENTS = ("placed", "paid", "cancelled", "refunded", "shipped", "delivered")


def now(story: Story) -> datetime:
    """Return the time one second after the last event."""
    happened = [one.at for one in story.happenings] + [one.at for one in story.readings]
    return max([START, *happened, *story.starts, *story.ends]) + timedelta(seconds=1)


def asked(story: Story) -> SessionQuery:
    """Return the question for a show's figures at that moment."""
    return SessionQuery(UUID(story.show.id), None, now(story), "en")


async def assert_told(service: Service, shows: list[Show], events: list[Event]) -> None:
    """Assert that every document of every session equals the oracle's, and that a rebuild finds no difference."""
    for story in tell(shows, events).values():
        await _kpis(service, story)
        await _products(service, story)
        await _audience(service, story)
        await _sources(service, story)
        await _timeline(service, story)
        await _orders(service, story)
        await assert_windows(service, story, asked(story))
        assert [] == await compare(service.database, service.settings, UUID(story.show.id))


async def _kpis(service: Service, story: Story) -> None:
    document = await read_kpis(service.database, asked(story))
    assert oracle.status(story) == document["status"]
    duration = oracle.duration_us(story, now(story))
    assert (None if duration is None else duration / 1_000_000) == document["duration_seconds"]
    parts = {platform: oracle.platform_figures(story, platform, now(story)) for platform in story.platforms}
    assert set(document["by_platform"]) <= set(parts)
    for platform, figures in parts.items():
        # A platform that has no stream here and told no figure need not be listed.
        if platform in document["by_platform"] or any(value is not None for value in figures.values()):
            _same(figures, document["by_platform"][platform], story.show.digits, platform)
    total = oracle.total_figures(parts.values(), duration)
    _same(total, document["kpis"], story.show.digits, "total")
    peaks = oracle.highest_by_room(story)
    assert max(peaks, default=0) <= (document["kpis"]["peak_concurrent_viewers"]["value"] or 0) <= sum(peaks)


def _same(expected: oracle.Figures, document: dict[str, Any], digits: int, where: str) -> None:
    # The sum of several platforms' viewers at one moment depends on how samples are spread: only bounds are known.
    told = {slug: figure for slug, figure in document.items() if slug in expected}
    assert set(document) - set(told) <= {"peak_concurrent_viewers"}, where
    wanted = {slug: oracle.printed(expected[slug], slug, digits) for slug in told}
    found = {slug: _number(figure["value"]) for slug, figure in told.items()}
    assert wanted == found, where
    assert {slug for slug, value in wanted.items() if value is None} == {
        slug for slug, figure in told.items() if figure["basis"] == "absent"
    }, where


def _number(value: object) -> float | str | None:
    """Return a JSON number as a float, which is what a reader of JSON gets; money is text already."""
    return value if value is None or isinstance(value, str) else float(str(value))


async def _products(service: Service, story: Story) -> None:
    document, _ = await product_reader.read_products(service.database, asked(story))
    rows = {row["product"]: row for row in [*document["products"], *document["other"]["products"]]}
    digits = story.show.digits
    assert oracle.products(story) == sorted(rows)
    for product, row in rows.items():
        figures = product_oracle.product_figures(story, product)
        wanted = {name: oracle.printed(value, name, digits) for name, value in figures.items()}
        assert wanted == {name: _number(row[name]) for name in figures}, product


async def _audience(service: Service, story: Story) -> None:
    for begin, end in ((START, START + timedelta(minutes=1)), (START + timedelta(seconds=30), START + timedelta(hours=3))):
        document = await read_audience(service.database, asked(story), begin, end, 4)
        found = oracle.arrivals(story, begin, end)
        assert len(found) == document["arrivals"]
        by_source = {row["source"]: row["viewers"] for row in document["by_source"]}
        assert oracle.shares(found, lambda one: one.source) == by_source
        by_level = {row["fan_level"]: row["viewers"] for row in document["by_fan_level"]}
        assert oracle.shares(found, lambda one: one.fan_level) == by_level
        known = [one.fan_level for one in found if one.fan_level is not None]
        assert (sum(level >= 4 for level in known) if known else None) == document["core_fans"]["viewers"]


async def _sources(service: Service, story: Story) -> None:
    document = await read_sources(service.database, asked(story))
    found = {(row["source"], row["paid"]): row for row in document["sources"]}
    wanted = traffic_oracle.by_source(story)
    names = {place: row for place, row in wanted.items() if place is not None}
    assert names.keys() == found.keys()
    ledger = oracle.counted(story, "orders") is not None
    for place, figures in names.items():
        assert traffic_oracle.printed(figures, story.show.digits, ledger=ledger) == {
            name: found[place][name] for name in figures
        }, place
    kpis = (await read_kpis(service.database, asked(story)))["kpis"]
    for slug in ("buyers", "orders", "gmv", "refund_amount"):
        value = kpis[slug]["value"]
        assert value == document["total"][slug], slug
        parts = [document["remainder"], *document["sources"]]
        if value is not None:
            assert Decimal(value) == sum(Decimal(part[slug] or 0) for part in parts), slug
    if ledger and kpis["gmv"]["basis"] == "counted":
        rest = traffic_oracle.printed(wanted[None], story.show.digits, ledger=True)
        assert {name: value for name, value in rest.items() if name != "viewers"} == {
            name: document["remainder"][name] for name in rest if name != "viewers"
        }
    assert traffic_oracle.reported(story) == {
        (row["platform"], row["source"], row["paid"]): {name: row[name] for name in ("viewers", "orders", "buyers", "gmv")}
        for row in document["reported"]
    }


async def _timeline(service: Service, story: Story) -> None:
    end = START + timedelta(hours=3)
    question = TimelineQuery(",".join(_MINUTES), "1m", None, None, START, end)
    document = await read_timeline(service.database, asked(story), question)
    assert 180 == len(document["buckets"])
    for metric in _MINUTES:
        wanted = [_in_minute(story, metric, START + timedelta(minutes=minute)) for minute in range(180)]
        assert wanted == [_number(value) for value in document["series"][metric]], metric

    marks = [
        (datetime.fromisoformat(mark["at"]), mark["kind"], mark["host"] or mark["label"], mark["text"], _moment(mark["until"]))
        for mark in document["marks"]
        if mark["kind"] in {"host", "mark"}
    ]
    assert sorted((one for one in story.marks if START <= one[0] < end), key=lambda one: one[:2]) == marks


def _in_minute(story: Story, metric: str, begin: datetime) -> float | str | None:
    end = begin + timedelta(minutes=1)
    products = oracle.products(story) if metric == "product_clicks" else [""]
    value = sum(oracle.in_window(story, metric, begin, end, product) for product in products)
    return oracle.printed(value, metric, story.show.digits)


async def _orders(service: Service, story: Story) -> None:
    document, more = await read_orders(service.database, asked(story), OrderFilter(None, None, None, None), None, 200)
    assert more is None
    rows = {(row["platform"], row["order"]): row for row in document["orders"]}
    assert sorted(story.orders) == sorted(rows)
    for (platform, number), order in story.orders.items():
        buyer = None if order.buyer is None else service.privacy_keys.pseudonym(platform, order.buyer)
        row = rows[platform, number]
        row["parcels"] = sorted(
            (str(datetime.fromisoformat(parcel["shipped_at"]).astimezone(UTC)), str((parcel["carrier"], parcel["tracking"])))
            for parcel in row["parcels"]
        )
        assert _order(story.show, order) | {"buyer": buyer} == {
            name: _moment(value) if name.endswith("_at") else value
            for name, value in row.items()
            if name not in {"order", "platform", "state"}
        }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _order(show: Show, order: Order) -> dict[str, Any]:
    lines = [
        {
            "product": show.aliases.get(line["product"], line["product"]),
            "sku": line.get("sku"),
            "quantity": line["quantity"],
            "amount": f"{Decimal(total_of(line)):.{show.digits}f}",
            "gift": bool(line.get("gift")),
        }
        for line in order.lines
    ]
    amount = None if order.amount is None else oracle.printed(order.amount, "gmv", show.digits)
    moments = {f"{moment}_at": order.moments.get(moment) for moment in _ORDER_MOMENTS}
    if not order.refunded:
        moments["refunded_at"] = None
    return {
        "buyer": None,
        "amount": amount,
        "refunded_amount": oracle.printed(order.refunded, "gmv", show.digits),
        "lines": lines,
        "carrier": order.carrier,
        "tracking": order.tracking,
        "parcels": sorted((str(at.astimezone(UTC)), str(parcel)) for parcel, at in order.parcels.items()),
        **moments,
    }
