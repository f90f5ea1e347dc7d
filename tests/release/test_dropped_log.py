"""A log is dropped by the month once every session in it is final: figures stay, and what would read the log refuses."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from app.ingest import log_retention
from app.ingest.rebuilding.rebuild import compare
from app.problems import ProblemError
from app.service import Service, open_service
from app.settings import Settings
from app.storage.event_log import log_partitions
from tests.cli.shell import call
from tests.databases import SECRET
from tests.ingest.sending import new_session as make_session, send as send_to
from tests.kpis.event_builders import NewSession, Read, Send, paid
from tests.release.conftest import HOUR, Finalize, end_of_first

pytestmark = pytest.mark.usefixtures("database_url")
"""Of its own: partitions are tables, which the shared one keeps."""

FIGURES = (
    "kpis",
    "products",
    "timeline",
    "audience",
    "showcases",
    "orders",
    "after-live",
    "effects",
    "funnel",
    "support",
    "marks",
    "packing-list",
)


async def drop(service: Service) -> list[str]:
    """Run the job twice, once the sessions' month is over and their release a day old; return what was dropped."""
    over = await end_of_first(service) + timedelta(days=2)
    await log_retention.work(service.database, 1, over)
    return await log_retention.work(service.database, 1, over + HOUR)


@pytest.fixture
async def dropped(service: Service, show: str, finalize: Finalize) -> str:
    """A released session whose log was dropped."""
    await finalize(show)
    assert 1 == len(await drop(service))
    return show


async def figures(read: Read, session: str) -> dict[str, Any]:
    """Return every document that is made of stored figures."""
    return {path: await read(session, path) | {"as_of": None} for path in FIGURES}


async def test_figures_are_what_they_were(
    service: Service, show: str, send: Send, read: Read, finalize: Finalize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All documents of stored figures, the revision, and the report, which is the revision's from then on.

    A reader of the log finishes: the job gives way, and the next run does the rest.
    """
    monkeypatch.setattr(log_retention, "_TRIES", 2)
    monkeypatch.setattr(log_retention, "_PAUSE_SECONDS", 0)
    await send("wechat:room", ("viewer.entered", 30, {"viewer": "v1"}), ("viewer.left", 90, {"viewer": "v1"}))
    await finalize(show)
    before, report = await figures(read, show), await read(show, "revisions/1")
    over = await end_of_first(service) + timedelta(days=2)
    assert [] == await log_retention.work(service.database, 1, over)
    async with service.database.acquire() as reader, reader.transaction():
        await reader.fetch("SELECT FROM events LIMIT 1")
        assert [] == await log_retention.work(service.database, 1, over + HOUR)
        assert await reader.fetchval("SELECT count(*) > 0 FROM events WHERE type = 'live.product.clicked'")
        assert await reader.fetchval("SELECT count(*) > 0 FROM movements")
    (name,) = await log_retention.work(service.database, 1, over + 2 * HOUR)
    assert before == await figures(read, show)
    assert report == await read(show, "revisions/1")
    assert report["report"]["ja"] == await read(show, "report", lang="ja")
    async with service.database.acquire() as connection:
        assert not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name)
        assert ["live.order.paid"] == [row["type"] for row in await connection.fetch("SELECT DISTINCT type FROM events")]
        assert not await connection.fetchval("SELECT count(*) FROM movements")
        audit = await connection.fetch("SELECT object_id, principal_id FROM audit_log WHERE action = 'log.drop'")
    assert [(name, "log retention")] == [tuple(row) for row in audit]


async def test_nothing_is_dropped_while_a_session_is_not_final(
    service: Service, show: str, new_session: NewSession, send: Send, finalize: Finalize
) -> None:
    """Not released, released too recently, or its rebuild is pending; a session without events keeps nothing."""
    await finalize(show)
    await new_session(streams=[])
    other = await new_session(streams=[{"platform": "wechat", "room": "other"}])
    await send("wechat:other", ("session.started", 0, {}), paid(9, "x", "b", ("knit", 1, "1.00")), ("session.ended", 60, {}))
    assert [] == await drop(service)
    async with service.database.acquire() as connection:
        assert None is await log_partitions.dropped_at(connection, UUID(show))
    await finalize(other)
    over = await end_of_first(service) + timedelta(days=2)
    for hours in range(3):
        assert [] == await log_retention.work(service.database, 3650, over + hours * HOUR)
        assert [] == await log_retention.work(service.database, None, over + hours * HOUR)
        assert [] == await log_retention.work(service.database, 1, datetime.now(UTC) + hours * HOUR)
    async with service.database.acquire() as connection:
        await connection.execute(
            "INSERT INTO rebuilds VALUES ($1, 1, 0, 'void', now(), NULL, NULL, 0, NULL, 0, NULL)", UUID(other)
        )
    assert [] == await drop(service)
    async with service.database.acquire() as connection:
        await connection.execute("UPDATE rebuilds SET done = 1")
    assert 1 == len(await drop(service))
    assert [] == await drop(service)


async def test_a_session_that_gets_its_first_event_between_the_runs_keeps_its_log(
    service: Service, show: str, new_session: NewSession, send: Send, finalize: Finalize
) -> None:
    """The marked ones refuse already; the partition stays until the other one is final too."""
    await finalize(show)
    late = await new_session(streams=[{"platform": "wechat", "room": "late"}])
    over = await end_of_first(service) + timedelta(days=2)
    assert [] == await log_retention.work(service.database, 1, over)
    await send("wechat:late", ("session.started", 0, {}), ("session.ended", 60, {}))
    assert [] == await log_retention.work(service.database, 1, over + HOUR)
    assert [] == await compare(service.database, service.settings, UUID(late))
    await finalize(late)
    assert 1 == len(await drop(service))


REFUSED: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("GET", "/v1/events?session={session}", None),
    ("GET", "/v1/sessions/{session}/sources", None),
    ("GET", "/v1/sessions/{session}/funnel?by=source", None),
    ("GET", "/v1/sessions/{session}/insights", None),
    ("GET", "/v1/sessions/{session}/retention", None),
    ("GET", "/v1/exports/events?brand=maison-k", None),
    ("POST", "/v1/sessions/{session}/finalize", {}),
    ("POST", "/v1/sessions/{session}/voids", {"source": "/tests", "event": "1", "reason": "wrong"}),
    ("POST", "/v1/stream-claims/decisions", {"platform": "wechat", "room": "room", "session": None}),
)


async def test_what_reads_the_log_refuses_and_says_since_when(client: httpx.AsyncClient, service: Service, dropped: str) -> None:
    """By name, over HTTP; the currency stays too, and an export of later events is made."""
    async with service.database.acquire() as connection:
        at = await log_partitions.dropped_at(connection, UUID(dropped))
    assert at is not None
    for method, path, form in REFUSED:
        answer = await client.request(method, path.format(session=dropped), json=form)
        assert (410, "log_dropped") == (answer.status_code, answer.json()["code"]), (path, answer.text)
        assert f"{at:%Y-%m-%dT%H:%M:%SZ}" in answer.json()["detail"]
    assert 409 == (await client.patch(f"/v1/sessions/{dropped}", json={"currency": "JPY"})).status_code
    assert 200 == (await client.get("/v1/exports/events", params={"from": "2022-01-01T00:00:00Z"})).status_code
    with pytest.raises(ProblemError, match="was dropped at"):
        await compare(service.database, service.settings, UUID(dropped))


async def test_what_happens_to_the_session_afterwards(
    client: httpx.AsyncClient, service: Service, dropped: str, read: Read, new_session: NewSession, send: Send
) -> None:
    """A late event is a dead letter, named in the receipt, and others of its batch are stored: nothing could tell whether it is new.

    An earlier purchase in another session takes its buyer from this one. An alias that changes requests no rebuild. A customer
    can be forgotten.
    """
    other = await new_session(streams=[])
    before = await figures(read, dropped)
    batch = [
        {"specversion": "1.0", "id": uuid4().hex, "source": "/late", "type": "live.like.sent", "subject": subject, "data": {}}
        for subject in ("wechat:room", dropped, other)
    ]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    receipt = (await client.post("/v1/events", json=batch, headers=headers)).json()
    assert (1, ["log_dropped"] * 2) == (receipt["accepted"], [one["errors"][0]["code"] for one in receipt["rejected"]])
    kept = (await client.get("/v1/dead-letters")).json()["dead_letters"]
    assert ["log_dropped"] * 2 == [one["errors"][0]["code"] for one in kept]
    assert before == await figures(read, dropped)
    assert [] == await compare(service.database, service.settings, UUID(other))
    new = (await read(dropped, "kpis"))["kpis"]["new_buyers"]["value"]
    earlier = await new_session(streams=[{"platform": "wechat", "room": "earlier"}])
    await send("wechat:earlier", paid(-3600, "earlier", "b1", ("knit", 1, "1.00")))
    now = (await read(dropped, "kpis"))["kpis"]["new_buyers"]["value"]
    assert new - 1 == now
    assert [] == await compare(service.database, service.settings, UUID(earlier))
    product = {"code": "k-1", "names": {"ja": "ニット"}, "brand": "maison-k", "aliases": ["coat"]}
    answer = await client.post("/v1/products", json=product)
    assert 201 == answer.status_code, answer.text
    async with service.database.acquire() as connection:
        assert [] == await connection.fetch("SELECT FROM rebuilds WHERE session_id = $1", UUID(dropped))
    before = await figures(read, dropped)
    customers = (await client.get("/v1/brands/maison-k/customers")).json()["customers"]
    assert 3 == len(customers)
    for one in customers:
        assert 204 == (await client.delete(f"/v1/brands/maison-k/customers/{one['customer']}")).status_code
    after = await figures(read, dropped)
    buyers = [{order["buyer"] for order in found["orders"]["orders"]} for found in (before, after)]
    assert 3 == len(buyers[1])
    assert not buyers[0] & buyers[1]
    unnamed = ("orders", "packing-list")
    assert {name: one for name, one in before.items() if name not in unnamed} == {
        name: one for name, one in after.items() if name not in unnamed
    }


async def test_ingest_of_other_months_goes_on(service: Service, show: str, finalize: Finalize) -> None:
    """While the job makes months, marks and drops, events of a session in a later month are accepted, every one of them once."""
    await finalize(show)
    over = await end_of_first(service) + timedelta(days=2)
    session, brand = log_partitions.first_id(over - HOUR), uuid4()
    session = UUID(int=session.int | 0x7 << 76 | 0b10 << 62)
    async with service.database.acquire() as connection:
        await connection.execute("INSERT INTO brands (id, slug, name) VALUES ($1, 'later', 'B')", brand)
        await connection.execute(
            "INSERT INTO sessions (id, brand_id, title, kind, currency, time_zone) VALUES ($1, $2, 't', 'live', 'CNY', 'Asia/Tokyo')",
            session, brand,
        )  # fmt: skip
    stopped = asyncio.Event()

    async def load() -> int:
        sent = 0
        while not stopped.is_set():
            receipt = await send_to(service, session, [("live.like.sent", {"viewer": f"v{sent}"})] * 20, first=sent)
            sent += receipt["accepted"]
            assert (20, 0) == (receipt["accepted"], receipt["duplicates"])
        return sent

    loading = asyncio.create_task(load())
    runs = [await log_retention.work(service.database, 1, over + hours * HOUR) for hours in range(2)]
    stopped.set()
    sent = await loading
    assert [0, 1] == list(map(len, runs))
    async with service.database.acquire() as connection:
        # What arrived before its month was there has moved.
        found = await connection.fetch(
            "SELECT tableoid::regclass::text AS place, count(*) AS events FROM events GROUP BY 1 ORDER BY 1"
        )
    # On Citus it is a part of the partition, whose name goes on with a number.
    month = f"events_{over:%Y_%m}"
    assert [(month, sent)] == [(row["place"][: len(month)], row["events"]) for row in found if "orders" not in row["place"]]
    assert [] == await compare(service.database, service.settings, session)


async def test_months_are_made_ahead_and_one_run_works_at_a_time(service: Service, database_url: str) -> None:
    """Half a year; a second process does nothing meanwhile; after years without a run all months are there."""
    now = datetime.now(UTC)
    await log_retention.work(service.database, None, now)
    async with service.database.acquire() as connection:
        found = await log_partitions.partitions(connection)
    assert log_partitions.made_at(found[-1].upper) >= now + timedelta(days=180)
    assert all(before.upper == after.lower for before, after in pairwise(found))
    other = await asyncpg.connect(database_url)
    assert await log_partitions.take_turn(other)
    await log_retention.work(service.database, None, now + timedelta(days=1500))
    async with service.database.acquire() as connection:
        assert found == await log_partitions.partitions(connection)
    await other.close()
    await log_retention.work(service.database, None, now + timedelta(days=1500))
    async with service.database.acquire() as connection:
        assert log_partitions.made_at((await log_partitions.partitions(connection))[-1].upper) >= now + timedelta(days=1680)


def test_months_are_those_of_utc() -> None:
    """Also over the end of a year, and from another zone; ids of a month begin with its first millisecond."""
    assert datetime(2027, 1, 1, tzinfo=UTC) == log_partitions.next_month(datetime(2026, 12, 31, 23, 59, tzinfo=UTC))
    assert datetime(2026, 12, 1, tzinfo=UTC) == log_partitions.next_month(datetime.fromisoformat("2026-12-01T08:59:59+09:00"))
    assert datetime(2026, 12, 1, tzinfo=UTC) == log_partitions.made_at(log_partitions.first_id(datetime(2026, 12, 1, tzinfo=UTC)))


def test_the_command_says_since_when(settings: Settings, tmp_path: Path) -> None:
    """`tallylight rebuild` prints the refusal and ends with 1, also with --replace."""

    async def mark() -> UUID:
        async with open_service(settings) as service, service.database.acquire() as connection:
            session = await make_session(service)
            await connection.execute("UPDATE sessions SET log_dropped_at = '2026-11-27T06:00:00Z'")
        return session

    session = asyncio.run(mark())
    env = {"TALLYLIGHT_DATABASE_URL": settings.database_url or "", "TALLYLIGHT_SECRET_KEY": SECRET}
    for arguments in ((session,), (session, "--replace")):
        done = call("rebuild", *arguments, env=env, cwd=tmp_path)
        assert 1 == done.exit_code
        said = f"the log of session {session} was dropped at 2026-11-27T06:00:00Z; its figures and revisions stay"
        assert said == " ".join(done.stdout.split())
