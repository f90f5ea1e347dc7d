"""First purchases: which session of a brand a buyer is new in, when the present one loses them.

In: a session and buyers that it may lose. Out: rows of `customers`, sums of new buyers of other sessions. Never here: commits.

A buyer is new in the session of their earliest purchase from the brand. If that purchase goes away (its session is deleted, its
event is void), the next earliest one takes its place. The tables are named with their schema, since a rebuild hides some of them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.ingest.writes import WriteQueries
from app.storage.queries import queries

_SQL = queries("ingest/first_purchases")


class Purchase(NamedTuple):
    """The earliest purchase of a buyer in the other sessions of a brand."""

    member: bytes
    session_id: UUID
    at: datetime
    event_key: bytes
    platform: str


async def lock_brand(connection: Connection, session: UUID) -> None:
    """Lock the brand of a session against deletions of its sessions and changes of its catalogue, until the commit."""
    await connection.fetch(_SQL["lock_brand_of"], session)


async def lock_owned(connection: Connection, brand: UUID, session: UUID, members: Sequence[bytes] | None = None) -> list[bytes]:
    """Return the buyers, of these or of all, who are new in this session; locked against concurrent claims."""
    rows = await connection.fetch(_SQL["lock_customers"], brand, session, members)
    return [row["member"] for row in rows]


async def lock_others(connection: Connection, brand: UUID, session: UUID) -> list[UUID]:
    """Return the other sessions of the brand; locked against deletion and rebuild. Lock them before the buyers."""
    return [row["id"] for row in await connection.fetch(_SQL["lock_other_sessions"], brand, session)]


async def next_purchases(connection: Connection, others: Sequence[UUID], members: Sequence[bytes]) -> list[Purchase]:
    """Return each buyer's earliest purchase in these sessions."""
    return [Purchase(*row) for row in await connection.fetch(_SQL["next_purchases"], others, members)]


async def reassign(connection: Connection, brand: UUID, purchases: Sequence[Purchase]) -> None:
    """Make buyers new in the sessions of these purchases."""
    await assign(connection, brand, purchases)
    await count(connection, purchases, 1)


async def assign(connection: Connection, brand: UUID, purchases: Sequence[Purchase]) -> None:
    """Do the same without counting the buyers in those sessions."""
    if purchases:
        members, sessions, moments, keys, _ = zip(*purchases, strict=True)
        await connection.execute(_SQL["reassign_customers"], brand, members, sessions, moments, keys)


async def count(connection: Connection, purchases: Sequence[Purchase], sign: int) -> None:
    """Add new buyers to the sums of their sessions (`sign` 1), or subtract them (-1)."""
    if not purchases:
        return
    # The two rows that the fold writes for a count: the whole session, and the minute.
    counts: dict[tuple[UUID, int, str, int, str, str], int] = {}
    for purchase in purchases:
        for grain, bucket in ((0, 0), (60, int(purchase.at.timestamp()) // 60 * 60_000_000)):
            row = (purchase.session_id, grain, "", bucket, purchase.platform, "new_buyers")
            counts[row] = counts.get(row, 0) + sign
    writes = WriteQueries(connection)
    await writes.add_counters([(*row, counts[row], counts[row], None) for row in sorted(counts)])
    if sign < 0:
        await writes.drop_empty([(*row[:3], _at(row[3]), *row[4:]) for row in sorted(counts)])


def _at(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC)


async def forget_owned(connection: Connection, brand: UUID, session: UUID) -> None:
    """Remove the buyers who bought in this session alone."""
    await connection.execute(_SQL["forget_customers"], brand, session)
