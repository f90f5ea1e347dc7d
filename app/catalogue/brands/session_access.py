"""Access to the session of a request.

In: an id and a principal. Out: the session, or 404. Never here: 403, which would reveal that another brand's session
exists.
"""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.catalogue.access import Principal
from app.catalogue.brands import brands
from app.problems import not_found
from app.storage.tables import sessions


class SessionRef(NamedTuple):
    """A session that the caller may see."""

    id: UUID
    brand_id: UUID
    currency: str


def visible(query: Select[Any], principal: Principal) -> Select[Any]:
    """Return a query over sessions narrowed to the principal's brand."""
    return query if principal.brand_id is None else query.where(sessions.c.brand_id == principal.brand_id)


async def session_ref(connection: AsyncConnection, principal: Principal, session_id: UUID, *, lock: bool = False) -> SessionRef:
    """Return the session; `lock` excludes changes and deletion until the commit, but not events.

    Raises:
        ProblemError: 404.
    """
    query = visible(select(sessions.c.id, sessions.c.brand_id, sessions.c.currency).where(sessions.c.id == session_id), principal)
    if lock:
        query = query.with_for_update(key_share=True, of=sessions)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise not_found("session")
    return SessionRef(row.id, row.brand_id, row.currency)


async def lock_session_and_catalogue(connection: AsyncConnection, principal: Principal, session_id: UUID) -> SessionRef:
    """Return the session, locked together with its brand's catalogue.

    Raises:
        ProblemError: 404.
    """
    ref = await session_ref(connection, principal, session_id)
    await brands.lock(connection, ref.brand_id)
    return await session_ref(connection, principal, session_id, lock=True)
