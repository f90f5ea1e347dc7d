"""Queries of revisions, one function each.

In: a session's id, a revision to store. Out: frozen rows. Never here: commits, updates of a revision, figures.
"""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.storage.database import Connection
from app.storage.queries import queries, statement

_SQL = queries("reports/revisions")
_ADD = statement("reports/revisions", "add")


class RevisionRow(NamedTuple):
    """A revision without its document. Amounts are minor units of the currency; None if no order and no report told them."""

    session: UUID
    number: int
    created_at: datetime
    by: str
    note: str | None
    sha256: str
    ended_at: datetime
    time_zone: str
    currency: str
    gmv: int | None
    net_gmv: int | None


class FrozenDocument(NamedTuple):
    """The canonical JSON of a revision, and its hash."""

    number: int
    text: str
    sha256: str


def _row(row: Any) -> RevisionRow:
    amounts = [None if amount is None else int(amount) for amount in (row["gmv"], row["net_gmv"])]
    return RevisionRow(*row[:-2], *amounts)


async def wait_for_turn(connection: Connection, session: UUID) -> None:
    """Wait until no other connection makes a revision of the session. The lock ends with the connection."""
    await connection.execute(_SQL["wait_for_turn"], str(session))


async def repeated(connection: Connection, session: UUID, by: str, key: str) -> RevisionRow | None:
    """Return the revision that this caller has made with an idempotency key."""
    row = await connection.fetchrow(_SQL["repeated"], session, by, key)
    return None if row is None else _row(row)


async def last_number(connection: Connection, session: UUID) -> int:
    """Return the number of the last revision, 0 without one."""
    return int(await connection.fetchval(_SQL["last_number"], session))


async def add(connection: Connection, row: RevisionRow, key: str | None, document: str, kpis: str) -> bool:
    """Store a revision and mark its session as released; False if the session does not exist any more."""
    if await connection.fetchval(_SQL["mark_session"], row.session, row.number) is None:
        return False
    added = _ADD(
        session=row.session, number=row.number, created_at=row.created_at, created_by=row.by, key=key, note=row.note,
        sha256=row.sha256, document=document, kpis=kpis, ended_at=row.ended_at, time_zone=row.time_zone, currency=row.currency,
        gmv=None if row.gmv is None else str(row.gmv), net_gmv=None if row.net_gmv is None else str(row.net_gmv),
    )  # fmt: skip
    await connection.execute(*added)
    return True


async def page(connection: Connection, session: UUID, before: int | None, limit: int) -> list[RevisionRow]:
    """Return revisions with a number below `before`, the newest first."""
    return [_row(row) for row in await connection.fetch(_SQL["page"], session, before, limit)]


async def revision(connection: Connection, session: UUID, number: int) -> RevisionRow | None:
    """Return one revision."""
    row = await connection.fetchrow(_SQL["revision"], session, number)
    return None if row is None else _row(row)


async def document(connection: Connection, session: UUID, number: int) -> FrozenDocument | None:
    """Return the frozen document of a revision."""
    row = await connection.fetchrow(_SQL["document"], session, number)
    return None if row is None else FrozenDocument(*row)


class ReleasedSession(NamedTuple):
    """A session that the caller may see."""

    revision: int | None
    """The latest revision."""


async def released(connection: Connection, session: UUID, brand: UUID | None) -> ReleasedSession | None:
    """Return the release of a session; None if it does not exist for this brand."""
    row = await connection.fetchrow(_SQL["session"], session, brand)
    return None if row is None else ReleasedSession(*row)


class DueSession(NamedTuple):
    """A session that was never released, and when it ended."""

    ended_at: datetime
    id: UUID


async def due(connection: Connection, ended_before: datetime, after: DueSession | None, limit: int) -> list[DueSession]:
    """Return broadcasts that ended before a moment and were never released, in order of their end, after one of them."""
    ended_at, session = after or (None, None)
    return [DueSession(*row) for row in await connection.fetch(_SQL["due"], ended_before, ended_at, session, limit)]
