"""The preview of a mapping: what ingestion would do with each event, in a transaction that leaves nothing behind."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.ingest.flushing.flush import OUT_OF_RANGE
from app.service import Service
from tests.databases import trigger_on
from tests.locking import lock_session
from tests.platforms.conftest import Answer, Connect, path_of

RULES = [
    {
        "type": "live.like.sent",
        "each": "likes",
        "id": "item.id",
        "room": "item.room",
        "subject": "item.session",
        "time": "item.at",
        "data": {"viewer": "item.user", "count": "item.n"},
    },
    {
        "type": "live.order.paid",
        "each": "orders",
        "id": "item.id",
        "room": "item.room",
        "data": {
            "order": "item.id",
            "buyer": "item.buyer",
            "currency": "item.currency",
            "amount": "item.total",
            "lines": "item.lines",
        },
    },
]
Preview = Callable[..., Awaitable[list[Answer]]]


def like(id: str, room: str | None = "1", **more: object) -> Answer:
    """Return a like of the sample."""
    return {"id": id, "room": room, "user": "u1", "n": 3} | more


def order(id: str, **more: object) -> Answer:
    """Return an order of the sample."""
    line = {"product": more.pop("product", "knit-01"), "quantity": 1, "amount": "100"}
    return {"id": id, "room": "1", "buyer": "b1", "currency": "CNY", "total": "100", "lines": [line]} | more


@pytest.fixture
def preview(client: httpx.AsyncClient) -> Preview:
    """Return the outcomes of a preview."""

    async def show(connection: Answer, sample: Answer, **form: Any) -> list[Answer]:
        answer = await client.post(f"/v1/connections/{connection['id']}/preview", json={"sample": sample, **form})
        assert 200 == answer.status_code, answer.text
        document = answer.json()
        assert [event["id"] for event in document["events"]] == [outcome["event"] for outcome in document["outcomes"]]
        return list(document["outcomes"])

    return show


async def mapped(connect: Connect, brand: str | None = "maison-k") -> Answer:
    """Create the connection."""
    return await connect("mapping", None, brand, platform="bilibili", signature="none", rules=RULES)


def short(outcomes: list[Answer]) -> list[tuple[str, str | None, str | None]]:
    """Return outcome, session and reason."""
    return [(found["outcome"], found["session"], found["reason"]) for found in outcomes]


@pytest.mark.parametrize("brand", ["maison-k", None])
async def test_a_preview_says_what_the_delivery_does(
    brand: str | None, connect: Connect, client: httpx.AsyncClient, new_session: Connect, preview: Preview, rows: Any
) -> None:
    """Every outcome is the one of the same delivery afterwards; after the delivery all of it is a duplicate or in conflict."""
    session = (await new_session(("bilibili", "1")))["id"]
    connection = await mapped(connect, brand)
    sample = {
        "likes": [like("a"), like("a"), like("b", "9"), like("c", None, session=session)],
        "orders": [order("o1"), order("o2", currency="JPY")],
    }
    before = await rows()
    outcomes = await preview(connection, sample)
    assert before == await rows()
    assert [
        ("accepted", session, None),
        ("duplicate", session, None),
        ("parked", None, "room_not_registered"),
        ("accepted", session, None),
        ("accepted", session, None),
        ("rejected", session, None),
    ] == short(outcomes)
    assert ["bilibili:1", "bilibili:1", "bilibili:9", session, "bilibili:1", "bilibili:1"] == [o["subject"] for o in outcomes]
    assert [[]] * 5 == [found["errors"] for found in outcomes[:5]]
    assert ["/data/currency"] == [error["pointer"] for error in outcomes[5]["errors"]]

    counts = (await client.get(f"/v1/connections/{connection['id']}")).json()["counts"]
    assert (0, 0, 0) == (counts["deliveries"], counts["events"], counts["dead_letters"])
    assert 200 == (await client.post(path_of(connection), json=sample)).status_code
    kept = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert [outcomes[5]["errors"]] == [dead["errors"] for dead in kept]
    figures = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
    assert (6, 1) == (figures["likes"]["value"], figures["orders"]["value"])

    # Counters are written a little later; reading the connection writes them.
    await client.get(f"/v1/connections/{connection['id']}")
    before = await rows()
    changed = {"likes": [like("a"), like("b", "9"), like("b", "9", n=4), like("c", None, session=session, n=4)], "orders": []}
    outcomes = await preview(connection, changed)
    assert before == await rows()
    assert ["duplicate", "duplicate", "conflict", "conflict"] == [found["outcome"] for found in outcomes]
    assert ["/id"] == [error["pointer"] for error in outcomes[2]["errors"]]


async def test_a_parked_event_says_why(
    connect: Connect, client: httpx.AsyncClient, keys: Any, new_session: Connect, preview: Preview
) -> None:
    """A claim counts for its own brand alone; a registration of another brand counts for no bound connection."""
    claimed = await new_session(brand="maison-k")
    brands = {b["slug"]: b["id"] for b in (await client.get("/v1/brands")).json()["brands"]}
    bound = await keys("operator", brands["maison-k"])
    claim = {"platform": "bilibili", "room": "2"}
    answer = await client.post(f"/v1/sessions/{claimed['id']}/streams", json=claim, headers=bound)
    assert 201 == answer.status_code, answer.text
    other = await new_session(("bilibili", "3"), brand="other")
    unbound, own = await mapped(connect, None), await mapped(connect, "maison-k")
    sample = {"likes": [like("a", "2"), like("b", "3"), like("c", None, session=other["id"])]}
    assert [
        ("parked", None, "registration_not_confirmed"),
        ("accepted", other["id"], None),
        ("accepted", other["id"], None),
    ] == short(await preview(unbound, sample))
    outcomes = await preview(own, sample)
    assert [("accepted", claimed["id"], None), ("parked", None, "room_of_another_brand"), ("rejected", None, None)] == short(
        outcomes
    )
    assert ["/subject"] == [error["pointer"] for error in outcomes[2]["errors"]]


async def test_caps_and_clocks(connect: Connect, new_session: Connect, preview: Preview, service: Service, rows: Any) -> None:
    """A product beyond the cap is rejected; a wrong clock is corrected."""
    session = (await new_session(("bilibili", "1")))["id"]
    connection = await mapped(connect)
    object.__setattr__(service.settings, "max_products", 1)
    late = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    before = await rows()
    outcomes = await preview(
        connection, {"likes": [like("a", at=late)], "orders": [order("o1"), order("o2", product="scarf-02"), order("o3")]}
    )
    assert before == await rows()
    assert ["accepted", "accepted", "rejected", "accepted"] == [found["outcome"] for found in outcomes]
    assert [True, False, False, False] == [found["corrected"] for found in outcomes]
    assert "TALLYLIGHT_MAX_PRODUCTS" in outcomes[2]["errors"][0]["detail"]
    assert {session} == {found["session"] for found in outcomes}


@pytest.mark.usefixtures("database_url")
@pytest.mark.parametrize(("state", "status"), [("22003", 200), ("P0001", 503)])
async def test_an_error_of_the_database_concerns_its_event_alone(
    state: str, status: int, connect: Connect, client: httpx.AsyncClient, new_session: Connect, service: Service, rows: Any
) -> None:
    """An event whose figures the database cannot hold is rejected; a fault of the server is 503, as it is for deliveries."""
    await new_session(("bilibili", "1"))
    connection = await mapped(connect)
    async with service.database.acquire() as database:
        for statement in trigger_on(
            "counters", f"IF NEW.value >= 777 THEN RAISE EXCEPTION 'full' USING ERRCODE = '{state}'; END IF;"
        ):
            await database.execute(statement)
    before = await rows()
    sample = {"likes": [like("a"), like("b", n=777), like("a"), like("c")]}
    answer = await client.post(f"/v1/connections/{connection['id']}/preview", json={"sample": sample})
    assert before == await rows()
    assert status == answer.status_code
    if status == 200:
        outcomes = answer.json()["outcomes"]
        assert ["accepted", "rejected", "duplicate", "accepted"] == [found["outcome"] for found in outcomes]
        assert [OUT_OF_RANGE.model_dump()] == outcomes[1]["errors"]


async def test_a_preview_waits_for_no_lock_for_long(
    connect: Connect, client: httpx.AsyncClient, new_session: Connect, preview: Preview, service: Service, rows: Any
) -> None:
    """A locked session or row is 503 within seconds; afterwards nothing is locked, and the preview answers."""
    session = (await new_session(("bilibili", "1")))["id"]
    connection = await mapped(connect)
    before = await rows()
    path = f"/v1/connections/{connection['id']}/preview"
    async with service.database.acquire() as holder:
        locks = (partial(holder.execute, "LOCK counters IN ACCESS EXCLUSIVE MODE"), partial(lock_session, holder, UUID(session)))
        for lock in locks:
            async with holder.transaction():
                await lock()
                async with asyncio.timeout(10):
                    answer = await client.post(path, json={"sample": {"likes": [like("a")]}})
            assert (503, "database_unavailable") == (answer.status_code, answer.json()["code"])
    assert [("accepted", session, None)] == short(await preview(connection, {"likes": [like("a")]}))
    assert before == await rows()
    async with service.database.acquire() as holder, holder.transaction():
        await holder.execute("LOCK counters, members, events, sessions IN ACCESS EXCLUSIVE MODE NOWAIT")


async def test_previews_and_deliveries_at_once(
    connect: Connect, client: httpx.AsyncClient, new_session: Connect, preview: Preview, kpis: Any
) -> None:
    """Deliveries of the same events are stored once each, whatever previews run beside them."""
    session = (await new_session(("bilibili", "1")))["id"]
    connection = await mapped(connect)
    samples = [{"likes": [like(f"e{number}"), like(f"e{number + 1}")]} for number in range(8)]
    shown = [preview(connection, sample) for sample in samples]
    sent = [client.post(path_of(connection), json=sample) for sample in samples]
    outcomes, answers = await asyncio.gather(asyncio.gather(*shown), asyncio.gather(*sent))
    assert {found["outcome"] for some in outcomes for found in some} <= {"accepted", "duplicate"}
    assert {200} == {answer.status_code for answer in answers}
    assert 27 == (await kpis(session))["likes"]


async def test_the_options_of_the_request_replace_the_saved_ones(
    connect: Connect, client: httpx.AsyncClient, new_session: Connect, preview: Preview
) -> None:
    """The events reach the session of the request's options, and no session of another brand."""
    own, other = await new_session(brand="maison-k"), await new_session(brand="other")
    connection = await mapped(connect)
    sample = {"likes": [like("a", None)]}
    for session, outcome in ((own, ("accepted", own["id"], None)), (other, ("rejected", None, None))):
        options = {"signature": "none", "session": session["id"], "rules": RULES}
        assert [outcome] == short(await preview(connection, sample, options=options))
    answer = await client.post(f"/v1/connections/{connection['id']}/preview", json={"sample": sample})
    assert [] == answer.json()["outcomes"]
    assert ["live.like.sent: no room and no session"] == answer.json()["problems"]


async def test_a_sample_of_many_events_is_refused(connect: Connect, client: httpx.AsyncClient) -> None:
    """A sample may make 50 events."""
    connection = await mapped(connect)
    for count, status in ((50, 200), (51, 422)):
        sample = {"likes": [like(f"e{number}") for number in range(count)]}
        answer = await client.post(f"/v1/connections/{connection['id']}/preview", json={"sample": sample})
        assert status == answer.status_code, answer.text
    assert "/sample" == answer.json()["errors"][0]["pointer"]
