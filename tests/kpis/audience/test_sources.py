"""Traffic sources over HTTP: who came from where, what they bought, and whether the traffic was paid for."""

from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import httpx
from hypothesis import given, strategies as st

from app.ingest.rebuilding import rebuild
from app.service import Service
from app.storage.kpis import sources
from tests.kpis.event_builders import Event, NewSession, Read, Send, at, paid
from tests.properties import examples

FIGURES = ("viewers", "buyers", "orders", "gmv", "refund_amount", "net_gmv")
LINE = ("knit-01", 1)

_rooms = count()
_seconds = st.integers(0, 400)
_names = st.sampled_from(("ann", "bob", "cid", "never"))
_entries = st.builds(
    lambda second, name, source: ("viewer.entered", second, {"viewer": name} | source),
    _seconds, _names.filter("never".__ne__), st.sampled_from(({}, {"source": "fans"}, {"source": "ads", "paid": True}, {"source": "ads"})),
)  # fmt: skip
_orders = st.integers(0, 9).map(str)
_payments = st.builds(
    lambda second, order, name, cents: paid(second, order, name, (*LINE, f"{cents // 100}.{cents % 100:02d}")),
    _seconds, _orders, _names, st.integers(1, 900),
)  # fmt: skip
_unnamed = st.builds(
    lambda second, order: ("order.paid", second, {"order": order, "currency": "CNY", "amount": "1.00", "lines": []}),
    _seconds,
    _orders,
)
_refunds = st.builds(lambda second, order: ("order.refunded", second, {"order": order, "amount": "0.01"}), _seconds, _orders)


def figures(row: dict[str, Any]) -> tuple[Any, ...]:
    """Return a row's source, and its figures."""
    return (row.get("source"), row.get("paid"), *(row[name] for name in FIGURES))


async def test_a_buyer_belongs_to_the_source_of_the_first_entry(new_session: NewSession, send: Send, read: Read) -> None:
    """Whichever arrives first; who never entered, and an order without a buyer, are the remainder."""
    session = await new_session()
    await send(
        "wechat:room",
        paid(100, "1", "ann", (*LINE, "100.10")),
        paid(101, "2", "ann", (*LINE, "0.90")),
        paid(102, "3", "bob", (*LINE, "50.00")),
        paid(103, "4", "never", (*LINE, "7.07")),
        ("order.paid", 104, {"order": "5", "currency": "CNY", "amount": "1.00", "lines": []}),
        ("viewer.entered", 50, {"viewer": "ann", "source": "search"}),
        ("viewer.entered", 200, {"viewer": "bob", "source": "ads", "paid": True}),
        ("viewer.entered", 10, {"viewer": "ann", "source": "fans", "paid": False, "fan_level": 4}),
        ("viewer.entered", 11, {"viewer": "cid"}),
        ("order.refunded", 300, {"order": "2", "amount": "0.90"}),
    )
    document = await read(session, "sources")
    assert [
        ("fans", False, 1, 1, 2, "101.00", "0.90", "100.10"),
        ("ads", True, 1, 1, 1, "50.00", "0.00", "50.00"),
        (None, None, 1, 0, 0, "0.00", "0.00", "0.00"),
    ] == [figures(row) for row in document["sources"]]
    assert {"buyers": 1, "orders": 2, "gmv": "8.07", "refund_amount": "0.00", "net_gmv": "8.07"} == document["remainder"]
    assert [(True, 1, "50.00"), (False, 1, "101.00"), (None, 1, "0.00")] == [
        (row["paid"], row["viewers"], row["gmv"]) for row in document["flows"]
    ]
    kpis = (await read(session, "kpis"))["kpis"]
    total = document["total"]
    assert {slug: kpis[slug]["value"] for slug in FIGURES} == {slug: total[slug] for slug in FIGURES}
    parts = [*document["sources"], document["remainder"]]
    assert Decimal(total["gmv"]) == sum(Decimal(part["gmv"]) for part in parts)
    fans = document["sources"][0]
    assert (0.333333, 1, "101.00", 0.634941) == tuple(
        fans[name] for name in ("share", "conversion_rate", "gmv_per_viewer", "share_of_gmv")
    )


async def test_totals_without_orders_belong_to_no_source(new_session: NewSession, send: Send, read: Read) -> None:
    """A platform that tells totals only: what was bought by source is unknown, and the remainder has all of it."""
    session = await new_session(streams=[{"platform": name, "room": "r"} for name in ("wechat", "weibo")])
    await send(
        "weibo:r",
        ("viewer.entered", 1, {"viewer": "ann", "source": "fans"}),
        ("audience.sampled", 2, {"orders_total": 3, "buyers_total": 2, "gmv_total": "30.00"}),
    )
    document = await read(session, "sources")
    assert (1, None, None) == tuple(document["sources"][0][name] for name in ("viewers", "orders", "gmv"))
    assert (3, "30.00", None) == tuple(document["remainder"][name] for name in ("orders", "gmv", "refund_amount"))
    await send("wechat:r", ("viewer.entered", 3, {"viewer": "bob", "source": "fans"}), paid(4, "1", "bob", (*LINE, "5.00")))
    document = await read(session, "sources")
    assert (2, 1, "5.00") == tuple(document["sources"][0][name] for name in ("viewers", "orders", "gmv"))
    assert (3, "30.00") == tuple(document["remainder"][name] for name in ("orders", "gmv"))
    assert ("35.00", "mixed") == (document["total"]["gmv"], document["total"]["basis"]["gmv"])


async def test_what_a_platform_tells_of_its_sources_stands_beside(new_session: NewSession, send: Send, read: Read) -> None:
    """The latest of each source, rooms added up; it changes no figure of ours."""
    session = await new_session(streams=[{"platform": "wechat", "room": name} for name in ("room", "b")])
    ads = {"source": "ads", "paid": True}
    await send(
        "wechat:room",
        ("source.sampled", 60, ads | {"viewers_total": 40, "gmv_total": "9.00"}),
        ("source.sampled", 20, ads | {"viewers_total": 10, "orders_total": 1}),
        ("source.sampled", 60, {"source": "natural", "paid": False, "viewers_total": 60}),
    )
    await send("wechat:b", ("source.sampled", 61, ads | {"viewers_total": 2}))
    document = await read(session, "sources")
    common = {"platform": "wechat", "buyers": None}
    assert [
        common | {"source": "ads", "paid": True, "viewers": 42, "orders": 1, "gmv": "9.00"},
        common | {"source": "natural", "paid": False, "viewers": 60, "orders": None, "gmv": None},
    ] == document["reported"]
    assert ([], 0) == (document["sources"], document["total"]["viewers"])


async def test_a_void_entry_gives_its_buyer_to_the_next(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, read: Read
) -> None:
    """And a rebuild finds no difference."""
    session = await new_session()
    first: dict[str, Any] = {
        "specversion": "1.0",
        "id": "1",
        "source": "/entry",
        "type": "live.viewer.entered",
        "subject": session,
    }
    first |= {"time": at(1), "data": {"viewer": "ann", "source": "ads", "paid": True}}
    assert 200 == (await client.post("/v1/events", json=first)).status_code
    await send(session, ("viewer.entered", 2, {"viewer": "ann", "source": "fans"}), paid(3, "1", "ann", (*LINE, "10.00")))
    assert [("ads", 1, "10.00")] == [
        (row["source"], row["viewers"], row["gmv"]) for row in (await read(session, "sources"))["sources"]
    ]
    void = {"source": "/entry", "event": "1", "reason": "a test of the tool"}
    assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    assert [("fans", 1, "10.00")] == [
        (row["source"], row["viewers"], row["gmv"]) for row in (await read(session, "sources"))["sources"]
    ]
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session))


async def _bought(read: Read, session: str) -> dict[str | None, tuple[int, int, str]]:
    rows = (await read(session, "sources"))["sources"]
    return {row["source"]: (row["buyers"], row["orders"], row["gmv"]) for row in rows if row["buyers"]}


async def test_an_earlier_entry_that_comes_late_moves_what_was_bought(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, read: Read
) -> None:
    """Also back, when it is void; and an order that came before any entry follows the first that comes."""
    session = await new_session()
    await send("wechat:room", ("viewer.entered", 50, {"viewer": "ann", "source": "search"}))
    await send("wechat:room", paid(60, "1", "ann", (*LINE, "10.00")), paid(61, "2", "bob", (*LINE, "5.00")))
    assert {"search": (1, 1, "10.00")} == await _bought(read, session)
    await send("wechat:room", ("viewer.entered", 70, {"viewer": "bob", "source": "feed"}))
    assert {"search": (1, 1, "10.00"), "feed": (1, 1, "5.00")} == await _bought(read, session)
    early = {
        "specversion": "1.0", "id": "early", "source": "/tests", "type": "live.viewer.entered", "subject": "wechat:room",
        "time": at(10), "data": {"viewer": "ann", "source": "fans"},
    }  # fmt: skip
    answer = await client.post("/v1/events", json=early, headers={"Content-Type": "application/cloudevents+json"})
    assert 200 == answer.status_code
    assert {"fans": (1, 1, "10.00"), "feed": (1, 1, "5.00")} == await _bought(read, session)
    await send("wechat:room", paid(80, "3", "ann", (*LINE, "1.00")))
    assert {"fans": (1, 2, "11.00"), "feed": (1, 1, "5.00")} == await _bought(read, session)
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session))
    void = {"source": "/tests", "event": "early", "reason": "wrong clock"}
    assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    assert {"search": (1, 2, "11.00"), "feed": (1, 1, "5.00")} == await _bought(read, session)
    assert [] == await rebuild.compare(service.database, service.settings, UUID(session))


async def test_an_order_that_two_buyers_paid_has_both(new_session: NewSession, send: Send, read: Read) -> None:
    """The order and its amount are those of the first; the session has two buyers, and so have its sources and the remainder."""
    session = await new_session()
    await send("wechat:room", *(("viewer.entered", n, {"viewer": name, "source": name}) for n, name in enumerate(("ann", "bob"))))
    for second, name in enumerate(("ann", "bob", "never")):
        await send("wechat:room", paid(10 + second, "1", name, (*LINE, "10.00")))
    assert {"ann": (1, 1, "10.00"), "bob": (1, 0, "0.00")} == await _bought(read, session)
    document = await read(session, "sources")
    assert (3, 1) == (document["total"]["buyers"], document["remainder"]["buyers"])


async def test_the_log_is_read_only_for_buyers_whose_entry_changed(
    service: Service, new_session: NewSession, send: Send, read: Read
) -> None:
    """An order keeps where its buyer came from: the figures do not need the entry any more."""
    session = await new_session()
    await send("wechat:room", *(("viewer.entered", n, {"viewer": name, "source": name}) for n, name in enumerate(("ann", "bob"))))
    await send("wechat:room", paid(60, "1", "ann", (*LINE, "10.00")), paid(61, "2", "bob", (*LINE, "5.00")))
    await send("wechat:room", ("viewer.entered", -5, {"viewer": "bob", "source": "ads", "paid": True}))
    wanted = {"ann": (1, 1, "10.00"), "ads": (1, 1, "5.00")}
    assert wanted == await _bought(read, session)
    async with service.database.acquire() as connection:
        gone = "DELETE FROM events WHERE session_id = $1 AND type = 'live.viewer.entered' AND data ->> 'source' <> 'ads'"
        await connection.execute(gone, UUID(session))
    assert wanted == await _bought(read, session)


@examples(25)
@given(
    events=st.lists(_entries | _entries | _payments | _payments | _unnamed | _refunds, min_size=1, max_size=24),
    random=st.randoms(use_true_random=False),
)
async def test_paid_orders_alone_are_those_of_the_sales(
    client: httpx.AsyncClient, service: Service, new_session: NewSession, send: Send, events: list[Event], random: Any
) -> None:
    """Also where an earlier entry came later, where it is void, where an order names no buyer, and where a buyer never entered."""
    room = f"sources-{next(_rooms)}"
    session = await new_session(streams=[{"platform": "wechat", "room": room}])
    for one in events:
        # One by one, so that entries replace each other.
        await send(f"wechat:{room}", one)
    if random.random() < 0.3:
        stored = (await client.get("/v1/events", params={"session": session})).json()["events"]
        void = {"source": "/tests", "event": random.choice(stored)["id"], "reason": "a test"}
        assert 200 == (await client.post(f"/v1/sessions/{session}/voids", json=void)).status_code
    async with service.database.acquire_for_figures() as connection:
        sales = await sources.sales(connection, UUID(session))
        alone = await sources.paid_orders(connection, UUID(session))
    assert {source: (one.orders, one.gmv) for source, one in sales.items() if one.orders} == {
        source: (one.orders, one.gmv) for source, one in alone.items()
    }
