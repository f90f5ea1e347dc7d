"""What a sender can make a session hold has caps: an event beyond one is refused by name, kept, and taken once there is room."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Role
from app.ingest.rebuilding import rebuild
from app.main import create_app
from app.service import Service, open_service
from app.settings import Settings

CAPS = {
    "max_products": 3,
    "max_traffic_sources": 2,
    "max_rooms": 2,
    "max_promotions": 2,
    "max_minutes": 5,
    "max_parked_rooms": 2,
}


@asynccontextmanager
async def server(settings: Settings, **changed: Any) -> AsyncIterator[tuple[httpx.AsyncClient, Service]]:
    """Run a server with other settings on the test's database."""
    async with open_service(settings.model_copy(update=changed)) as service:
        _, key = await service.keys.create(Role.ADMIN, None, "test")
        transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers) as client:
            yield client, service


def event(number: int, kind: str, subject: str, data: dict[str, Any], minute: int = 0) -> dict[str, Any]:
    """Return an event."""
    return {
        "specversion": "1.0", "id": f"{kind}/{number}", "source": "/caps", "type": f"live.{kind}", "subject": subject,
        "time": f"2021-09-25T14:{minute:02d}:00+09:00", "data": data,
    }  # fmt: skip


async def post(client: httpx.AsyncClient, events: list[dict[str, Any]]) -> dict[str, Any]:
    """Send a batch, also one of which nothing is taken."""
    answer = await client.post("/v1/events", json=events)
    assert answer.status_code in {200, 422}, answer.text
    return dict(answer.json())


async def new_session(client: httpx.AsyncClient, *rooms: str) -> str:
    """Create a session."""
    streams = [{"platform": "wechat", "room": room} for room in rooms]
    answer = await client.post("/v1/sessions", json={"title": "t", "brand": "b", "currency": "CNY", "streams": streams})
    assert 201 == answer.status_code, answer.text
    return str(answer.json()["id"])


def _clicked(number: int) -> dict[str, Any]:
    return {"product": f"p{number}"}


def _entered(number: int) -> dict[str, Any]:
    return {"viewer": f"v{number}", "source": f"s{number}"}


def _measured(number: int) -> dict[str, Any]:
    return {"promotion": f"https://v.example/{number}", "views_total": 1}


CASES = [
    ("product.clicked", _clicked, "/data/product", 3),
    ("stock.changed", lambda number: {"product": f"p{number}", "stock": 1}, "/data/product", 3),
    ("viewer.entered", _entered, "/data/source", 2),
    ("source.sampled", lambda number: {"source": f"s{number}", "viewers_total": 1}, "/data/source", 2),
    ("promotion.measured", _measured, "/data/promotion", 2),
    ("ad.sampled", lambda number: {"campaign": f"c{number}", "spend_total": "1.00"}, "/data/campaign", 2),
]


@pytest.mark.parametrize(("kind", "data", "pointer", "cap"), CASES, ids=[case[0] for case in CASES])
async def test_an_event_past_a_cap_is_refused_by_name(settings: Settings, kind: str, data: Any, pointer: str, cap: int) -> None:
    """One batch, and one event at a time; a known value is always taken, and a rebuild is equal."""
    async with server(settings, **CAPS) as (client, service):
        together, apart = await new_session(client), await new_session(client)
        receipt = await post(client, [event(n, kind, together, data(n)) for n in range(10)])
        assert (cap, 10 - cap) == (receipt["accepted"], len(receipt["rejected"]))
        assert {pointer} == {error["pointer"] for one in receipt["rejected"] for error in one["errors"]}
        assert "TALLYLIGHT_MAX_" in receipt["rejected"][0]["errors"][0]["detail"]
        counts = [(await post(client, [event(n, kind, apart, data(n))])).get("accepted", 0) for n in range(10)]
        assert cap == sum(counts)
        assert 1 == (await post(client, [event(99, kind, apart, data(0))]))["accepted"]
        for session in (together, apart):
            assert [] == await rebuild.compare(service.database, service.settings, UUID(session))


async def test_an_order_past_the_cap_is_refused_whole_and_taken_once_the_setting_is_raised(settings: Settings) -> None:
    """Its dead letter is replayed by a server that allows more; nothing was counted of it before."""

    def order(number: int, *products: str) -> dict[str, Any]:
        lines = [{"product": product, "quantity": 1, "amount": "5.00"} for product in products]
        data = {"order": f"A{number}", "buyer": "b", "currency": "CNY", "amount": f"{5 * len(lines)}.00", "lines": lines}
        return event(number, "order.paid", session, data)

    async with server(settings, **CAPS) as (client, _):
        session = await new_session(client)
        receipt = await post(client, [order(1, "p1", "p2"), order(2, "p3", "p4", "p5"), order(3, "p3")])
        assert (2, 1) == (receipt["accepted"], len(receipt["rejected"]))
        assert "/data/lines" == receipt["rejected"][0]["errors"][0]["pointer"]
        total = (await client.get(f"/v1/sessions/{session}/products")).json()["total"]
        assert "15.00" == total["gmv"]
    async with server(settings) as (client, service):
        rejected = (await client.get("/v1/dead-letters")).json()["dead_letters"][0]["id"]
        assert 1 == (await client.post(f"/v1/dead-letters/{rejected}/replay")).json()["accepted"]
        total = (await client.get(f"/v1/sessions/{session}/products")).json()["total"]
        assert "30.00" == total["gmv"]
        assert [] == await rebuild.compare(service.database, service.settings, UUID(session))


async def test_minutes_of_a_session_are_capped(settings: Settings) -> None:
    """A sender that scatters its events over time is stopped; what lies in known minutes is taken."""
    async with server(settings, **CAPS) as (client, _):
        session = await new_session(client)
        receipt = await post(client, [event(n, "like.sent", session, {"count": 1}, minute=n) for n in range(20)])
        assert (5, 15) == (receipt["accepted"], len(receipt["rejected"]))
        assert "/time" == receipt["rejected"][0]["errors"][0]["pointer"]
        kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
        assert 5 == kpis["likes"]["value"]


async def test_rooms_of_a_session_are_capped(settings: Settings) -> None:
    """A registration past the cap is refused, with the session's own as with the session."""
    async with server(settings, **CAPS) as (client, _):
        session = await new_session(client, "r1", "r2")
        answer = await client.post(f"/v1/sessions/{session}/streams", json={"platform": "wechat", "room": "r3"})
        assert 409 == answer.status_code
        streams = [{"platform": "wechat", "room": f"x{n}"} for n in range(3)]
        form = {"title": "t", "brand": "b", "currency": "CNY", "streams": streams}
        assert 409 == (await client.post("/v1/sessions", json=form)).status_code


async def test_parked_rooms_of_a_key_are_capped_and_paged(settings: Settings) -> None:
    """The rooms of one key do not count for another key; the list has pages."""
    async with server(settings, **CAPS) as (client, service):
        receipt = await post(client, [event(n, "like.sent", f"wechat:r{n}", {"count": 1}) for n in range(5)])
        assert (2, 3) == (receipt["parked"], len(receipt["rejected"]))
        assert "/subject" == receipt["rejected"][0]["errors"][0]["pointer"]
        assert 1 == (await post(client, [event(9, "like.sent", "wechat:r0", {"count": 1})]))["parked"]
        _, other = await service.keys.create(Role.INGEST, None, "other")
        answer = await client.post(
            "/v1/events",
            json=[event(7, "like.sent", "wechat:r7", {"count": 1})],
            headers={"Authorization": f"Bearer {other}"},
        )
        assert 1 == answer.json()["parked"]
        found, cursor = [], None
        while True:
            page = (await client.get("/v1/parked", params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
            found += [(room["room"], room["events"]) for room in page["rooms"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert [("r0", 2), ("r1", 1), ("r7", 1)] == found


async def test_parked_events_expire(settings: Settings) -> None:
    """After their days they are removed, and the list no longer names their room."""
    async with server(settings) as (client, service):
        await post(client, [event(n, "like.sent", "wechat:r", {"count": 1}) for n in range(3)])
        async with service.database.acquire() as connection:
            await connection.execute("UPDATE parked SET received_at = received_at - interval '40 days'")
        await post(client, [event(9, "like.sent", "wechat:r", {"count": 1})])
        from datetime import UTC, datetime  # noqa: PLC0415

        from app.ingest.retention import retire  # noqa: PLC0415

        await retire(service.database, service.settings, datetime.now(UTC))
        rooms = (await client.get("/v1/parked")).json()["rooms"]
        assert [("r", 1)] == [(room["room"], room["events"]) for room in rooms]
