"""A brand's own registration of a room takes in what the brand's own keys send, and nothing else until the agency confirms it."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Role
from app.platforms.pulls.active_sessions import live_sessions
from app.service import Service
from tests.conftest import KeyMaker
from tests.faults.claims import CLAIMS, DECISIONS, ROOM, Headers, assert_rebuilt_equal, decide, new_session, register, viewers

SUBJECT = "wechat:export/UzFf:1"
_PLACE = {"session", "receivedat"}

Send = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def brands(client: httpx.AsyncClient, keys: KeyMaker) -> dict[str, dict[str, Headers]]:
    """Two brands, each with an operator's and a sender's key, and the agency's own sender."""
    made: dict[str, dict[str, Headers]] = {"agency": {"ingest": await keys(Role.INGEST)}}
    for slug in ("ours", "theirs"):
        brand = (await client.post("/v1/brands", json={"slug": slug})).json()["id"]
        made[slug] = {"operator": await keys(Role.OPERATOR, brand), "ingest": await keys(Role.INGEST, brand)}
    return made


@pytest.fixture
def send(client: httpx.AsyncClient) -> Send:
    """Send entries of viewers, one event each, with a key."""

    async def post(headers: Headers, subject: str, *viewers: str) -> dict[str, Any]:
        batch = [
            {
                "specversion": "1.0", "id": f"{headers['Authorization'][-8:]}/{subject}/{viewer}", "source": "/tool", "type": "live.viewer.entered",
                "subject": subject, "time": "2021-09-25T14:30:00+09:00", "data": {"viewer": viewer},
            }
            for viewer in viewers
        ]  # fmt: skip
        answer = await client.post("/v1/events", json=batch, headers=headers)
        assert 200 == answer.status_code, answer.text
        return dict(answer.json())

    return post


async def test_a_claim_takes_in_only_what_the_brand_itself_sends(
    client: httpx.AsyncClient, service: Service, brands: Any, send: Send
) -> None:
    """Before and after the registration: 2 events of the brand, 0 of the agency's 4, 0 of another brand's 2."""
    await send(brands["agency"]["ingest"], SUBJECT, "agency-1", "agency-2")
    await send(brands["theirs"]["ingest"], SUBJECT, "theirs-1")
    await send(brands["ours"]["ingest"], SUBJECT, "ours-1")
    session = await new_session(client, brands["ours"]["operator"])
    answer = await register(client, session, brands["ours"]["operator"])
    assert (201, False) == (answer.status_code, answer.json()["confirmed"])
    assert 1 == (await send(brands["agency"]["ingest"], SUBJECT, "agency-3"))["parked"]
    assert 1 == (await send(brands["theirs"]["ingest"], SUBJECT, "theirs-2"))["parked"]
    assert 1 == (await send(brands["ours"]["ingest"], SUBJECT, "ours-2"))["accepted"]
    assert 2 == await viewers(client, session)
    assert 1 == (await send(brands["agency"]["ingest"], SUBJECT, "agency-4"))["parked"]
    assert 2 == await viewers(client, session)
    await assert_rebuilt_equal(service, session)


async def test_the_room_of_an_order_outside_a_broadcast_is_no_way_in(client: httpx.AsyncClient, brands: Any, send: Send) -> None:
    """`wechat:scene-3` collects orders of an unbound shop: a brand that registers it gets none."""
    await send(brands["agency"]["ingest"], "wechat:scene-3", "a", "b")
    streams = [{"platform": "wechat", "room": "scene-3"}]
    session = await new_session(client, brands["ours"]["operator"], streams=streams)
    await send(brands["agency"]["ingest"], "wechat:scene-3", "c")
    assert await viewers(client, session) is None


async def test_two_brands_name_the_same_room_and_neither_learns_of_the_other(
    client: httpx.AsyncClient, brands: Any, send: Send
) -> None:
    """Both get the answer that the first would get alone, and each counts its own."""
    ours = await new_session(client, brands["ours"]["operator"])
    theirs = await new_session(client, brands["theirs"]["operator"])
    first = await register(client, ours, brands["ours"]["operator"])
    second = await register(client, theirs, brands["theirs"]["operator"])
    assert (201, 201) == (first.status_code, second.status_code)
    shown = [{name: value for name, value in answer.json().items() if name != "created_at"} for answer in (first, second)]
    assert shown[0] == shown[1]
    await send(brands["ours"]["ingest"], SUBJECT, "a", "b")
    await send(brands["theirs"]["ingest"], SUBJECT, "a")
    assert (2, 1) == (await viewers(client, ours), await viewers(client, theirs))
    for brand, session in (("ours", ours), ("theirs", theirs)):
        listed = (await client.get(CLAIMS, headers=brands[brand]["operator"])).json()["claims"]
        assert [session] == [claim["session"] for claim in listed]
        assert (
            await client.post(DECISIONS, json=ROOM | {"session": session}, headers=brands[brand]["operator"])
        ).status_code == 403


async def test_a_room_that_the_agency_registered_looks_free_to_another_brand(
    client: httpx.AsyncClient, brands: Any, send: Send
) -> None:
    """The owner keeps everything; the other's registration succeeds and brings nothing."""
    owner = await new_session(client, brand="theirs", streams=[ROOM])
    claim = await new_session(client, brands["ours"]["operator"], streams=[ROOM])
    await send(brands["agency"]["ingest"], SUBJECT, "a")
    await send(brands["theirs"]["ingest"], SUBJECT, "b")
    assert (2, None) == (await viewers(client, owner), await viewers(client, claim))
    answer = await client.post(f"/v1/sessions/{owner}/streams", json=ROOM, headers=brands["theirs"]["operator"])
    assert (201, True) == (answer.status_code, answer.json()["confirmed"])


async def test_the_agency_sees_open_claims_and_confirms_one(
    client: httpx.AsyncClient, service: Service, brands: Any, send: Send
) -> None:
    """What unbound senders sent before and after joins the session that the agency names; the other claim stays open."""
    ours = await new_session(client, brands["ours"]["operator"])
    theirs = await new_session(client, brands["theirs"]["operator"])
    await register(client, ours, brands["ours"]["operator"])
    await register(client, theirs, brands["theirs"]["operator"])
    await send(brands["agency"]["ingest"], SUBJECT, "a", "b", "c")
    await send(brands["ours"]["ingest"], SUBJECT, "own")
    claims = (await client.get(CLAIMS)).json()["claims"]
    assert {(ours, "ours", 3), (theirs, "theirs", 3)} == {(c["session"], c["brand"], c["parked_events"]) for c in claims}
    assert 3 == (await decide(client, ours))["moved_in"]
    assert 1 == (await send(brands["agency"]["ingest"], SUBJECT, "d"))["accepted"]
    assert (5, None) == (await viewers(client, ours), await viewers(client, theirs))
    assert [theirs] == [claim["session"] for claim in (await client.get(CLAIMS)).json()["claims"]]
    await assert_rebuilt_equal(service, ours, theirs)


async def test_registering_with_an_unbound_key_confirms(client: httpx.AsyncClient, brands: Any, send: Send) -> None:
    """The same request, sent by the agency, confirms a brand's claim."""
    session = await new_session(client, brands["ours"]["operator"])
    await register(client, session, brands["ours"]["operator"])
    await send(brands["agency"]["ingest"], SUBJECT, "a")
    answer = await register(client, session)
    assert (201, True) == (answer.status_code, answer.json()["confirmed"])
    assert 1 == await viewers(client, session)


async def test_events_move_with_a_decision_that_changes(
    client: httpx.AsyncClient, service: Service, brands: Any, send: Send
) -> None:
    """From one brand to the other, to none, and back; each brand keeps what it sent itself, and rebuilds are equal."""
    ours = await new_session(client, brands["ours"]["operator"], streams=[ROOM])
    theirs = await new_session(client, brands["theirs"]["operator"], streams=[ROOM])
    await send(brands["ours"]["ingest"], SUBJECT, "own-1")
    await send(brands["theirs"]["ingest"], SUBJECT, "own-2")
    await send(brands["agency"]["ingest"], SUBJECT, "a", "b", "own-1")
    seen = []
    for session in (ours, theirs, None, theirs, ours):
        await decide(client, session)
        seen.append((await viewers(client, ours), await viewers(client, theirs)))
        await assert_rebuilt_equal(service, ours, theirs)
    assert [(3, 1), (1, 4), (1, 1), (1, 4), (3, 1)] == seen
    parked = (await client.get("/v1/parked")).json()["rooms"]
    assert [] == parked


async def test_an_event_moves_as_it_came(client: httpx.AsyncClient, service: Service, brands: Any) -> None:
    """With its extension attributes, members that are null, the digest of its content, and every import that brought it."""
    ours = await new_session(client, brands["ours"]["operator"], streams=[ROOM])
    theirs = await new_session(client, brands["theirs"]["operator"], streams=[ROOM])
    await decide(client, ours)
    like = {
        "specversion": "1.0", "id": "moving", "source": "/tool", "type": "live.like.sent", "subject": SUBJECT, "campaign": "autumn",
        "time": "2021-09-25T14:30:00+09:00", "data": {"count": 2, "shade": None, "weight": 1.50},
    }  # fmt: skip
    agency = brands["agency"]["ingest"]
    assert 1 == (await client.post("/v1/events", json=like, headers=agency)).json()["accepted"]
    options = {
        "kind": "orders", "subject": SUBJECT, "timezone": "UTC",
        "columns": {"order": "o", "product": "p", "quantity": "q", "line_amount": "a", "paid_at": "t"},
    }  # fmt: skip
    imports = []
    for file in ("o,p,q,a,t\nA-1,k,1,10.00,2021-09-25 05:00:00\n", "o,p,q,a,t\nA-1,k,1,10.00,2021-09-25 05:00:00\n\n"):
        answer = await client.post(
            "/v1/imports", params={"options": json.dumps(options)}, content=file, headers={"Content-Type": "text/csv"}
        )
        assert 200 == answer.status_code, answer.text
        imports.append(answer.json()["id"])

    async def logged(session: str) -> dict[str, Any]:
        found = (await client.get("/v1/events", params={"session": session})).json()["events"]
        return next(event for event in found if event["id"] == "moving")

    before = await logged(ours)
    await decide(client, theirs)
    after = await logged(theirs)
    assert {name: before[name] for name in before.keys() - _PLACE} == {name: after[name] for name in after.keys() - _PLACE}
    retried = [
        (await client.post("/v1/events", json=like | {"data": data}, headers=agency)).json()
        for data in (like["data"], {"count": 3})
    ]
    assert [(1, 0), (0, 1)] == [(one["duplicates"], one["conflicts"]) for one in retried]
    gmv = []
    for import_id in imports:
        answer = await client.post(f"/v1/sessions/{theirs}/voids", json={"import": import_id, "reason": "wrong file"})
        assert answer.is_success, answer.text
        gmv.append((await client.get(f"/v1/sessions/{theirs}/kpis")).json()["kpis"]["gmv"]["value"])
    assert ["10.00", None] == gmv
    await assert_rebuilt_equal(service, ours, theirs)


async def test_a_first_purchase_moves_with_its_event(client: httpx.AsyncClient, service: Service, brands: Any) -> None:
    """A buyer who was new in the session that loses the event becomes new in the brand's next session with a purchase."""

    def paid(order: str, subject: str, time: str) -> dict[str, Any]:
        line = {"product": "knit-01", "quantity": 1, "amount": "10.00"}
        data = {"order": order, "buyer": "b", "currency": "CNY", "amount": "10.00", "lines": [line]}
        return {
            "specversion": "1.0", "id": order, "source": "/shop", "type": "live.order.paid", "subject": subject,
            "time": time, "data": data,
        }  # fmt: skip

    first = await new_session(client, brand="ours", streams=[ROOM])
    later = await new_session(client, brand="ours", streams=[{"platform": "wechat", "room": "later"}])
    other = await new_session(client, brands["theirs"]["operator"], streams=[ROOM])
    events = [
        paid("A1", SUBJECT, "2021-09-25T14:30:00+09:00"),
        paid("A2", first, "2021-09-27T14:30:00+09:00"),
        paid("A3", later, "2021-09-26T14:30:00+09:00"),
    ]
    assert 3 == (await client.post("/v1/events", json=events)).json()["accepted"]

    async def new_buyers() -> list[int | None]:
        found = []
        for session in (first, later, other):
            kpis = (await client.get(f"/v1/sessions/{session}/kpis")).json()["kpis"]
            found.append(kpis["new_buyers"]["value"])
        return found

    assert [1, 0, None] == await new_buyers()
    assert 1 == (await decide(client, other))["moved_in"]
    assert [0, 1, 1] == await new_buyers()
    await assert_rebuilt_equal(service, first, later, other)
    await decide(client, first)
    assert [1, 0, None] == await new_buyers()
    await assert_rebuilt_equal(service, first, later, other)
    orders = (await client.get(f"/v1/sessions/{first}/orders")).json()["orders"]
    assert ["A1", "A2"] == sorted(order["order"] for order in orders)


async def test_a_decision_names_a_session_that_registered_the_room(client: httpx.AsyncClient) -> None:
    """Any other session is refused by name, and nothing changes."""
    session = await new_session(client, brand="ours")
    answer = await client.post(DECISIONS, json=ROOM | {"session": session})
    assert 422 == answer.status_code
    assert "/session" == answer.json()["errors"][0]["pointer"]


async def test_a_poller_without_a_brand_follows_confirmed_rooms_only(
    client: httpx.AsyncClient, service: Service, brands: Any
) -> None:
    """A claim leads no unbound connection to the session: neither its polls nor its stock warnings."""
    session = await new_session(client, brands["ours"]["operator"], streams=[ROOM])
    brand = UUID((await client.get("/v1/brands/ours")).json()["id"])
    start = {
        "specversion": "1.0", "id": "1", "source": "/tool", "type": "live.session.started", "subject": SUBJECT,
        "time": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    answer = await client.post("/v1/events", json=start, headers=brands["ours"]["ingest"])
    assert 1 == answer.json()["accepted"], answer.text

    async def followed(by: UUID | None) -> list[UUID]:
        now = datetime.now(UTC)
        return [live.id for live in await live_sessions(service.database, by, None, "wechat", now, timedelta(0))]

    assert ([], [UUID(session)]) == (await followed(None), await followed(brand))
    await decide(client, session)
    assert [UUID(session)] == await followed(None)
