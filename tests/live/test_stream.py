"""The stream as its subscribers see it, over real sockets."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from app.catalogue.access import Role
from app.labels.catalogue import LANGUAGES
from app.live import hub as hub_module
from app.live.alerts import AlertThresholds
from app.live.session_state import read_session_state
from app.live.subscriber import StreamLimits
from app.service import Service
from app.storage.live import live_reads
from tests.live.conftest import Open, make_session, send
from tests.live.reading import SNAPSHOT, Reader, connect


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document without the present moment."""
    return {name: value for name, value in document.items() if name not in {"as_of", "to"}}


async def test_the_snapshot_is_what_the_routes_say(client: httpx.AsyncClient, session: str, watch: Open) -> None:
    """The documents of the routes of the same names, complete with the last id."""
    await send(client, session, "viewer.entered", viewer="v1")
    await send(client, session, "stock.changed", product="knit-01", stock=7)
    reader = await (await watch(session, params={"lang": "en"})).snapshot()
    assert SNAPSHOT == reader.kinds()
    revision = reader.last_id
    assert [f"{revision}-"] * (len(SNAPSHOT) - 1) + [revision] == [event.id for event in reader.events]
    for kind in reader.kinds():
        answer = await client.get(f"/v1/sessions/{session}/{kind}", params={"lang": "en"})
        assert timeless(answer.json()) == timeless(reader.last(kind))
    assert 1 == reader.last("kpis")["kpis"]["viewers"]["value"]
    assert reader.retry is not None
    assert "text/event-stream; charset=utf-8" == reader.headers["content-type"]
    assert ("no-store", "no", "en") == tuple(
        reader.headers[name] for name in ("cache-control", "x-accel-buffering", "content-language")
    )


async def test_an_update_holds_only_what_changed_and_comes_soon(client: httpx.AsyncClient, session: str, watch: Open) -> None:
    """A like changes the KPIs alone; a click the products too."""
    reader = await (await watch(session)).snapshot()
    await send(client, session, "like.sent", count=3)
    assert 1.5 > await reader.until(lambda reader: len(reader.events) > len(SNAPSHOT))
    assert ["kpis"] == reader.kinds()[len(SNAPSHOT) :]
    assert 3 == reader.last("kpis")["kpis"]["likes"]["value"]
    await send(client, session, "product.clicked", product="knit-01")
    assert 2.5 > await reader.until(lambda reader: len(reader.events) > len(SNAPSHOT) + 2)
    assert ["kpis", "products"] == reader.kinds()[len(SNAPSHOT) + 1 :]
    assert not reader.last_id.endswith("-")


async def test_a_stream_that_begins_as_the_last_one_ended_is_kept_up_to_date(
    client: httpx.AsyncClient, session: str, watch: Open, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's work ends with its last stream, but not all of it at the same moment."""
    with monkeypatch.context() as patch:
        patch.setattr(hub_module, "PROBE_SECONDS", 30.0)
        async with connect(f"{client.base_url}/v1/sessions/{session}/stream", headers=client.headers) as reader:
            await reader.snapshot()
        async with asyncio.timeout(5):
            while service.hub._topics:  # noqa: ASYNC110 - the server notices the end of the connection
                await asyncio.sleep(0.01)
        (watching,) = (task for task in asyncio.all_tasks() if "Hub._watch" in repr(task.get_coro()))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    reader = await (await watch(session)).snapshot()
    await send(client, session, "like.sent", count=3)
    await reader.until(lambda reader: len(reader.events) > len(SNAPSHOT))


async def test_at_most_one_update_a_second(client: httpx.AsyncClient, session: str, watch: Open) -> None:
    """However often something changes."""
    reader = await (await watch(session)).snapshot()
    for _ in range(25):
        await send(client, session, "like.sent", count=1)
        await asyncio.sleep(0.1)
    await reader.until(lambda reader: reader.last("kpis")["kpis"]["likes"]["value"] == 25)
    moments = [event.at for event in reader.events if event.kind == "kpis"]
    gaps = [later - earlier for earlier, later in pairwise(moments[1:])]
    # The computation that ends first may have begun last: a quarter of a second is left to chance.
    assert gaps
    assert min(gaps) > 0.75


async def test_a_client_that_is_current_gets_nothing_again(client: httpx.AsyncClient, session: str, watch: Open) -> None:
    """Its next event is the next change, on a new connection as on the old one."""
    first = await (await watch(session)).snapshot()
    again = await watch(session, headers={"Last-Event-ID": first.last_id})
    await asyncio.sleep(0.6)
    assert [] == again.events
    await send(client, session, "like.sent", count=1)
    await again.until(lambda reader: reader.events)
    assert ["kpis"] == again.kinds()
    await first.until(lambda reader: len(reader.events) > len(SNAPSHOT))
    assert first.last_id == again.last_id


@pytest.mark.parametrize("suffix", ["-", "0", ""])
async def test_a_client_that_is_behind_gets_the_newest_snapshot(
    client: httpx.AsyncClient, session: str, watch: Open, suffix: str
) -> None:
    """Also one that lost the rest of an update, and one that names what never was; but not one that is current."""
    first = await (await watch(session)).snapshot()
    if not suffix:
        await send(client, session, "like.sent", count=1)
        await first.until(lambda reader: len(reader.events) > len(SNAPSHOT))
    behind = await watch(session, headers={"Last-Event-ID": first.events[len(SNAPSHOT) - 1].id + suffix})
    await behind.snapshot()
    assert SNAPSHOT == behind.kinds()


async def test_an_idle_stream_sends_heartbeats(service: Service, session: str, watch: Open) -> None:
    """Comments, and no events."""
    service.hub._pace = StreamLimits(60, 0.3, 100, 100)
    reader = await (await watch(session)).snapshot()
    await reader.until(lambda reader: reader.comments >= 2)
    assert len(SNAPSHOT) == len(reader.events)


async def test_a_stream_ends_in_an_orderly_way_when_its_time_is_up(service: Service, session: str, watch: Open) -> None:
    """The client sees the end of the answer, not a broken connection."""
    service.hub._pace = StreamLimits(1.0, 15, 100, 100)
    reader = await (await watch(session)).snapshot()
    assert 2.0 > await reader.until(lambda reader: reader.ended)


async def test_the_stream_of_a_deleted_session_ends(client: httpx.AsyncClient, session: str, watch: Open) -> None:
    """A client that reconnects gets 404."""
    reader = await (await watch(session)).snapshot()
    assert (await client.delete(f"/v1/sessions/{session}")).is_success
    assert 1.5 > await reader.until(lambda reader: reader.ended)
    assert 404 == (await watch(session)).status


async def test_a_revoked_key_ends_its_streams_and_no_others(
    client: httpx.AsyncClient, service: Service, session: str, watch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within seconds, although the stream would last for minutes."""
    monkeypatch.setattr(hub_module, "KEYS_SECONDS", 0.2)
    key_id, key = await service.keys.create(Role.VIEWER, None, "t")
    theirs = await (await watch(session, headers={"Authorization": f"Bearer {key}"})).snapshot()
    mine = await (await watch(session)).snapshot()
    await service.keys.revoke(key_id)
    await theirs.until(lambda reader: reader.ended)
    await send(client, session, "like.sent", count=1)
    await mine.until(lambda reader: len(reader.events) > len(SNAPSHOT))


async def test_many_subscribers_cost_one_computation(
    client: httpx.AsyncClient, session: str, watch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty subscribers in three languages: one picture at first, one per change, however many watch."""
    pictures = 0

    async def counted(*arguments: Any) -> Any:
        nonlocal pictures
        pictures += 1
        return await read_session_state(*arguments)

    monkeypatch.setattr(hub_module, "read_session_state", counted)
    readers = await asyncio.gather(*(watch(session, params={"lang": lang}) for lang in LANGUAGES for _ in range(10)))
    for reader in readers:
        await reader.snapshot()
    assert 1 == pictures
    await send(client, session, "like.sent", count=1)
    for reader in readers:
        await reader.until(lambda reader: len(reader.events) > len(SNAPSHOT))
    assert 2 == pictures
    assert 3 == len({reader.last_id for reader in readers})


async def test_subscribers_cost_no_database_work(
    service: Service, session: str, watch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who joins a session that is watched already asks the database for nothing but the caller's key."""
    await (await watch(session)).snapshot()
    monkeypatch.setattr(hub_module, "PROBE_SECONDS", 60.0)
    await asyncio.sleep(1.5)  # for the last look

    class Untouched:
        def acquire(self) -> None:
            raise AssertionError

    monkeypatch.setattr(service.hub, "_database", Untouched())
    for reader in await asyncio.gather(*(watch(session) for _ in range(10))):
        await reader.snapshot()
        assert 200 == reader.status


async def test_no_more_streams_than_there_is_room_for(service: Service, session: str, watch: Open) -> None:
    """503 with Retry-After; a place that is left is free again."""
    service.hub._pace = StreamLimits(1.0, 15, 1, 100)
    reader = await (await watch(session)).snapshot()
    refused = await watch(session)
    assert (503, "2") == (refused.status, refused.headers["retry-after"])
    await reader.until(lambda reader: reader.ended)
    await asyncio.sleep(0.1)
    assert 200 == (await watch(session)).status


async def test_a_database_that_is_away_leaves_the_streams_open(
    client: httpx.AsyncClient, session: str, watch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go on when it is back."""
    reader = await (await watch(session)).snapshot()
    marks = live_reads.fingerprints
    away = asyncio.Event()

    async def lost(*arguments: Any) -> Any:
        if not away.is_set():
            away.set()
            raise OSError
        return await marks(*arguments)

    monkeypatch.setattr(live_reads, "fingerprints", lost)
    await asyncio.wait_for(away.wait(), 5)
    await send(client, session, "like.sent", count=1)
    await reader.until(lambda reader: len(reader.events) > len(SNAPSHOT))


async def test_a_live_session_moves_although_nothing_comes(
    client: httpx.AsyncClient, watch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its duration grows step by step; a session that has ended stands still."""
    monkeypatch.setattr(hub_module, "STEP_SECONDS", 1)
    session = await make_session(client)
    await send(client, session, "session.started")
    reader = await (await watch(session)).snapshot()
    await reader.until(lambda reader: len({e.data["duration_seconds"] for e in reader.events if e.kind == "kpis"}) >= 3)
    await send(client, session, "session.ended")
    await reader.until(lambda reader: reader.last("kpis")["status"] == "provisional")
    seen = len(reader.events)
    await asyncio.sleep(2.2)
    assert seen == len(reader.events)


async def test_silence_is_told_although_nothing_comes(
    client: httpx.AsyncClient, service: Service, watch: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alert comes by the clock alone, and goes with the next event."""
    monkeypatch.setattr(hub_module, "STEP_SECONDS", 1)
    service.hub.limits = AlertThresholds(5, 180.0, timedelta(seconds=2))
    session = await make_session(client)
    await send(client, session, "session.started")
    reader = await (await watch(session)).snapshot()
    assert [] == reader.last("alerts")["alerts"]
    await reader.until(lambda reader: [a["code"] for a in reader.last("alerts")["alerts"]] == ["no_telemetry"])
    await send(client, session, "audience.sampled", concurrent=5)
    await reader.until(lambda reader: reader.last("alerts")["alerts"] == [])


async def test_the_lineup_and_the_catalogue_are_watched_too(client: httpx.AsyncClient, session: str, watch: Open) -> None:
    """What an operator changes is seen as soon as what an event changes."""
    reader = await (await watch(session)).snapshot()
    form = {"lineup": [{"product": "knit-09", "name": "Knit", "stock": 5}]}
    assert (await client.put(f"/v1/sessions/{session}/lineup", json=form)).is_success
    await reader.until(lambda reader: len(reader.events) > len(SNAPSHOT))
    assert ["knit-09"] == [product["product"] for product in reader.last("products")["products"]]


async def test_languages_have_their_own_words(session: str, watch: Open) -> None:
    """Each stream in the language it asked for."""
    readers: dict[str, Reader] = {}
    for lang in LANGUAGES:
        readers[lang] = await (await watch(session, params={"lang": lang})).snapshot()
    assert 3 == len({tuple(reader.last("products")["notes"]) for reader in readers.values()})
