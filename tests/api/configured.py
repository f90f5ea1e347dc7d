"""A client of a server with other settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.catalogue.access import Role
from app.main import create_app
from app.service import Service
from app.settings import Settings
from tests.conftest import KeyMaker


@asynccontextmanager
async def configured(
    service: Service, keys: KeyMaker, peer: str = "127.0.0.1", **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with other settings, which connects from `peer`."""
    settings = Settings.model_validate(service.settings.model_dump() | changes)
    app = create_app(_with_settings(service, settings))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(peer, 50_000))
    headers = await keys(Role.ADMIN) | {"Accept-Encoding": "identity"}
    async with httpx.AsyncClient(transport=transport, base_url="http://tallylight.test", headers=headers) as client:
        yield client


def _with_settings(service: Service, settings: Settings) -> Service:
    values = {name: getattr(service, name) for name in Service.__slots__}
    return Service(**values | {"settings": settings})
