"""Reads of one session: who asks for which session, and one snapshot for all queries of an answer.

In: the database, a session, the caller's brand, the present moment. Out: a connection, the session, or 404 if the caller may not
see it. Never here: figures, SQL, HTTP.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.labels.catalogue import Language
from app.problems import not_found
from app.storage.database import Connection, Database
from app.storage.kpis import reads
from app.storage.kpis.reads import SessionHead


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """The session, the caller's brand, the present moment, and the language."""

    session: UUID
    brand: UUID | None
    """The brand that the caller is bound to; None for all brands."""
    now: datetime
    language: Language
    revision: int | None = None
    """Read the figures as those of this revision, which is about to be released."""
    client: bool = False
    """For a reader outside the agency: no contradictions of figures."""


@asynccontextmanager
async def snapshot(database: Database, brand: UUID | None, *, many: bool = False) -> AsyncIterator[Connection]:
    """Lend a connection with one snapshot for all queries, so that sums and their parts agree to the cent.

    The queries are about one session unless the caller says `many`.

    For a caller that is bound to a brand, row-level security hides all other brands from the queries.
    """
    lent = database.acquire() if many else database.acquire_for_figures()
    async with (
        lent as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        if brand is not None:
            await reads.restrict_to_brand(connection, brand)
        yield connection


async def read_head(connection: Connection, asked: SessionQuery) -> SessionHead:
    """Return the session.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    head = await reads.session_head(connection, asked.session, asked.brand)
    if head is None:
        raise not_found("session")
    return head
