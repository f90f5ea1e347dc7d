"""Corrections: sessions in which a newer statement replaced one that was counted are folded again.

In: sessions that a flush noted. Out: their figures, as if the replaced statements had never been sent. Never here: the fold.

The note is written in the transaction that stores the statement, so no correction is lost if the process ends before the rebuild.
"""

from collections.abc import Iterable
from uuid import UUID

from app.events.audience import person
from app.ingest import rebuild
from app.settings import Settings
from app.storage import first_purchases, voids
from app.storage.database import Database, retry_conflicts
from app.storage.queries import queries

_SQL = queries("rebuild")


async def apply_corrections(database: Database, settings: Settings, sessions: Iterable[UUID]) -> None:
    """Fold sessions again. A session that was deleted meanwhile needs no correction."""
    for session in sorted(sessions):
        await _correct(database, settings, session)


async def apply_pending(database: Database, settings: Settings) -> None:
    """Fold the sessions again that a flush noted and nothing has folded since."""
    async with database.acquire() as connection:
        sessions = [row[0] for row in await connection.fetch(_SQL["pending_corrections"])]
    await apply_corrections(database, settings, sessions)


async def apply_if_pending(database: Database, settings: Settings, session: UUID) -> None:
    """Fold a session again if a newer statement replaced one in it."""
    async with database.acquire() as connection:
        pending = await connection.fetchval(_SQL["pending_correction"], session)
    if pending is not None:
        await _correct(database, settings, session)


async def _correct(database: Database, settings: Settings, session: UUID) -> None:
    async def transaction() -> None:
        # A connection of its own: a rebuild hides tables, and a pooled connection has plans for the tables that it hides.
        async with database.unpooled() as connection, connection.transaction():
            # A buyer of a replaced statement may have bought next in another session: the brand is locked before the session.
            await first_purchases.lock_brand(connection, session)
            if await voids.lock_session(connection, session, None) is None:
                await connection.execute(_SQL["clear_pending_correction"], session)
                return
            buyers = [person(row[0]) for row in await connection.fetch(_SQL["restated_buyers"], session)]
            await rebuild.replace_rows(connection, settings, session, sorted(buyers))

    await retry_conflicts(transaction)
