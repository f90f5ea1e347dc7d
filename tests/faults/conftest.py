"""What the fault tests share: a scale, a silent-able database, a service behind it, lock holders.

`make faults` sets TALLYLIGHT_FAULTS=full: waits then have the lengths of a deployment with default settings. Without it each test
uses short limits and shows the same counts.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from pydantic import SecretStr

from app.catalogue.access import Role
from app.main import create_app
from app.service import Service, open_service
from app.settings import Settings
from tests.databases import LOCAL, SECRET, OwnSettings
from tests.faults.tcp_proxy import TcpProxy
from tests.locking import lock_session

FULL = os.environ.get("TALLYLIGHT_FAULTS") == "full"
DATABASE_SECONDS = 10.0 if FULL else 2.0
"""`database_timeout_seconds` of the services under test."""
BATCH = {"Content-Type": "application/cloudevents-batch+json"}


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[TcpProxy]:
    """A proxy before the test's database."""
    async with TcpProxy(database_url).running() as running:
        yield running


def settings_for(dsn: str, folder: Path, **changes: Any) -> Settings:
    """Return settings of a service on this database."""
    own: dict[str, Any] = {"database_timeout_seconds": DATABASE_SECONDS, "api_base_allow": LOCAL} | changes
    return OwnSettings(database_url=dsn, secret_key=SecretStr(SECRET), data_dir=folder, **own)


class Front:
    """A service and a client of it with an admin key."""

    def __init__(self, service: Service, client: httpx.AsyncClient) -> None:
        """Keep both."""
        self.service = service
        self.client = client

    async def session(self, *rooms: str, brand: str | None = None) -> str:
        """Create a session with these rooms of `wechat`; return its id."""
        streams = [{"platform": "wechat", "room": room} for room in rooms]
        form = {"title": "faults", "brand": brand or f"brand-{uuid4().hex[:8]}", "currency": "CNY", "streams": streams}
        answer = await self.client.post("/v1/sessions", json=form)
        assert 201 == answer.status_code, answer.text
        return str(answer.json()["id"])

    async def key(self, role: str = "ingest") -> dict[str, str]:
        """Return the Authorization header of a new key."""
        _, key = await self.service.keys.create(Role(role), None, "faults")
        return {"Authorization": f"Bearer {key}"}

    async def send(self, subject: str, *ids: str, headers: dict[str, str] | None = None) -> httpx.Response:
        """Send one like per id."""
        events = [like(id, subject) for id in ids]
        return await self.client.post("/v1/events", json=events, headers=BATCH | (headers or {}))

    async def likes(self, session: str) -> int:
        """Return the likes that a session counts."""
        answer = await self.client.get(f"/v1/sessions/{session}/kpis")
        assert 200 == answer.status_code, answer.text
        return int(answer.json()["kpis"]["likes"]["value"] or 0)


def like(id: str, subject: str) -> dict[str, Any]:
    """Return an event that counts one like."""
    return {"specversion": "1.0", "id": id, "source": "/faults", "type": "live.like.sent", "subject": subject, "data": {}}


@asynccontextmanager
async def front(settings: Settings) -> AsyncIterator[Front]:
    """Open a service and a client."""
    async with open_service(settings) as service:
        _, key = await service.keys.create(Role.ADMIN, None, "faults")
        transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers) as client:
            yield Front(service, client)


@asynccontextmanager
async def holding(dsn: str, statement: str, *arguments: object) -> AsyncIterator[None]:
    """Hold what a statement locks while the block runs."""
    async with _transaction(dsn) as connection:
        await connection.execute(statement, *arguments)
        yield


@asynccontextmanager
async def holding_session(dsn: str, session: UUID) -> AsyncIterator[None]:
    """Hold a session, as its deletion would, while the block runs."""
    async with _transaction(dsn) as connection:
        await lock_session(connection, session)
        yield


@asynccontextmanager
async def _transaction(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    transaction = connection.transaction()
    await transaction.start()
    try:
        yield connection
    finally:
        await transaction.rollback()
        await connection.close()


async def eventually(check: Callable[[], Awaitable[Any]], what: str, seconds: float = 30) -> Any:
    """Return what `check` returns once that is true."""
    end = time.monotonic() + seconds
    while True:
        if found := await check():
            return found
        assert time.monotonic() < end, f"did not happen: {what}"
        await asyncio.sleep(0.1)
