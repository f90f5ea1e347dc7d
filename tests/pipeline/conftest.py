"""Fixtures of the pipeline tests: one database per file, two services on it, sessions in it."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.catalogue.access import Role
from app.main import create_app
from app.service import Service, open_service
from app.settings import Settings

pytest.register_assert_rewrite("tests.pipeline.assertions")

from tests.databases import SECRET, OwnSettings, new_database  # noqa: E402 - after the registration of what is rewritten
from tests.pipeline.reference_records import Show  # noqa: E402

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Stage:
    """Two processes' worth of service on one database, each with a client that holds an admin key."""

    dsn: str
    services: tuple[Service, Service]
    clients: tuple[httpx.AsyncClient, httpx.AsyncClient]

    @property
    def service(self) -> Service:
        """Return the first service."""
        return self.services[0]

    @property
    def client(self) -> httpx.AsyncClient:
        """Return the first service's client."""
        return self.clients[0]

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create something and return it."""
        answer = await self.client.post(path, json=body)
        assert 201 == answer.status_code, answer.text
        return dict(answer.json())

    async def show(self, *rooms: str, brand: str | None = None, **fields: Any) -> Show:
        """Create a session with these rooms, of a brand of its own unless one is named."""
        brand = brand or f"brand-{next(_numbers)}-{uuid4().hex[:6]}"
        streams = [dict(zip(("platform", "room"), room.split(":", 1), strict=True)) for room in rooms]
        form = {"title": "秋の新作ライブ", "brand": brand, "currency": "CNY", "streams": streams} | fields
        session = await self.post("/v1/sessions", form)
        return Show(session["id"], brand, rooms={room: room.split(":")[0] for room in rooms})

    async def key(self, role: str, brand: str | None = None) -> dict[str, str]:
        """Return the Authorization header of a new key."""
        made = await self.post("/v1/keys", {"role": role, "brand": brand})
        return {"Authorization": f"Bearer {made['key']}"}


Rooms = Callable[[], str]


@pytest.fixture(scope="module")
def room() -> Rooms:
    """Name a room that no other test uses."""
    return lambda: f"wechat:export/{uuid4().hex}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def database_of_file(postgres: str, template: str) -> AsyncIterator[str]:
    """A migrated database for all tests of a file: they keep apart by their sessions."""
    async with new_database(postgres, template) as dsn:
        yield dsn


@pytest.fixture(scope="module")
def settings_of_file(database_of_file: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of a server on that database, with limits that a test can reach."""
    return OwnSettings(
        database_url=database_of_file, secret_key=SecretStr(SECRET), data_dir=tmp_path_factory.mktemp("stage"), pool_size=4,
        max_body_bytes=1 << 20, max_batch_events=500,
    )  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(database_of_file: str, settings_of_file: Settings) -> AsyncIterator[Stage]:
    """Two services on the file's database."""
    async with AsyncExitStack() as stack:
        services, clients = [], []
        for _ in range(2):
            service = await stack.enter_async_context(open_service(settings_of_file))
            _, key = await service.keys.create(Role.ADMIN, None, "pipeline")
            transport = httpx.ASGITransport(create_app(service), raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {key}"}
            client = httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers)
            services.append(service)
            clients.append(await stack.enter_async_context(client))
        yield Stage(database_of_file, (services[0], services[1]), (clients[0], clients[1]))
