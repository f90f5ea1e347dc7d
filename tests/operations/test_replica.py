"""Reports and exports from a real streaming standby: as fresh as the request, as isolated as the database, never in silence."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import pytest
import structlog
from prometheus_client import REGISTRY
from pydantic import SecretStr, ValidationError

from app.catalogue.access import Role
from app.kpis.reading.session_reader import snapshot
from app.main import create_app
from app.operations import doctor
from app.operations.doctor import Level
from app.service import Service, open_service
from app.storage.database import Database
from app.storage.operations import replica
from app.storage.operations.replica import Outcome, ReadSide
from tests.databases import CITUS, LOCAL, SECRET, OwnSettings, dsn_for, new_database
from tests.operations.standby import Standby, replicated

pytestmark = pytest.mark.skipif(
    bool(CITUS or os.environ.get("TALLYLIGHT_TEST_DATABASE_URL")), reason="the primary's folder has to be on this machine"
)


@pytest.fixture(scope="module")
def standby(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standby]:
    """A standby that all tests of this module share."""
    root = tmp_path_factory.mktemp("standby")
    found = Standby(postgres, asyncio.run(replicated(postgres)), root)
    found.start()
    yield found
    found.stop()
    shutil.rmtree(root, ignore_errors=True)


@asynccontextmanager
async def served(postgres: str, template: str, read_url: Any, folder: Path, **more: Any) -> AsyncIterator[Service]:
    """A service on a database of its own, with a replica; `read_url` is of the database's name."""
    async with new_database(postgres, template) as dsn:
        name = urlsplit(dsn).path.removeprefix("/")
        settings = OwnSettings(
            database_url=dsn, read_url=read_url(name), secret_key=SecretStr(SECRET), data_dir=folder, api_base_allow=LOCAL, **more
        )
        async with open_service(settings) as service:
            yield service


@pytest.fixture
async def service(postgres: str, template: str, standby: Standby, tmp_path: Path) -> AsyncIterator[Service]:
    """A service whose replica follows."""
    async with served(postgres, template, standby.dsn, tmp_path) as opened:
        await standby.has(urlsplit(opened.database.connector.dsn).path.removeprefix("/"))
        yield opened
        await standby.execute("SELECT pg_wal_replay_resume()")


@pytest.fixture
async def client(service: Service, keys: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client with an admin key."""
    transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=await keys("admin")) as opened:
        yield opened


def counts() -> dict[str, float]:
    """Return how often each way was taken so far."""
    return {
        one.value: REGISTRY.get_sample_value("tallylight_replica_reads_total", {"outcome": one.value}) or 0.0 for one in Outcome
    }


def taken(before: dict[str, float]) -> dict[str, int]:
    """Return how often each way was taken since."""
    return {name: int(count - before[name]) for name, count in counts().items() if count != before[name]}


async def new_session(client: httpx.AsyncClient, brand: str = "b", room: str = "r") -> str:
    """Create a session."""
    form = {"title": "t", "brand": brand, "currency": "CNY", "streams": [{"platform": "wechat", "room": room}]}
    return str((await client.post("/v1/sessions", json=form)).json()["id"])


def paid(session: str, number: int) -> dict[str, Any]:
    """Return a paid order of 12.34."""
    return {
        "specversion": "1.0", "id": f"o{number}", "source": "/s", "subject": session, "type": "live.order.paid",
        "data": {
            "order": f"o{number}", "buyer": f"b{number}", "currency": "CNY", "amount": "12.34",
            "lines": [{"product": "p", "quantity": 1, "amount": "12.34"}],
        },
    }  # fmt: skip


def gmv(report: dict[str, Any]) -> Any:
    """Return the GMV of a report."""
    return next(figure["value"] for figure in report["sections"]["totals"]["figures"] if figure["unit"] == "money")


async def test_a_report_has_what_was_acknowledged_before_it(client: httpx.AsyncClient) -> None:
    """Each of many events is in the report that follows it, and the replica made all of them."""
    session = await new_session(client)
    before = counts()
    for number in range(1, 11):
        assert 1 == (await client.post("/v1/events", json=paid(session, number))).json()["accepted"]
        report = (await client.get(f"/v1/sessions/{session}/report")).json()
        assert f"{number * 12.34:.2f}" == gmv(report)
    assert {"replica", "waited"} >= set(taken(before))
    assert 10 == sum(taken(before).values())


async def test_a_replica_that_is_behind_is_waited_for_and_then_passed_over(
    service: Service, client: httpx.AsyncClient, standby: Standby
) -> None:
    """While its replay is paused, a report comes from the database after the wait; once it goes on within the wait, from the replica."""
    session = await new_session(client)
    await standby.execute("SELECT pg_wal_replay_pause()")
    await client.post("/v1/events", json=paid(session, 1))
    object.__setattr__(service.read_side, "wait_seconds", 0.1)
    before = counts()
    assert "12.34" == gmv((await client.get(f"/v1/sessions/{session}/report")).json())
    assert {"behind": 1} == taken(before)
    ready = (await client.get("/readyz")).json()
    assert "behind" == ready["replica"]
    status = await doctor.examine(service.read_side, service.settings, await service.probe.state(), datetime.now(UTC))
    (finding,) = (one for one in status.findings if one.check == "replica")
    assert (Level.WARNING, "behind") == (finding.level, finding.code)
    assert finding.figures["bytes"] > 0
    object.__setattr__(service.read_side, "wait_seconds", 30.0)
    asked = asyncio.create_task(client.get(f"/v1/sessions/{session}/report"))
    await asyncio.sleep(0.1)
    assert not asked.done()
    await standby.execute("SELECT pg_wal_replay_resume()")
    assert "12.34" == gmv((await asked).json())
    assert {"behind": 1, "waited": 1} == taken(before)


async def test_exports_and_files_come_from_the_replica(service: Service, client: httpx.AsyncClient) -> None:
    """Each page of an export asks for itself; the rows are those of the database."""
    session = await new_session(client)
    await client.post("/v1/events", json=paid(session, 1))
    before = counts()
    rows = (await client.get("/v1/exports/orders")).text.splitlines()
    assert 2 == len(rows)
    assert 1 == sum(taken(before).values())
    assert {"replica", "waited"} >= set(taken(before))
    object.__setattr__(service.exporter, "_read_side", ReadSide(service.database).background())
    assert rows == (await client.get("/v1/exports/orders")).text.splitlines()
    assert 1 == sum(taken(before).values())


async def test_a_brand_sees_no_other_on_the_replica(service: Service, client: httpx.AsyncClient, keys: Any) -> None:
    """404 for its session, no row in its exports; and row-level security hides it from the queries themselves."""
    mine, other = await new_session(client, "mine", "r1"), await new_session(client, "other", "r2")
    brand = (await client.get("/v1/brands/mine")).json()["id"]
    viewer = await keys("viewer", brand)
    before = counts()
    operator = await keys("operator", brand)
    assert 200 == (await client.get(f"/v1/sessions/{mine}/report", headers=operator)).status_code
    assert 404 == (await client.get(f"/v1/sessions/{other}/report", headers=operator)).status_code
    for headers in (viewer, operator):
        exported = (await client.get("/v1/exports/sessions", headers=headers)).text
        assert mine in exported
        assert other not in exported
    assert {"replica", "waited"} >= set(taken(before))

    async def seen(database: Database) -> tuple[bool, list[str]]:
        async with snapshot(database, UUID(brand)) as connection:
            rows = await connection.fetch("SELECT id FROM sessions")
            return await connection.fetchval("SELECT pg_is_in_recovery()"), [str(row[0]) for row in rows]

    assert (True, [mine]) == await service.read_side.run(seen)
    assert (False, [mine]) == await seen(service.database)


async def test_a_standby_of_another_timeline_is_passed_over(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that did not follow a promotion may have replayed more than the database has, of a log that is not the database's."""
    session = await new_session(client)
    committed = replica._SQL["committed"].replace("::int AS timeline", "::int + 1 AS timeline")
    monkeypatch.setitem(replica._SQL, "committed", committed)
    before = counts()
    assert 200 == (await client.get(f"/v1/sessions/{session}/report")).status_code
    assert {"other": 1} == taken(before)


async def test_a_replica_that_fails_in_the_middle_is_replaced(service: Service) -> None:
    """As when the replay of the log cancels a query; an error of the work itself is not tried again."""

    async def work(database: Database) -> str:
        if database is service.read_side.replica:
            raise asyncpg.SerializationError("canceling statement due to conflict with recovery")
        return "the database"

    async def broken(_: Database) -> str:
        raise ValueError

    before = counts()
    assert "the database" == await service.read_side.run(work)
    assert {"failed": 1} == taken(before)
    with pytest.raises(ValueError):
        await service.read_side.run(broken)


@pytest.mark.parametrize(
    ("read_url", "outcome"),
    [(lambda _: "postgresql://u:p@127.0.0.1:1/none", "unreachable"), (None, "other")],
    ids=["nothing answers", "the database itself"],
)
async def test_what_is_no_replica_is_passed_over(
    postgres: str, template: str, tmp_path: Path, read_url: Any, outcome: str
) -> None:
    """The server starts, answers from the database, is ready, and says so; what does not answer is left alone for a while."""
    itself = read_url or (lambda name: dsn_for(postgres, name))
    async with served(postgres, template, itself, tmp_path) as service:
        _, key = await service.keys.create(Role.ADMIN, None, "test")
        headers = {"Authorization": f"Bearer {key}"}
        transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://t", headers=headers) as client:
            session = await new_session(client)
            before = counts()
            with structlog.testing.capture_logs() as lines:
                for _ in range(2):
                    assert 200 == (await client.get(f"/v1/sessions/{session}/report")).status_code
            assert {outcome: 2} == taken(before)
            assert 2 == sum(line["event"] == "replica passed over" and line["outcome"] == outcome for line in lines)
            assert (outcome == "unreachable") is (service.read_side.memory.silent_until > time.monotonic())
            ready = await client.get("/readyz")
            assert (200, outcome) == (ready.status_code, ready.json()["replica"])
            checks = {one["name"]: one for one in (await client.get("/v1/status")).json()["checks"]}
            assert ("warning", outcome) == (checks["replica"]["status"], checks["replica"]["code"])


async def test_without_a_replica_nothing_is_told_of_it(service: Service) -> None:
    """As in most deployments."""
    assert await ReadSide(service.database).place() is None


def test_the_embedded_database_has_no_replica() -> None:
    """A wrong pair of settings is refused."""
    with pytest.raises(ValidationError, match="TALLYLIGHT_READ_URL needs TALLYLIGHT_DATABASE_URL"):
        OwnSettings(read_url="postgresql://replica/tallylight")
    with pytest.raises(ValidationError, match="must be a PostgreSQL URL"):
        OwnSettings(database_url="postgresql://a/b", secret_key=SecretStr(SECRET), read_url="mysql://replica/tallylight")
