"""Deletion of a session.

In: a session's id. Out: none of its rows remain; its new buyers pass to the sessions of their next purchases. Never
here: other changes of other sessions.
"""

from collections.abc import Sequence
from uuid import UUID

from app.catalogue.access import Principal, Role
from app.problems import ProblemError, not_found
from app.storage import audit
from app.storage.database import Connection, Database
from app.storage.ingest import first_purchases
from app.storage.queries import queries
from app.storage.session_locks import exclude_flushes
from app.storage.transient_errors import retry_conflicts

_PART = 20_000
"""Rows of the log, and of the sets, that one statement deletes: it has seconds, and each row may be on a page of its own."""
_EVENTS = (b"",), (b"\xff" * 17,)
_MEMBERS = ("", b""), ("\x7f", b"")
"""Keys before the first and after the last row; an event's key has 16 bytes, and the name of a set is ASCII."""


async def delete(database: Database, principal: Principal, session_id: UUID) -> None:
    """Delete a session with its events, figures, orders, streams, line-up, promotions, notes and revisions.

    Raises:
        ProblemError: 404; 409 if an issued statement states it, or if it has been released and the caller is no admin.
    """

    async def remove() -> None:
        async with database.transaction() as connection:
            await _delete(connection, principal, session_id)

    # A commit of another session may lock the brand's customers in another order.
    await retry_conflicts(remove)


async def _delete(connection: Connection, principal: Principal, session_id: UUID) -> None:
    sql = queries("catalogue/catalogue")
    brand_id = await connection.fetchval(sql["find_session"], session_id, principal.brand_id)
    if brand_id is None:
        raise not_found("session")
    audit.about(brand=brand_id)
    await connection.execute(sql["lock_brand"], str(brand_id))
    await exclude_flushes(connection, [session_id])
    session = await connection.fetchrow(sql["lock_session"], session_id, principal.brand_id)
    if session is None:
        raise not_found("session")
    if session["revision"] is not None and principal.role is not Role.ADMIN:
        raise ProblemError(409, "the session has been released; only an admin can delete it", code="session_released")
    if session["revision"] is not None:
        # An issue reads the session under the same lock: it is over, or finds no session any more.
        await connection.execute(sql["wait_for_statements"], str(brand_id))
        number = await connection.fetchval(sql["statement_of_session"], brand_id, str(session_id))
        if number is not None:
            raise ProblemError(409, f"the statement {number} states the session; void its events instead", code="session_stated")
    await _reassign_first_purchases(connection, brand_id, session_id)
    imports = [row["import_id"] for row in await connection.fetch(sql["imports_of"], session_id)]
    await connection.execute(sql["delete_imports"], imports)
    parts = queries("catalogue/session_parts")
    await _delete_in_parts(connection, session_id, parts["last_event"], parts["delete_events"], _EVENTS)
    await _delete_in_parts(connection, session_id, parts["last_member"], parts["delete_members"], _MEMBERS)
    for statement in queries("catalogue/session_deletion").values():
        await connection.execute(statement, session_id)


async def _delete_in_parts(
    connection: Connection, session_id: UUID, last: str, delete_part: str, ends: tuple[Sequence[object], Sequence[object]]
) -> None:
    """Delete a session's rows of one table in the order of their key, some at a time."""
    after, end = ends
    while after != end:
        found = await connection.fetchrow(last, session_id, *after, _PART - 1)
        until = end if found is None else tuple(found)
        await connection.execute(delete_part, session_id, *after, *until)
        after = until


async def _reassign_first_purchases(connection: Connection, brand_id: UUID, session_id: UUID) -> None:
    """Assign each new buyer of this session to the session of their next purchase, where they count as new."""
    others = await first_purchases.lock_others(connection, brand_id, session_id)
    members = await first_purchases.lock_owned(connection, brand_id, session_id)
    if members:
        await first_purchases.reassign(connection, brand_id, await first_purchases.next_purchases(connection, others, members))
        await first_purchases.forget_owned(connection, brand_id, session_id)
