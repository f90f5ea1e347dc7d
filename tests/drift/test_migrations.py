"""The migrations build the schema that the code expects."""

from pathlib import Path

from app.settings import Settings
from app.storage import migrate
from app.storage.database import open_database

_VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"


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


def test_every_migration_gives_way_to_a_lock() -> None:
    """Each in its own transaction, since `env.py` limits the wait in the first one alone. Earlier ones are not changed any more."""
    added = [path for path in sorted(_VERSIONS.glob("*.py")) if path.name > "0033"]
    assert added
    assert [] == [path.name for path in added if "SET LOCAL lock_timeout" not in path.read_text(encoding="utf-8")]
