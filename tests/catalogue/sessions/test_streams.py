"""Streams over HTTP: a room belongs to one session, and what it sent too early is not lost."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx
import pytest

from app.storage.ingest.writes import WriteQueries

KeyFor = Callable[..., Awaitable[dict[str, str]]]
NewSession = Callable[..., Awaitable[dict[str, Any]]]
Send = Callable[..., Coroutine[Any, Any, None]]

ROOM = {"platform": "wechat", "room": "export/UzFf:1"}


def entered(viewer: str) -> tuple[str, str, dict[str, Any]]:
    """Return an event."""
    return ("viewer.entered", "2021-09-25T14:30:00+09:00", {"viewer": viewer})


async def viewers(client: httpx.AsyncClient, session: str) -> int | None:
    """Return the viewers that the list shows."""
    listed = (await client.get("/v1/sessions")).json()["sessions"]
    found: int | None = next(s["kpis"]["viewers"] for s in listed if s["id"] == session)
    return found


async def test_streams_come_and_go(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """Adding twice changes nothing; what came in through a stream stays when it goes."""
    session = await new_session()
    path = f"/v1/sessions/{session['id']}/streams"
    added = await client.post(path, json=ROOM)
    assert (201, ROOM) == (added.status_code, {k: added.json()[k] for k in ROOM})
    again = await client.post(path, json=ROOM)
    assert (201, added.json()) == (again.status_code, again.json())
    assert [added.json()] == (await client.get(path)).json()["streams"]
    await send("wechat:export/UzFf:1", entered("a"))
    assert 204 == (await client.delete(f"{path}/wechat/export/UzFf:1")).status_code
    assert 404 == (await client.delete(f"{path}/wechat/export/UzFf:1")).status_code
    assert [] == (await client.get(path)).json()["streams"]
    assert 1 == await viewers(client, session["id"])


async def test_a_room_belongs_to_one_session(client: httpx.AsyncClient, key_for: KeyFor, new_session: NewSession) -> None:
    """The conflict names the other session to callers that may see it; another brand's key registers the room as a claim."""
    owner = await new_session("theirs", streams=[ROOM])
    own = await key_for("operator", "own")
    session = await new_session("own")
    path = f"/v1/sessions/{session['id']}/streams"
    conflict, claim = await client.post(path, json=ROOM), await client.post(path, json=ROOM, headers=own)
    assert (409, owner["id"]) == (conflict.status_code, conflict.json()["session"])
    assert (201, False) == (claim.status_code, claim.json()["confirmed"])
    assert owner["id"] not in claim.text
    second = await client.post("/v1/sessions", json={"title": "t", "currency": "CNY", "streams": [ROOM]}, headers=own)
    assert (409, session["id"]) == (second.status_code, second.json()["session"])
    assert [claim.json()] == (await client.get(path)).json()["streams"]


async def test_of_two_sessions_that_want_a_room_at_once_one_gets_it(client: httpx.AsyncClient, new_session: NewSession) -> None:
    """No request fails for another reason than the conflict."""
    sessions = [await new_session() for _ in range(5)]
    answers = await asyncio.gather(*(client.post(f"/v1/sessions/{session['id']}/streams", json=ROOM) for session in sessions))
    assert [201, 409, 409, 409, 409] == sorted(answer.status_code for answer in answers)


async def test_what_a_room_sent_early_joins_the_session(client: httpx.AsyncClient, new_session: NewSession, send: Send) -> None:
    """Whether the stream is registered later or comes with the session."""
    await send("wechat:export/UzFf:1", entered("a"), entered("b"))
    await send("weibo:2", entered("c"))
    session = await new_session(streams=[{"platform": "weibo", "room": "2"}])
    assert 1 == await viewers(client, session["id"])
    await client.post(f"/v1/sessions/{session['id']}/streams", json=ROOM)
    assert 3 == await viewers(client, session["id"])


async def test_a_registration_waits_for_a_commit_that_is_parking(
    client: httpx.AsyncClient, new_session: NewSession, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that found no stream is parked before the stream's events are replayed."""
    session = await new_session()
    parking, go_on, park = asyncio.Event(), asyncio.Event(), WriteQueries.park_events

    async def slow_park(*args: Any) -> Any:
        parking.set()
        await go_on.wait()
        return await park(*args)

    monkeypatch.setattr(WriteQueries, "park_events", slow_park)
    sending = asyncio.create_task(send("wechat:export/UzFf:1", entered("a")))
    await parking.wait()
    registering = asyncio.create_task(client.post(f"/v1/sessions/{session['id']}/streams", json=ROOM))
    await asyncio.wait([registering], timeout=0.3)
    go_on.set()
    await sending
    assert 201 == (await registering).status_code
    assert 1 == await viewers(client, session["id"])
