"""The migrations build the schema that the code expects."""

import re
from pathlib import Path

from alembic.script import Script, ScriptDirectory

from app.settings import Settings
from app.storage import migrate
from app.storage.database import open_database

_VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
_GUIDE = Path(__file__).parents[2] / "docs" / "upgrade.md"


def _scripts() -> list[Script]:
    """Return the migrations, the newest first."""
    return list(ScriptDirectory.from_config(migrate._config()).iterate_revisions("head", "base"))


async def test_a_migrated_database_has_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    """All migrations on an empty database end at head, and nothing differs from `app.storage.tables`."""
    database = await open_database(Settings(data_dir=tmp_path, secret_key="k" * 40))
    try:
        assert migrate.head() == await migrate.upgrade(database)
        assert [] == await migrate.drift(database.engine)
    finally:
        await database.close()


async def test_a_missing_column_is_seen(tmp_path: Path) -> None:
    """The comparison finds a dropped column."""
    database = await open_database(Settings(data_dir=tmp_path, secret_key="k" * 40))
    try:
        await migrate.upgrade(database)
        async with database.acquire() as connection:
            await connection.execute("ALTER TABLE orders DROP COLUMN carrier")
        assert 1 == len(await migrate.drift(database.engine))
    finally:
        await database.close()


def test_every_migration_of_the_window_has_a_row_in_the_guide() -> None:
    """docs/upgrade.md says of each migration since 0033 which servers may go on, and whether it may follow them."""
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
