"""The migrations build the schema that the code expects."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from app.storage.database import Database, open_database
from app.storage.schema import migrate
from tests.databases import SECRET, OwnSettings

_VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
_GUIDE = Path(__file__).parents[2] / "docs" / "howto" / "upgrade.md"


def _scripts() -> list[Script]:
    """Return the migrations, the newest first."""
    return list(ScriptDirectory.from_config(migrate._config()).iterate_revisions("head", "base"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database that all migrations built, from an empty one."""
    opened = await open_database(OwnSettings(database_url=database_url, secret_key=SECRET))
    yield opened
    await opened.close()


async def test_a_migrated_database_has_exactly_the_tables_of_the_code(database: Database) -> None:
    """All migrations on an empty database end at head, and nothing differs from `app.storage.tables`."""
    assert migrate.head() == await migrate.current(database.engine)
    assert [] == await migrate.drift(database.engine)


async def test_a_missing_column_is_seen(database: Database) -> None:
    """The comparison finds a dropped column."""
    async with database.acquire() as connection:
        await connection.execute("ALTER TABLE orders DROP COLUMN carrier")
    assert 1 == len(await migrate.drift(database.engine))


def test_every_migration_of_the_window_has_a_row_in_the_guide() -> None:
    """docs/howto/upgrade.md says of each migration since 0033 which servers may go on, and whether it may follow them."""
    scripts = [script for script in _scripts() if script.revision >= "0033"]
    rows = dict(re.findall(r"^\| (\d{4}) \| (.+ \| .+) \| .+ \|$", _GUIDE.read_text(encoding="utf-8"), flags=re.MULTILINE))
    declared = {}
    for script in scripts:
        servers_from = getattr(script.module, "servers_from", None)
        order = "before or after the servers" if not getattr(script.module, "needed", True) else "before the servers"
        declared[script.revision] = f"{f'from {servers_from}' if servers_from else 'none: stop all'} | {order}"
    assert declared == rows


def test_every_migration_gives_way_to_a_lock() -> None:
    """Each in its own transaction, since `env.py` limits the wait in the first one alone. Earlier ones are not changed any more."""
    added = [path for path in sorted(_VERSIONS.glob("*.py")) if path.name > "0033"]
    assert added
    assert [] == [path.name for path in added if "SET LOCAL lock_timeout" not in path.read_text(encoding="utf-8")]
