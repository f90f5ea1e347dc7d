"""Deleting a session: all of it, and what it leaves to others.

In: a session's id. Out: nothing of it is left. Never here: other sessions' rows, but for the customers they inherit.
"""

from uuid import UUID

from asyncpg import Record

from app.catalogue.access import Principal
from app.problems import not_found
from app.storage.database import Connection, Database, retry_conflicts
from app.storage.queries import queries
from app.storage.writes import WriteQueries


async def delete(database: Database, principal: Principal, session_id: UUID) -> None:
    """Delete a session with its events, figures, orders, streams, line-up, promotions and notes.

    Raises:
        ProblemError: 404.
    """

    async def remove() -> None:
        async with database.acquire() as connection, connection.transaction():
            await _delete(connection, principal, session_id)

    # A commit of another session may meet us on the brand's customers in another order.
    await retry_conflicts(remove)


async def _delete(connection: Connection, principal: Principal, session_id: UUID) -> None:
    sql = queries("catalogue")
    brand_id = await connection.fetchval(sql["find_session"], session_id, principal.brand_id)
    if brand_id is None:
        raise not_found("session")
    await connection.execute(sql["lock_brand"], str(brand_id))
    if await connection.fetchval(sql["lock_session"], session_id, principal.brand_id) is None:
        raise not_found("session")
    await _reassign_first_purchases(connection, brand_id, session_id)
    for statement in queries("session_deletion").values():
        await connection.execute(statement, session_id)


async def _reassign_first_purchases(connection: Connection, brand_id: UUID, session_id: UUID) -> None:
    """Give each new buyer of this session to the session of their next purchase, where they become a new buyer."""
    sql = queries("catalogue")
    others = [row["id"] for row in await connection.fetch(sql["lock_other_sessions"], brand_id, session_id)]
    members = [row["member"] for row in await connection.fetch(sql["lock_customers"], brand_id, session_id)]
    if not members:
        return
    successors = await connection.fetch(sql["next_purchases"], others, members)
    if successors:
        columns = [[row[name] for row in successors] for name in ("member", "session_id", "at", "event_key")]
        await connection.execute(sql["reassign_customers"], brand_id, *columns)
        await _count_new_buyers(connection, successors)
    await connection.execute(sql["forget_customers"], brand_id, session_id)


async def _count_new_buyers(connection: Connection, successors: list[Record]) -> None:
    # The two rows that the fold writes for a count: the whole session, and the minute.
    counts: dict[tuple[UUID, int, str, int, str, str], int] = {}
    for successor in successors:
        for grain, bucket in ((0, 0), (60, int(successor["at"].timestamp()) // 60 * 60_000_000)):
            row = (successor["session_id"], grain, "", bucket, successor["platform"], "new_buyers")
            counts[row] = counts.get(row, 0) + 1
    await WriteQueries(connection).add_counters([(*row, counts[row]) for row in sorted(counts)])
