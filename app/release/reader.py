"""Reads revisions, and compares one with the present figures.

In: the database, a session, the caller's brand. Out: rows, frozen documents, changes. Never here: a figure that is not frozen,
but for the comparison.
"""

from uuid import UUID

from pydantic_core import from_json

from app.kpis.documents.kpi_reader import kpis_on
from app.kpis.documents.render import Document
from app.kpis.products import product_reader
from app.kpis.reading.computation import compute
from app.kpis.reading.session_reader import SessionQuery, snapshot
from app.problems import ProblemError, not_found
from app.release.changes import changes
from app.release.freeze import EVERY_PRODUCT, promotion_document
from app.storage.database import Connection, Database
from app.storage.kpis import product_reads
from app.storage.reports import revisions
from app.storage.reports.revisions import FrozenDocument, RevisionRow

_LARGE = 1 << 20


async def latest_number(connection: Connection, session: UUID, brand: UUID | None) -> int | None:
    """Return the number of the latest revision; None before the first release.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    found = await revisions.released(connection, session, brand)
    if found is None:
        raise not_found("session")
    return found.revision


async def page(database: Database, session: UUID, brand: UUID | None, before: int | None, limit: int) -> list[RevisionRow]:
    """Return revisions with a number below `before`, the newest first.

    Raises:
        ProblemError: 404, also for another brand's session.
    """
    async with database.acquire() as connection:
        await latest_number(connection, session, brand)
        return await revisions.page(connection, session, before, limit)


async def frozen(database: Database, session: UUID, brand: UUID | None, number: int | None) -> FrozenDocument:
    """Return a revision's canonical JSON and its hash; the latest one's for None.

    Raises:
        ProblemError: 404 for the session or the revision.
    """
    async with database.acquire() as connection:
        return await _frozen_on(connection, session, brand, number)


async def _frozen_on(connection: Connection, session: UUID, brand: UUID | None, number: int | None) -> FrozenDocument:
    latest = await latest_number(connection, session, brand)
    wanted = latest if number is None else number
    if wanted is None:
        raise ProblemError(404, "the session has not been released yet", code="not_released")
    found = await revisions.document(connection, session, wanted)
    if found is None:
        raise not_found("revision")
    return found


async def parsed(found: FrozenDocument) -> Document:
    """Return a frozen document as plain values."""
    document: Document = await compute(_LARGE, from_json, found.text)
    return document


async def read_changes(database: Database, asked: SessionQuery, number: int) -> list[Document]:
    """Return every figure of a revision that is another one now, all read at one moment.

    Raises:
        ProblemError: 404 for the session or the revision.
    """
    async with snapshot(database, asked.brand) as connection:
        found = await _frozen_on(connection, asked.session, asked.brand, number)
        kpis = await kpis_on(connection, asked)
        products, _ = await product_reader.products_on(connection, asked, EVERY_PRODUCT)
        promotions = [promotion_document(row) for row in await product_reads.promotions(connection, asked.session)]
    return await compute(_LARGE, lambda: changes(from_json(found.text), kpis, products, promotions))
