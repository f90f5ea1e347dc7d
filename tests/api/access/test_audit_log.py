"""The audit log: who reads it, filters, pages, and rows that nothing changes until their days are over."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import httpx
import pytest

from app.catalogue.access import Role
from app.ingest.retention import retire
from app.service import Service
from app.storage import audit
from app.storage.audit import Action, Actor
from tests.api.audited import SHOW, audit_entries
from tests.conftest import KeyMaker


async def test_filters_and_pages(client: httpx.AsyncClient) -> None:
    """Each filter alone, and pages of two that together are the whole log, the newest first."""
    show = (await client.post("/v1/sessions", json=SHOW)).json()["id"]
    for slug in ("a", "b", "c"):
        await client.post("/v1/brands", json={"slug": slug, "name": slug})
    await client.patch("/v1/brands/a", json={"name": "A"})
    rows = await audit_entries(client)
    assert ["brand.update", *["brand.create"] * 3, "session.create"] == [row["action"] for row in rows]
    own = rows[0]["principal"]["id"]
    for params, count in (
        ({"principal": own}, 5), ({"principal": "other"}, 0), ({"action": "brand.create"}, 3), ({"action": "brand"}, 4),
        ({"action": "bran"}, 0), ({"session": show}, 1), ({"brand": "a"}, 2), ({"brand": "nowhere"}, 0),
        ({"from": rows[1]["at"]}, 2), ({"to": rows[1]["at"]}, 3), ({"brand": "a", "action": "brand.update"}, 1),
    ):  # fmt: skip
        assert count == len(await audit_entries(client, **params)), params
    paged, cursor = [], None
    while True:
        page = (await client.get("/v1/audit", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        paged += page["entries"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert rows == paged


@pytest.mark.parametrize("role", [Role.INGEST, Role.VIEWER, Role.OPERATOR])
async def test_only_administrators_read_it(client: httpx.AsyncClient, keys: KeyMaker, role: Role) -> None:
    """Every other role is refused."""
    assert 403 == (await client.get("/v1/audit", headers=await keys(role))).status_code


@pytest.fixture
async def row_of(service: Service) -> Callable[[datetime], Awaitable[None]]:
    """Write a row of a moment."""

    async def write(at: datetime) -> None:
        async with service.database.acquire() as connection:
            await audit.record(connection, Action("session.update", Actor("service", "a test"), at, "x"))

    return write


async def test_rows_are_only_added(service: Service, row_of: Callable[[datetime], Awaitable[None]]) -> None:
    """The database refuses to change or delete rows, also to its owner."""
    await row_of(datetime.now(UTC))
    async with service.database.acquire() as connection:
        for statement in ("UPDATE audit_log SET action = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        assert 1 == await connection.fetchval("SELECT count(*) FROM audit_log")


async def test_rows_go_after_their_days(
    client: httpx.AsyncClient, service: Service, row_of: Callable[[datetime], Awaitable[None]]
) -> None:
    """400 days by default: the row of a day earlier is deleted, the other stays, and the permission ends with the job."""
    now = datetime.now(UTC)
    for days in (399, 401):
        await row_of(now - timedelta(days=days))
    await retire(service.database, service.settings, now)
    assert [now - timedelta(days=399)] == [datetime.fromisoformat(row["at"]) for row in await audit_entries(client)]
    async with service.database.acquire() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("DELETE FROM audit_log")


async def test_the_bootstrap_key_is_recorded_once(service: Service) -> None:
    """The settings' admin key leaves a row when it is created, none at later starts."""
    for _ in range(2):
        await service.keys.bootstrap("tl_root_0123456789abcdefghij")
    async with service.database.acquire() as connection:
        rows = await connection.fetch("SELECT principal_kind, action, object_id FROM audit_log")
    assert [("service", "key.create", "root")] == [tuple(row) for row in rows]


async def test_two_transactions_of_one_action_leave_one_row(service: Service) -> None:
    """The action is recorded by the first that commits."""
    with audit.acting(Action("session.update", Actor("service", "a test"), datetime.now(UTC))):
        for name in ("a", "b"):
            async with service.database.transaction() as connection:
                await connection.execute("SELECT 1")
            audit.about(name, brand=UUID(int=1))
    async with service.database.transaction() as connection:
        assert [None] == [row["object_id"] for row in await connection.fetch("SELECT object_id FROM audit_log")]
