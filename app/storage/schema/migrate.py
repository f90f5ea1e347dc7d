"""Migrations: bring the schema to head, compare it with the code, distribute it if the server is a Citus coordinator.

In: a database. Out: its revision. Never here: data of the domain.
"""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.storage.database import Database
from app.storage.queries import queries
from app.storage.schema.schema_window import NOTE, SchemaFit, SchemaState, Window, window_of
from app.storage.tables import metadata

_LOCK = 7_261_001
"""Advisory lock: of several processes that start at once, one migrates and the others wait."""

_READER_DEFAULTS = queries("operations/status")["reader_defaults"]


def _config() -> Config:
    root = Path(__file__).resolve().parents[2]
    folder = next(path for path in (root / "migrations", root.parent / "migrations") if path.is_dir())
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


@cache
def head() -> str | None:
    """Return the newest revision that this version of the code knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


@cache
def window() -> Window:
    """Return the revisions that this version knows, and which of them it serves."""
    scripts = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", "base"))
    return window_of(scripts[::-1])


def is_known(revision: str) -> bool:
    """Return whether this version of the code can bring a database of a revision to its own."""
    return revision in window().known


async def state(engine: AsyncEngine) -> SchemaState:
    """Return what the database says of its schema."""
    # Plain SQL: every start of a process asks, and Alembic takes half of that start to look for its table.
    async with engine.connect() as connection:
        if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
            return SchemaState(None, None)
        query = "SELECT version_num, obj_description('alembic_version'::regclass, 'pg_class') FROM alembic_version"
        found = (await connection.execute(text(query))).first()
        return SchemaState(*found) if found else SchemaState(None, None)


async def current(engine: AsyncEngine) -> str | None:
    """Return the database's revision; None for an empty database."""
    return (await state(engine)).revision


def fit_of(found: SchemaState) -> SchemaFit:
    """Return how a database goes together with this version; without reading the migrations where it is at head."""
    return SchemaFit.CURRENT if found.revision == head() else window().fit(found)


def _upgrade(connection: Connection) -> None:
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK})
    connection.commit()
    try:
        config = _config()
        config.attributes["connection"] = connection
        # A restored database has none, and tables of newer migrations would be closed to readers of one brand.
        connection.execute(text(_READER_DEFAULTS))
        connection.commit()
        command.upgrade(config, "head")
        connection.execute(text(NOTE.format(window().servers_from)))
        connection.commit()
        if connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")).first():
            for statement in queries("schema/distribute").values():
                connection.execute(text(statement))
        connection.commit()
    finally:
        connection.rollback()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})
        connection.commit()


async def upgrade(database: Database) -> str | None:
    """Bring the schema to head and return the revision; a newer schema, which lets this version go on, stays as it is."""
    found = await state(database.engine)
    if fit_of(found) is SchemaFit.NEWER:
        return found.revision
    async with database.maintenance() as connection:
        await connection.run_sync(_upgrade)
    return await current(database.engine)


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Return whether a table is in `app.storage.tables`; the job queue's are its library's own, partitions are the log's."""
    del parents
    return kind != "table" or not (name or "").startswith(("pgqueuer", "events_"))


async def drift(engine: AsyncEngine) -> list[object]:
    """Return the differences between the migrated schema and the tables in code; empty when there are none."""

    def compare(sync: Connection) -> list[object]:
        opts = {"compare_type": True, "include_name": is_ours}
        return list(compare_metadata(MigrationContext.configure(sync, opts=opts), metadata))

    async with engine.connect() as connection:
        # A coordinator of Citus holds its copy of the catalogue in tables of other names.
        await connection.execute(text("SET LOCAL citus.override_table_visibility TO on"))
        return await connection.run_sync(compare)
