"""What the event stream watches: whatever readers see of a session changes its fingerprint, column by column."""

from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import JSON, Boolean, Column, DateTime, Integer, LargeBinary, Numeric, Table, Text, Uuid

from app.service import Service
from app.storage.live.live_reads import fingerprints
from app.storage.tables import alerts, counters, gauges, lineup, marks, sessions, streams
from tests.databases import plain_only
from tests.live.conftest import make_session, send

UNSEEN = {
    "counters": {
        "bucket": "the whole session has one",
        "contributions": "a sum is seen, not of how many events it is",
        "seconds": "the whole session has none",
    },
    "gauges": {"bucket": "the whole session has one", "latest_key": "decides between samples of one moment"},
    "alerts": dict.fromkeys(
        ("raised_at", "absent_since", "announced", "content"), "the watcher's own state, written at each look"
    ),
}
"""Columns that no reader sees, and why; every other column of these tables is watched, a new one too."""
WATCHED = (counters, gauges, lineup, sessions, streams, alerts, marks)
ROW_OF = {"sessions": "id"}


OTHERS: tuple[tuple[type[Any], str], ...] = (
    (Boolean, "NOT {name}"),
    (JSON, """'{{"x": 1}}'"""),
    (Integer, "coalesce({name}, 0) + 1"),
    (Numeric, "coalesce({name}, 0) + 1"),
    (DateTime, "coalesce({name}, now()) + interval '1 day'"),
    (LargeBinary, r"'\x00112233445566778899aabbccddeeff'"),
    (Uuid, "gen_random_uuid()"),
    (Text, "coalesce({name}, '') || 'x'"),
)
"""Type of a column → an SQL expression of another value."""
OF_COLUMN = {
    "sessions.kind": "'rehearsal'",
    **dict.fromkeys(("sessions.brand_id", "streams.brand_id"), "(SELECT b.id FROM brands b WHERE b.id <> brand_id LIMIT 1)"),
}


def other_value(column: "Column[Any]") -> str:
    """Return an SQL expression that gives the column another value."""
    if (own := OF_COLUMN.get(f"{column.table.name}.{column.name}")) is not None:
        return own
    return next(sql for kind, sql in OTHERS if isinstance(column.type, kind)).format(name=column.name)


@plain_only("the key by which a row lies on its node does not change")
@pytest.mark.parametrize("table", WATCHED, ids=lambda table: table.name)
async def test_a_change_of_any_column_is_seen(client: httpx.AsyncClient, service: Service, table: Table) -> None:
    """Each column alone, in a transaction that is rolled back; what is not seen has its reason."""
    session = UUID(await make_session(client, lineup=[{"product": "knit-01", "live_price": "9.00"}]))
    await client.post("/v1/brands", json={"slug": "other", "name": "Other"})
    await send(client, "wechat:room", "session.started")
    await send(client, "wechat:room", "like.sent", count=3)
    await send(client, "wechat:room", "mark.set", label="note", text="t")
    identity = ROW_OF.get(table.name, "session_id")
    async with service.database.acquire() as connection:
        await connection.execute(
            "INSERT INTO alerts (session_id, alert, taken_by) VALUES ($1, 'low_stock:knit-01', 'test')", session
        )
        before = await fingerprints(connection, [session])
        unseen = set()
        for column in table.columns:
            if column.name == identity:
                continue
            change = f"UPDATE {table.name} SET {column.name} = {other_value(column)} WHERE {identity} = $1"
            if "grain" in table.columns:
                # One row of the whole session: a key that changes must not meet another row's.
                change += f" AND ctid = (SELECT min(ctid) FROM {table.name} WHERE session_id = $1 AND grain = 0)"
            transaction = connection.transaction()
            await transaction.start()
            assert "UPDATE 1" == await connection.execute(change, session), column.name
            if before == await fingerprints(connection, [session]):
                unseen.add(column.name)
            await transaction.rollback()
    assert set(UNSEEN.get(table.name, {})) == unseen
