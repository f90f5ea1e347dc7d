"""New, migrated databases for tests: copies of a template, or distributed ones if a Citus coordinator is configured.

In: a server, a template. Out: a database's connection string while a test uses it. Never here: services, data.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from app.settings import Settings
from app.storage import migrate
from app.storage.database import open_database


class OwnSettings(Settings):
    """Settings as a test names them. The environment and the files of a developer, which take 10 ms to read, say nothing."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *others: Any, **more: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return one source: the arguments."""
        del settings_cls, others, more
        return (init_settings,)


LOCAL = "127.0.0.0/8,::1"
"""`api_base_allow` of the servers under test: their platforms are servers on loopback."""
SECRET = "a secret key that only the tests know, 64 characters or so long."
CITUS = os.environ.get("TALLYLIGHT_TEST_CITUS_URL")
"""A database of a Citus coordinator that knows its workers; every test then runs on a distributed database of its own."""


def dsn_for(server_dsn: str, database: str) -> str:
    """Return the connection string of another database on the same server."""
    head, question, query = server_dsn.partition("?")
    return f"{head.rsplit('/', 1)[0]}/{database}{question}{query}"


async def upgrade(dsn: str) -> None:
    """Migrate a database."""
    database = await open_database(OwnSettings(database_url=dsn, secret_key=SECRET))
    await migrate.upgrade(database)
    await database.close()


@asynccontextmanager
async def new_database(server: str, template: str | None) -> AsyncIterator[str]:
    """Create a database from a template, yield its connection string, drop it. Without a template it is empty; on Citus, migrated."""
    name = f"test_{uuid4().hex}"
    nodes = await _nodes(server) if CITUS else [server]
    for node in nodes:
        await _execute(node, f"CREATE DATABASE {name}" + (f" TEMPLATE {template} STRATEGY FILE_COPY" if template else ""))
    dsn = dsn_for(server, name)
    if CITUS:
        await _distribute(nodes, name)
        await upgrade(dsn)
    yield dsn
    for node in nodes:
        await _execute(node, f"DROP DATABASE {name} WITH (FORCE)")


async def _nodes(coordinator: str) -> list[str]:
    """Return the connection strings of all nodes, the coordinator's first."""
    rows = await _fetch(coordinator, "SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 AND isactive ORDER BY 1, 2")
    user, _, _ = urlsplit(coordinator).netloc.rpartition("@")
    return [coordinator, *(f"postgresql://{user}@{host}:{port}/postgres" for host, port in rows)]


async def _distribute(nodes: list[str], name: str) -> None:
    """Make the same database of all nodes one distributed database."""
    for node in nodes:
        await _execute(dsn_for(node, name), "CREATE EXTENSION citus")
    coordinator, *workers = (urlsplit(node) for node in nodes)
    calls = [f"citus_set_coordinator_host('{coordinator.hostname}', {coordinator.port})"]
    calls += [f"citus_add_node('{worker.hostname}', {worker.port})" for worker in workers]
    for call in calls:
        await _execute(dsn_for(nodes[0], name), f"SELECT {call}")


async def _fetch(dsn: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(query)
    await connection.close()
    return list(rows)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()
