"""Exports are streamed: bounded in memory, fair to other callers, and ended with their client. Counts are asserted, never times."""

import asyncio
import csv
import io
import tracemalloc
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.catalogue.access import Principal, Role
from app.cli.serve import Server
from app.exports import exporter as exporter_module, parquet as parquet_file, reader
from app.exports.columns import TABLES
from app.exports.exporter import MOST, PER_CALLER, ExportEndedError, Exporter, brands_of
from app.exports.formats import FormatName, file_of
from app.exports.reader import ExportQuery, Page, Place
from app.problems import ProblemError
from app.service import Service
from app.settings import Settings
from app.storage.database import Connection
from app.storage.kpis.comparison_reads import BrandRow
from app.storage.reports.export_reads import Window
from tests.exports.conftest import Export
from tests.ingest.sending import send
from tests.live.conftest import server
from tests.pipeline.processes import free_port

__all__ = ["server"]

AGENCY = Principal("command", "tests", Role.ADMIN, None)
_INSERT = """
    INSERT INTO events (session_id, event_key, id, source, type, platform, room, occurred_at, received_at, data)
    SELECT $1, decode(md5(n::text), 'hex'), n::text, '/load', 'live.comment.posted', 'wechat', 'room',
           timestamptz '2021-09-25 06:00:00Z' + (n / 3) * interval '1 second', now(),
           json_build_object('viewer', md5(n::text), 'text', repeat('x', 200))
    FROM generate_series(1, $2::int) n
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings of a server on a port of its own."""
    return settings.model_copy(update={"port": free_port()})


@pytest.fixture
async def session(client: httpx.AsyncClient) -> UUID:
    """A session without events."""
    return UUID((await client.post("/v1/sessions", json={"title": "t", "brand": "maison-k", "currency": "CNY"})).json()["id"])


async def log(service: Service, session: UUID, events: int) -> None:
    """Write events into the log, several at one moment."""
    async with service.database.acquire() as connection:
        await connection.execute(_INSERT, session, events)


async def asked(service: Service) -> ExportQuery:
    """Ask for all events."""
    brands = await brands_of(service.database, None, AGENCY)
    return ExportQuery("events", brands, Window(), "en", client=False, now=datetime.now(UTC))


class Pages:
    """Counts the pages that are read, and notes which brand each was of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
        """Make pages of so many rows."""
        self.read = 0
        self.fails_after: int | None = None
        monkeypatch.setattr(reader, "MOST_ROWS", rows)
        monkeypatch.setattr(exporter_module, "read_page", self._read)

    async def _read(self, connection: Connection, query: ExportQuery, brand: BrandRow, place: Place) -> Page:
        if self.read == self.fails_after:
            raise ConnectionError
        self.read += 1
        return await reader.read_page(connection, query, brand, place)


async def test_no_page_is_read_ahead_of_the_client(
    service: Service, session: UUID, export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One page per piece that was taken; all pieces together are each event once, in order."""
    await log(service, session, 95)
    pages = Pages(monkeypatch, 10)
    taken: list[bytes] = []
    async with aclosing(service.exporter.stream(AGENCY, await asked(service), file_of("csv", TABLES["events"]))) as pieces:
        async for piece in pieces:
            taken.append(piece)
            assert pages.read <= len(taken)
    assert 10 == pages.read
    rows = list(csv.DictReader(io.StringIO(b"".join(taken).decode(), newline="")))
    assert sorted(map(str, range(1, 96))) == sorted(row["id"] for row in rows)
    assert rows == sorted(rows, key=lambda row: row["time"]) == await export("events")


async def test_a_page_ends_before_it_is_too_large(service: Service, session: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long single events are, a page holds no more than a few megabytes of them."""
    await log(service, session, 40)
    monkeypatch.setattr("app.storage.reports.export_reads.MOST_CHARACTERS", 1000)
    pages = Pages(monkeypatch, 1_000)
    pieces = await whole(service.exporter, await asked(service), "csv")
    assert 8 <= pages.read <= 14
    assert 41 == b"".join(pieces).count(b"\r\n")


async def test_a_page_of_many_sessions_is_no_larger(
    client: httpx.AsyncClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The room of a page is that of all its sessions together; every event of every session comes once."""
    form = {"title": "t", "brand": "maison-k", "currency": "CNY"}
    sessions = [UUID((await client.post("/v1/sessions", json=form)).json()["id"]) for _ in range(6)]
    for session in sessions:
        await log(service, session, 3)
    monkeypatch.setattr("app.storage.reports.export_reads.MOST_CHARACTERS", 1000)
    pages = Pages(monkeypatch, 1_000)
    pieces = await whole(service.exporter, await asked(service), "csv")
    assert 3 <= pages.read <= 6
    assert all(len(piece) < 6_000 for piece in pieces)
    rows = list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))
    assert sorted(str(session) for session in sessions for _ in range(3)) == sorted(row["session"] for row in rows)
    assert len(rows) == len({(row["session"], row["id"]) for row in rows})


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
async def test_memory_does_not_grow_with_the_table(
    service: Service, session: UUID, file_format: FormatName, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The peak of a table of eight pages is that of one of two, within a quarter."""
    monkeypatch.setattr(parquet_file, "_GROUP_ROWS", 1_000)
    monkeypatch.setattr(reader, "MOST_ROWS", 500)
    peaks = []
    for events in (1_000, 4_000):
        async with service.database.acquire() as connection:
            await connection.execute("DELETE FROM events")
        await log(service, session, events)
        query = await asked(service)
        await whole(service.exporter, query, file_format)  # caches and imports
        tracemalloc.start()
        try:
            async with aclosing(service.exporter.stream(AGENCY, query, file_of(file_format, TABLES["events"]))) as pieces:
                sizes = [len(piece) async for piece in pieces]
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert sum(sizes) > 20 * events
    assert peaks[1] < 1.25 * peaks[0]


async def whole(exporter: Exporter, query: ExportQuery, file_format: FormatName) -> list[bytes]:
    """Return all pieces of an export."""
    async with aclosing(exporter.stream(AGENCY, query, file_of(file_format, TABLES[query.table]))) as pieces:
        return [piece async for piece in pieces]


async def test_a_caller_has_few_exports_at_once(service: Service, session: UUID) -> None:
    """One too many is refused until one ends; other callers are not affected; the process has a limit too."""
    assert session
    query = await asked(service)

    def begin(name: str) -> Any:
        caller = Principal("command", name, Role.ADMIN, None)
        return service.exporter.stream(caller, query, file_of("csv", TABLES["events"]))

    running = [begin("one") for _ in range(PER_CALLER)]
    for pieces in running:
        await anext(pieces)
    with pytest.raises(ProblemError) as refused:
        await anext(begin("one"))
    assert (429, "too_many_requests") == (refused.value.status, refused.value.code)
    assert refused.value.headers
    others = [begin(f"other-{number}") for number in range(MOST - PER_CALLER)]
    for pieces in others:
        await anext(pieces)
    with pytest.raises(ProblemError) as full:
        await anext(begin("last"))
    assert 503 == full.value.status
    await running[0].aclose()
    await anext(again := begin("one"))
    for pieces in (again, *running, *others):
        await pieces.aclose()
    assert not service.exporter._running


async def test_exports_take_turns_page_by_page(service: Service, session: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small export that begins while a large one runs is not behind all of it."""
    await log(service, session, 600)
    monkeypatch.setattr(service.exporter, "_turn", asyncio.Semaphore(1))
    pages = Pages(monkeypatch, 5)
    query = await asked(service)
    ended: dict[str, int] = {}

    async def run(name: str, window: Window) -> None:
        caller = Principal("command", name, Role.ADMIN, None)
        of_window = ExportQuery("events", query.brands, window, "en", client=False, now=query.now)
        async for _ in service.exporter.stream(caller, of_window, file_of("csv", TABLES["events"])):
            pass
        ended[name] = pages.read

    small = Window(None, datetime(2021, 9, 25, 6, 0, 3, tzinfo=UTC))
    async with asyncio.TaskGroup() as group:
        group.create_task(run("large", Window()))
        group.create_task(run("small", small))
    assert ended["small"] < ended["large"] / 2
    assert ended["large"] >= 120


async def test_a_revoked_key_ends_its_export(service: Service, session: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the next page. One whose export goes on gets all of it."""
    await log(service, session, 50)
    Pages(monkeypatch, 10)
    key_id, _ = await service.keys.create(Role.VIEWER, None, "test")
    caller = Principal("key", key_id, Role.VIEWER, None)
    query = await asked(service)
    pieces = service.exporter.stream(caller, query, file_of("csv", TABLES["events"]))
    await anext(pieces)
    await anext(pieces)
    await service.keys.revoke(key_id)
    with pytest.raises(ExportEndedError):
        await anext(pieces)
    assert not service.exporter._running


async def test_a_log_that_is_dropped_meanwhile_ends_the_export(
    service: Service, session: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file does not end as if it were whole: nothing tells which of its pages the log still had."""
    await send(service, session, [("live.like.sent", {"count": 1})] * 3)
    Pages(monkeypatch, 1)
    pieces = service.exporter.stream(AGENCY, await asked(service), file_of("csv", TABLES["events"]))
    await anext(pieces)
    async with service.database.acquire() as connection:
        await connection.execute("UPDATE sessions SET log_dropped_at = now() WHERE id = $1", session)
    with pytest.raises(ProblemError, match="was dropped at"):
        async for _ in pieces:
            pass


async def test_an_export_ends_with_its_client(
    server: Server, service: Service, session: UUID, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that reads nothing holds no connection, and one that leaves ends the work."""
    del server
    await log(service, session, 40_000)
    pages = Pages(monkeypatch, 1_000)
    async with over_http(service, client) as opened, opened.stream("GET", "/v1/exports/events") as answer:
        assert 200 == answer.status_code
        await settled(pages)
        # What does not fit the buffers of the connection waits.
        assert pages.read < 40
        assert 1 == service.exporter._running.total()
        busy = service.database.background_pool.get_size() - service.database.background_pool.get_idle_size()
        assert 0 == busy
    await until(lambda: not service.exporter._running)
    assert pages.read < 40


async def test_a_file_that_ends_early_is_no_file(
    server: Server, service: Service, session: UUID, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the database is lost in the middle, the connection breaks: the client cannot take the part for the whole."""
    del server
    await log(service, session, 50)
    Pages(monkeypatch, 10).fails_after = 3
    async with over_http(service, client) as opened:
        with pytest.raises(httpx.RemoteProtocolError):
            await opened.get("/v1/exports/events")
    await until(lambda: not service.exporter._running)


def over_http(service: Service, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Return a client of the listening server with the key of another one."""
    headers = {"Authorization": client.headers["Authorization"]}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.settings.port}", headers=headers, timeout=30)


async def settled(pages: Pages) -> None:
    """Return once no page has been read for a while."""
    seen = -1
    while seen != pages.read:
        seen = pages.read
        await asyncio.sleep(0.5)


async def until(holds: Any) -> None:
    """Return once it holds."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - the server in this process is watched
            await asyncio.sleep(0.02)
