"""How many rows each statement deletes.

In: a connection, tables. Out: counts of rows, by table. Never here: which rows go.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.storage.database import Connection


@asynccontextmanager
async def deletions_noted(connection: Connection, *tables: str) -> AsyncIterator[dict[str, list[int]]]:
    """Yield a dictionary that has, after the block, each table's numbers of rows that one statement deleted, the largest first."""
    await connection.execute("CREATE TABLE deleted_at_once (name text, rows bigint)")
    await connection.execute(
        "CREATE FUNCTION note_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO deleted_at_once SELECT TG_TABLE_NAME, count(*) FROM gone; RETURN NULL; END $$"
    )
    for table in tables:
        await connection.execute(
            f"CREATE TRIGGER note_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS gone "
            "FOR EACH STATEMENT EXECUTE FUNCTION note_deleted()"
        )
    found: dict[str, list[int]] = {}
    try:
        yield found
        for row in await connection.fetch(
            "SELECT name, array_agg(rows ORDER BY rows DESC) AS rows FROM deleted_at_once GROUP BY name"
        ):
            found[row["name"]] = row["rows"]
    finally:
        await connection.execute("DROP FUNCTION note_deleted CASCADE")
        await connection.execute("DROP TABLE deleted_at_once")
